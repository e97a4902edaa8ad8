"""Where the log records of the process go, and in which form; only the runner and the command line configure it.

- ``journal``: the journal, with the facts of a record as fields of their own where systemd-python is installed,
  else lines on stderr with the priority prefix that the journal understands;
- ``text``: lines for people on stderr;
- ``json``: one object a line on stderr;
- ``auto``: ``journal`` if stderr is connected to the journal, else ``text``.

Source: sd-daemon(3) for the prefixes, systemd.exec(5) for ``$JOURNAL_STREAM``.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Mapping

from svcctl.errors import UsageError

LEVELS = ("debug", "info", "warning", "error", "critical")
FORMATS = ("auto", "text", "json", "journal")

#: Extras of a record that are shown: the facts that svcctl adds, and applications too if they like.
PREFIX = "svcctl_"

#: What a terminal would take for a command is shown as a question mark; lines stay lines.
_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "?")

#: From which level on a record has which priority of syslog(3).
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))


def configure(level: str, form: str, *, identifier: str = "svcctl") -> None:
    """Send the records of all loggers from a level on to stderr or the journal; Python's warnings, too.

    A stderr that is closed or broken loses records and does no other harm.

    Args:
        level: One of :data:`LEVELS`.
        form: One of :data:`FORMATS`.
        identifier: What the journal calls the sender; it knows one already where it reads stderr.

    Raises:
        UsageError: There is no such level or form.
    """
    check(level, form)
    if form == "auto":
        form = "journal" if to_journal(os.environ) else "text"
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(_handler(form, identifier))
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    if not sys.warnoptions:
        # Python shows these for __main__ alone; the file of an application is what that is elsewhere.
        warnings.filterwarnings("default", category=DeprecationWarning, module="__tac__")


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
    """Writes each record to stderr at once, and drops what cannot be written.

    It bypasses ``sys.stderr``, whose buffer would keep what a broken pipe refused and fail again at exit.
    """

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        # A process started without a stderr may have given its number to another file by now.
        self._open = sys.stderr is not None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        if not self._open:
            return
        try:
            text = self.format(record)
        except Exception as error:  # noqa: BLE001 (the arguments of a log call are the application's)
            text = f"a log call cannot be formatted ({error}): {record.pathname}:{record.lineno}"
        data = f"{text}\n".encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[os.write(2, data) :]
        except OSError:
            return  # nobody reads it: there is no better place to say so


class TextFormatter(logging.Formatter):
    """Time, level, logger, message and facts, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        return f"{at} {record.levelname.lower():7} {record.name}: {body(self, record)}"


class PriorityFormatter(logging.Formatter):
    """Message and facts, each line with the prefix from which the journal takes the priority."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        priority = next(number for level, number in _PRIORITIES if record.levelno >= level)
        return "\n".join(f"<{priority}>{line}" for line in body(self, record).splitlines() or [""])


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
