"""The framework's log, as a front of the standard logging module.

``msg`` and ``err`` make records like any other, so that they arrive where everything arrives: on stderr, in the
journal, in a file. Observers, functions that take an event dict, are told of every record of the process. New code
uses :mod:`logging`.

Example:
    A ``.tac`` that logs to a file of its own, a new one each day:

    >>> import tempfile
    >>> from svcctl.application.logfile import DailyLogFile
    >>> from svcctl.application.service import Application
    >>> application = Application("myapp")
    >>> logfile = DailyLogFile("my.log", tempfile.mkdtemp())
    >>> application.setComponent(ILogObserver, FileLogObserver(logfile).emit)
    >>> logfile.close()
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from svcctl.application.observing.handlers import EVENT, EventDict, Observer, ObserverHandler
from svcctl.application.observing.places import file_at, place_of
from svcctl.application.observing.streams import LogStream

_log = logging.getLogger(__name__)

#: What a terminal would take for a command is shown as a question mark; lines stay lines.
_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "?")


@runtime_checkable
class ILogObserver(Protocol):
    """Something that is told of events; the key under which an application has its own.

    ``application.setComponent(ILogObserver, observer)``: the runner then gives it all records, and nothing to stderr.
    The observer may be a callable, an object with a method ``emit``, or a :class:`logging.Handler`.
    """

    def __call__(self, eventDict: EventDict, /) -> object:
        """Be told of an event."""


class Writable(Protocol):
    """A file for text."""

    def write(self, text: str, /) -> object:
        """Append a text."""

    def flush(self) -> object:
        """Write it out."""


class FileLogObserver:
    """Writes events into a file, a line each; what follows the first line of a text is indented by a tab.

    It can be saved with an application, as stdout and stderr are by their name, and files by their path: what is
    loaded appends to them, and opens them when there is something to be written.

    Args:
        f: A file for text, or a log file of :mod:`svcctl.application.logfile`.

    Attributes:
        timeFormat: How times are written, for :func:`time.strftime`; ``None``: ``2026-01-31 12:00:00+0000``.
    """

    timeFormat: str | None = None
    _place = ""

    def __init__(self, f: Writable) -> None:
        self.file = f
        self._place = place_of(f)

    def formatTime(self, when: float) -> str:
        """Return how a time, in seconds since 1970, is written: that of the place."""
        return time.strftime(self.timeFormat or "%Y-%m-%d %H:%M:%S%z", time.localtime(when))

    def emit(self, eventDict: EventDict) -> None:
        """Write an event, if there is anything to say.

        Raises:
            OSError: The file cannot be written.
        """
        text = textFromEventDict(eventDict)
        if text is None:
            return
        shown = text.translate(_CONTROLS).replace("\n", "\n\t")
        system = str(eventDict.get("system", "-")).translate(_CONTROLS).replace("\n", " ")
        self.file.write(f"{self.formatTime(eventDict['time'])} [{system}] {shown}\n")
        self.file.flush()

    def start(self) -> None:
        """Be told of all events from now on."""
        addObserver(self.emit)

    def stop(self) -> None:
        """Be told of no more."""
        removeObserver(self.emit)

    def open_again(self) -> None:
        """Open the file of an observer that comes out of a saved application now, if that is how it is.

        Raises:
            SvcctlError: It cannot be opened.
        """
        open_again = getattr(self.file, "open_again", None)
        if callable(open_again):
            open_again()

    def renew(self) -> None:
        """Have the file rotated, or opened again if somebody else has rotated it, if it can do that."""
        renew = getattr(self.file, "renew", None)
        if callable(renew):
            renew()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out a file that is open."""
        state = dict(self.__dict__)
        if self._place:
            del state["file"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._place:
            self.file = file_at(self._place)


def textFromEventDict(eventDict: Mapping[str, Any]) -> str | None:
    """Return the text of an event; ``None`` if it has none.

    Example:
        >>> textFromEventDict({"message": ("sold", 3), "isError": 0})
        'sold 3'
        >>> textFromEventDict({"message": (), "isError": 0, "format": "%(count)d left", "count": 7})
        '7 left'
    """
    if eventDict.get("message"):
        return " ".join(map(str, eventDict["message"]))
    if eventDict.get("isError") and "failure" in eventDict:
        why = eventDict.get("why") or "Unhandled Error"
        return f"{why}\n{_trace(eventDict['failure'])}"
    if "format" in eventDict:
        try:
            return str(eventDict["format"] % eventDict)
        except Exception as error:  # noqa: BLE001 (the values are the application's)
            return f"a log call cannot be formatted ({error}): {eventDict['format']!r}"
    return None


def msg(*message: object, **kw: Any) -> None:  # noqa: ANN401 (whatever an event may have)
    """Log a message.

    Args:
        *message: What it says, joined by blanks.
        **kw: More entries of the event: ``system`` is whose message it is; ``isError=1`` makes it an error;
            ``logLevel`` is a level of the logging module; ``format`` is a text with ``%(name)s`` in it, for an event
            without a message.
    """
    _publish(message, kw)


def err(_stuff: object = None, _why: str | None = None, **kw: Any) -> None:  # noqa: ANN401 (whatever an event may have)
    """Log an error.

    Args:
        _stuff: An exception; ``None`` for the one that is being handled; anything else is shown as Python does.
        _why: What was being done when it happened.
        **kw: More entries of the event.
    """
    error = sys.exception() if _stuff is None else _stuff
    if isinstance(error, BaseException):
        _publish((), {**kw, "failure": error, "why": _why, "isError": 1})
    else:
        _publish((repr(error),), {**kw, "why": _why, "isError": 1})


def addObserver(observer: Observer) -> None:
    """Have a function told of every record of the process from now on, as an event dict; once is enough."""
    if not _handlers_of(observer):
        logging.getLogger().addHandler(ObserverHandler(observer))


def removeObserver(observer: Observer) -> None:
    """Tell a function no more; one that was not told has nothing to lose."""
    for handler in _handlers_of(observer):
        logging.getLogger().removeHandler(handler)


def startLogging(file: Writable, setStdout: bool = True) -> FileLogObserver:  # noqa: FBT001, FBT002 (the framework's signature)
    """Write all records of the process into a file, and what it prints.

    Args:
        file: A file for text.
        setStdout: Log what is written to ``sys.stdout`` and ``sys.stderr``.
    """
    observer = FileLogObserver(file)
    startLoggingWithObserver(observer.emit, setStdout)
    return observer


def startLoggingWithObserver(observer: Observer, setStdout: bool = True) -> None:  # noqa: FBT001, FBT002 (the framework's signature)
    """Tell an observer of all records of the process, and of what it prints. See :func:`startLogging`."""
    root = logging.getLogger()
    if not root.handlers and root.level > logging.INFO:
        root.setLevel(logging.INFO)  # nobody has configured anything
    addObserver(observer)
    msg("Log opened.")
    if setStdout:
        sys.stdout = LogStream(lambda line: msg(line, printed=1), sys.stdout)
        sys.stderr = LogStream(lambda line: msg(line, printed=1, isError=1), sys.stderr)


def _publish(message: tuple[object, ...], entries: dict[str, Any]) -> None:
    event = {"message": message, "time": time.time(), "system": "-", "isError": 0, **entries}
    level = event.get("logLevel", logging.ERROR if event["isError"] else logging.INFO)
    if not _log.isEnabledFor(level):
        return
    failure = event.get("failure")
    if message or not isinstance(failure, BaseException):
        text, trace = textFromEventDict(event), None
    else:
        text, trace = str(event.get("why") or "Unhandled Error"), _exc_info(failure)
    if text is not None:
        caller = sys._getframe(2)  # noqa: SLF001 (as logging itself finds the place of a call)
        name = caller.f_globals.get("__name__", "-") if event["system"] == "-" else str(event["system"])
        place = (caller.f_code.co_filename, caller.f_lineno)
        _log.handle(
            _log.makeRecord(name, level, *place, text, (), trace, caller.f_code.co_name, {EVENT: event})
        )


def _exc_info(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    return type(error), error, error.__traceback__


def _trace(failure: object) -> str:
    if isinstance(failure, BaseException):
        return "".join(traceback.format_exception(failure)).rstrip("\n")
    return str(failure)


def _handlers_of(observer: Observer) -> list[logging.Handler]:
    return [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, ObserverHandler) and handler.observer == observer
    ]
