"""Where the log records of the process go, and in which form; only the runner and the command line configure it.

- ``journal``: the journal, with the facts of a record as fields of their own where systemd-python is installed,
  else lines on stderr with the priority prefix that the journal understands;
- ``text``: lines for people on stderr;
- ``json``: one object a line on stderr;
- ``auto``: ``journal`` if stderr is connected to the journal, else ``text``.

Instead of stderr it may be a file, the system's log, or whatever the application or ``--logger`` brings along; the
code for that is in :mod:`svcctl.runtime.log_outputs`, loaded only when it is asked for.

Source: sd-daemon(3) for the prefixes, systemd.exec(5) for ``$JOURNAL_STREAM``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from svcctl.errors import UsageError

if TYPE_CHECKING:
    from svcctl.runtime.log_files import LogFileOptions

LEVELS = ("debug", "info", "warning", "error", "critical")
FORMATS = ("auto", "text", "json", "journal")

#: Extras of a record that are shown: the facts that svcctl adds, and applications too if they like.
PREFIX = "svcctl_"

#: What a terminal would take for a command is shown as a question mark; lines stay lines.
_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "?")

#: From which level on a record has which priority of syslog(3).
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))


def identifier(target: str) -> str:
    """Return what the journal calls an application: the stem of its file, its module, or its plug-in."""
    base = target.replace(os.sep, "/").rpartition("/")[2].removeprefix("twisted:").partition(":")[0]
    return base.removesuffix(".tac") or "svcctl"


class Reopen:
    """Where the records of this process go now: what a signal rotates, and what the end of the process closes.

    There is one, and :func:`configure` returns it.
    """

    def __init__(self) -> None:
        self.form = "text"
        self.fixed = False
        self._handler: logging.Handler | None = None

    def begin(self, handler: logging.Handler, form: str) -> None:
        """Send all records to a handler and to no other: whatever was configured before is over."""
        root = logging.getLogger()
        for other in root.handlers[:]:
            root.removeHandler(other)
            other.close()
        self.form = form
        self.use(handler)

    def use(self, handler: logging.Handler) -> None:
        """Send all records to a handler instead of the present one; those that others have added stay."""
        root = logging.getLogger()
        if self._handler not in {None, handler}:
            root.removeHandler(self._handler)
            self._handler.close()
        root.addHandler(handler)
        self._handler = handler

    def reopen(self) -> None:
        """Rotate the log file; open it again if somebody else has moved it. Does nothing where there is none.

        To be called from the event loop, or from any thread, not from a signal handler.
        """
        # The first is ours; handlers of the standard library have the others.
        for name in ("renew", "reopenIfNeeded", "doRollover"):
            method = getattr(self._handler, name, None)
            if self._handler is not None and method is not None:
                with self._handler.lock or contextlib.nullcontext():
                    method()
                return

    def give(self, uid: int, gid: int) -> None:
        """Give the log file to the user that this process is going to be, who could not rotate it otherwise.

        Args:
            uid: Number of the user; -1 leaves it alone.
            gid: Number of the group; -1 leaves it alone.
        """
        give = getattr(self._handler, "give", None)
        if give is not None:
            give(uid, gid)

    def close(self) -> None:
        """Write out and close what the records go to; what is logged after that goes to stderr."""
        if not isinstance(self._handler, StderrHandler):
            self.use(StderrHandler(TextFormatter()))


_output = Reopen()


def configure(
    level: str,
    form: str,
    *,
    identifier: str = "svcctl",
    log_file: LogFileOptions | None = None,
    syslog: str | None = None,
    logger: str | None = None,
    observer: object | None = None,
    folders: tuple[str, ...] = (),
) -> Reopen:
    """Send the records of all loggers from a level on to where they belong; Python's warnings, too.

    Of several places the first of this list gets them: ``logger``, ``observer``, ``syslog``, ``log_file``, and stderr
    or the journal if there is no other. A stderr that is closed or broken loses records and does no other harm.

    Args:
        level: One of :data:`LEVELS`.
        form: One of :data:`FORMATS`; in a file, ``auto`` and ``journal`` are ``text``.
        identifier: What the journal calls the sender; it knows one already where it reads stderr.
        log_file: A file, and how it is rotated.
        syslog: What the system's log calls the sender, if it is to get the records.
        logger: Dotted name of a callable without arguments that returns a log observer.
        observer: A log observer: see :func:`svcctl.application.observing.handlers.as_handler`.
        folders: Where the module of ``logger`` is looked for first; the working directory comes next.

    Raises:
        UsageError: There is no such level, form or logger.
        PermissionDeniedError: The log file is not for us.
        ConfigurationError: The log file cannot be opened, or there is no system's log.
    """
    check(level, form)
    if form == "auto":
        form = "journal" if to_journal(os.environ) else "text"
    if log_file is None and syslog is None and logger is None and observer is None:
        handler = _handler(form, identifier)
    else:
        from svcctl.runtime.log_outputs import Outputs, make_handler  # noqa: PLC0415 (only on request)

        outputs = Outputs(log_file, syslog, logger, observer, folders)
        handler = make_handler(outputs, form)
    _output.fixed = logger is not None
    _output.begin(handler, form)
    logging.getLogger().setLevel(level.upper())
    logging.captureWarnings(capture=True)
    if not sys.warnoptions:
        # Python shows these for __main__ alone; the file of an application is what that is elsewhere.
        warnings.filterwarnings("default", category=DeprecationWarning, module="__tac__")
    return _output


def observe(observer: object) -> None:
    """Send all records to the log observer of an application from now on, unless ``logger`` was given.

    Args:
        observer: What the application has as its ``ILogObserver``.

    Raises:
        ApplicationLoadError: It is no log observer.
    """
    if not _output.fixed:
        from svcctl.runtime.log_outputs import component_handler  # noqa: PLC0415 (only if an application has one)

        _output.use(component_handler(observer, _output.form))


def check(level: str, form: str) -> None:
    """Refuse a level or a form that does not exist.

    Raises:
        UsageError: With what was probably meant as its hint.
    """
    for what, value, known in (("log level", level, LEVELS), ("log format", form, FORMATS)):
        if value in known:
            continue
        from difflib import get_close_matches  # noqa: PLC0415 (only for a mistake)

        close = get_close_matches(value.lower(), known, 1)
        hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(known)}"
        raise UsageError(f"there is no {what} {value!r}", hint=hint)


def to_journal(environ: Mapping[str, str]) -> bool:
    """Tell whether stderr is connected to the journal: the variable alone is inherited by everybody."""
    stream = environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    try:
        stderr = os.fstat(2)
    except OSError:
        return False
    return stream == f"{stderr.st_dev}:{stderr.st_ino}"


def _handler(form: str, identifier: str) -> logging.Handler:
    if form == "journal":
        try:
            from svcctl.runtime.journal import make_handler  # noqa: PLC0415 (only where there is a journal)

            return make_handler(identifier)
        except ImportError:
            return StderrHandler(PriorityFormatter())
    if form == "json":
        from svcctl.runtime.json_logs import JsonFormatter  # noqa: PLC0415 (only on request)

        return StderrHandler(JsonFormatter())
    return StderrHandler(TextFormatter())


class StderrHandler(logging.Handler):
    """Writes each record to stderr, or to stdout, at once, and drops what cannot be written.

    It bypasses ``sys.stderr``, whose buffer would keep what a broken pipe refused and fail again at exit.
    """

    def __init__(self, formatter: logging.Formatter, descriptor: int = 2) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._descriptor = descriptor
        # A process started without a stderr may have given its number to another file by now.
        self._open = (sys.stderr if descriptor == 2 else sys.stdout) is not None  # noqa: PLR2004 (stderr's)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        if not self._open:
            return
        text = text_of(self, record)
        data = f"{text}\n".encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return  # nobody reads it: there is no better place to say so


def text_of(handler: logging.Handler, record: logging.LogRecord) -> str:
    """Return the text of a record in the form of a handler; the place of the call if it cannot be formatted."""
    try:
        return handler.format(record)
    except Exception as error:  # noqa: BLE001 (the arguments of a log call are the application's)
        return f"a log call cannot be formatted ({error}): {record.pathname}:{record.lineno}"


class TextFormatter(logging.Formatter):
    """Time, level, logger, message and facts, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        return f"{at} {record.levelname.lower():7} {record.name}: {body(self, record)}"


