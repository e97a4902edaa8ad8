"""Log records as entries of the journal, through systemd-python. Importing it fails where that is not installed."""

from __future__ import annotations

import logging

from systemd.journal import JournalHandler

from svcctl.runtime.logs import PriorityFormatter, StderrHandler, facts


def make_handler(identifier: str) -> logging.Handler:
    """Return a handler whose entries carry the facts of a record as fields: ``svcctl_path`` as ``SVCCTL_PATH``."""
    handler: logging.Handler = JournalHandler(SYSLOG_IDENTIFIER=identifier)
    handler.addFilter(_add_fields)
    fallback = StderrHandler(PriorityFormatter())
    handler.handleError = fallback.handle  # type: ignore[assignment]  # a journal that is down takes no entry
    return handler


def _add_fields(record: logging.LogRecord) -> bool:
    for name, value in facts(record).items():
        setattr(record, name.upper(), str(value))
    return True
