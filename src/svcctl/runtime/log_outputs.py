"""The places other than stderr that log records may go to, each made only when it is asked for."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, NamedTuple

from svcctl.application.observing.handlers import ObserverHandler, as_handler
from svcctl.errors import ApplicationLoadError, UsageError
from svcctl.runtime.logs import BodyFormatter, PriorityFormatter, StderrHandler, TextFormatter

if TYPE_CHECKING:
    from svcctl.runtime.log_files import LogFileOptions

_KINDS = "a callable that takes an event, an object with a method emit, or a logging.Handler"


class Outputs(NamedTuple):
    """What :func:`svcctl.runtime.logs.configure` was asked for; its docstring describes the fields."""

    log_file: LogFileOptions | None
    syslog: str | None
    logger: str | None
    observer: object | None
    folders: tuple[str, ...]


def make_handler(outputs: Outputs, form: str) -> logging.Handler:
    """Return the handler for the first place that was asked for.

    Raises:
        SvcctlError: As :func:`svcctl.runtime.logs.configure`.
    """
    if outputs.logger is not None:
        return _logger_handler(outputs.logger, outputs.folders, form)
    if outputs.observer is not None:
        return component_handler(outputs.observer, form)
    if outputs.log_file is not None and outputs.syslog is None:
        from svcctl.runtime import log_files  # noqa: PLC0415 (only on request)

        return log_files.make_handler(outputs.log_file, _formatter(form))
    from svcctl.runtime import syslog  # noqa: PLC0415 (only on request)

    return syslog.SyslogHandler(outputs.syslog or "svcctl")


def component_handler(observer: object, form: str) -> logging.Handler:
    """Return the handler for the log observer of an application.

    Raises:
        ApplicationLoadError: It is none.
    """
    handler = as_handler(observer)
    if handler is None:
        raise ApplicationLoadError(
            f"the application's ILogObserver is no log observer: {observer!r}", hint=f"make it {_KINDS}"
        )
    return _prepared(handler, form)


def _logger_handler(name: str, folders: tuple[str, ...], form: str) -> logging.Handler:
    from svcctl.application.observing.factory import call_factory  # noqa: PLC0415 (only on request)

    observer = call_factory(name, folders)
    handler = as_handler(observer)
    if handler is None:
        raise UsageError(f"the logger {name} returns no log observer: {observer!r}", hint=f"return {_KINDS}")
    return _prepared(handler, form)


def _formatter(form: str) -> logging.Formatter:
    if form == "json":
        from svcctl.runtime.json_logs import JsonFormatter  # noqa: PLC0415 (only on request)

        return JsonFormatter()
    return TextFormatter()


def _prepared(handler: logging.Handler, form: str) -> logging.Handler:
    """Give a handler its form, and an end to what it raises."""
    if isinstance(handler, ObserverHandler):
        # Observers add time and sender themselves; what they refuse must not go back into what they may be printing to.
        handler.setFormatter(BodyFormatter())
        handler.handleError = _Fallback(form)  # type: ignore[method-assign]  # as the module's own journal does
    elif handler.formatter is None:
        handler.setFormatter(_formatter(form))
    return handler


class _Fallback:
    """Writes what an observer could not take to stderr, and why, once for each reason in a row."""

    def __init__(self, form: str) -> None:
        self._stderr = StderrHandler(PriorityFormatter() if form == "journal" else _formatter(form))
        self._said = ""

    def __call__(self, record: logging.LogRecord) -> None:
        reason = repr(sys.exception())
        if reason != self._said:
            self._said = reason
            made = {"name": __name__, "levelno": logging.ERROR, "levelname": "ERROR"}
            text = {"msg": "the log observer fails, its records go to stderr", "svcctl_reason": reason}
            self._stderr.handle(logging.makeLogRecord(made | text))
        self._stderr.handle(record)
