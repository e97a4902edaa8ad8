"""Log records in the system's log, each with the severity of its level. Source: syslog(3), RFC 3164."""

from __future__ import annotations

import logging
import os
import socket
from logging.handlers import SysLogHandler

from svcctl.errors import ConfigurationError
from svcctl.runtime.logs import BodyFormatter, StderrHandler, TextFormatter, priority, text_of

ADDRESS = "/dev/log"


class SyslogHandler(SysLogHandler):
    """Sends each line of a record's text as a message of its own, what follows the first one indented by a tab.

    Args:
        prefix: What the log calls the sender; its process id follows.
        address: Path of the log's socket.

    Raises:
        ConfigurationError: Nobody listens there.
    """

    append_nul = False
    #: Of the priority, since levels may have any name.
    priority_map = {str(number): name for name, number in SysLogHandler.priority_names.items()}  # noqa: RUF012 (the base's attribute)

    def __init__(self, prefix: str, address: str = ADDRESS) -> None:
        _need(address)
        super().__init__(address, facility=SysLogHandler.LOG_DAEMON)
        self.setFormatter(BodyFormatter())
        self.ident = f"{prefix}[{os.getpid()}]: "
        self._stderr = StderrHandler(TextFormatter())
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; what cannot be sent goes to stderr."""
        first, *rest = text_of(self, record).rstrip().splitlines() or [""]
        level = str(priority(record))
        self._failed = False
        for line in (f"[{record.name}] {first}", *(f"\t{line}" for line in rest)):
            super().emit(logging.makeLogRecord({"levelname": level, "msg": line}))
            if self._failed:
                self._stderr.handle(record)
                break

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Remember that a line could not be sent."""
        self._failed = True


def _need(address: str) -> None:
    """Refuse an address where nobody listens: the handler would try again at each record, and say nothing."""
    error = OSError()
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_UNIX, kind) as probe:
            try:
                probe.connect(address)
            except OSError as caught:
                error = caught
            else:
                return
    raise ConfigurationError(
        f"the system's log cannot be reached at {address}: {error.strerror}",
        hint="start a syslog daemon or journald, or log elsewhere",
    ) from error