class BodyFormatter(logging.Formatter):
    """Message, facts and traceback, for what adds time and level by itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return body(self, record)


class PriorityFormatter(logging.Formatter):
    """Message and facts, each line with the prefix from which the journal takes the priority."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return "\n".join(f"<{priority(record)}>{line}" for line in body(self, record).splitlines() or [""])


def priority(record: logging.LogRecord) -> int:
    """Return the priority of a record as syslog(3) counts: 7 for debug, 0 for the end of the world."""
    return next(number for level, number in _PRIORITIES if record.levelno >= level)


def body(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return the message of a record, its facts as ``key=value``, and the exception's traceback below."""
    lines = record.getMessage()
    first, _, rest = lines.partition("\n")
    shown = [f"{name.removeprefix(PREFIX)}={_value(value)}" for name, value in facts(record).items()]
    text = " ".join([first, *shown])
    if rest:
        text += f"\n{rest}"
    if record.exc_info:
        text += f"\n{formatter.formatException(record.exc_info)}"
    if record.stack_info:
        text += f"\n{record.stack_info}"
    return text.translate(_CONTROLS)


def facts(record: logging.LogRecord) -> dict[str, object]:
    """Return the facts that were given as ``extra`` under ``svcctl_…``, in the order in which they were given."""
    return {name: value for name, value in record.__dict__.items() if name.startswith(PREFIX)}


def _value(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and not any(char in text for char in " =\"'")
    return text if plain and text else repr(text)
