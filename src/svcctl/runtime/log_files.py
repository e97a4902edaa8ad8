"""Log records in a file that is rotated: by size, by day, or by somebody else."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path
from typing import NamedTuple

from svcctl.application.logfile import MAX_ROTATED_FILES, BaseLogFile, DailyLogFile, LogFile
from svcctl.errors import ConfigurationError, PermissionDeniedError, UsageError
from svcctl.runtime.logs import StderrHandler, TextFormatter, text_of

#: What the system says when a file is not for us: no right, a link, a pipe that nobody reads.
_REFUSED = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENXIO)

#: Permissions of log files that are made here: what is logged is for its owner alone.
_MODE = 0o600

_HINT = "name a file of your own in a folder that nobody else can write to"


class LogFileOptions(NamedTuple):
    """A file to log to, and how it is rotated.

    Attributes:
        path: Its path; ``-`` for stdout, which is never rotated.
        rotate_bytes: Rotate it before it grows beyond so many bytes; ``None``: only when asked to.
        daily: Rotate it at the first record of a day, local time.
        keep: How many rotated files are kept; the oldest go.
        compress: Compress them with gzip.
        owner: Number of the user that this process is going to be; the file may belong to them.
    """

    path: str
    rotate_bytes: int | None = None
    daily: bool = False
    keep: int = MAX_ROTATED_FILES
    compress: bool = False
    owner: int | None = None


def make_handler(options: LogFileOptions, formatter: logging.Formatter) -> logging.Handler:
    """Return a handler that writes to the file.

    Raises:
        UsageError: The file cannot be rotated like that.
        PermissionDeniedError: It belongs to somebody else, is a link, or must not be written.
        ConfigurationError: It cannot be opened for another reason.
    """
    if options.path == "-":
        return StderrHandler(formatter, descriptor=1)
    try:
        return LogFileHandler(_open(options), formatter)
    except PermissionDeniedError:
        raise
    except OSError as error:
        kind = PermissionDeniedError if error.errno in _REFUSED else ConfigurationError
        said = f"cannot write to the log file {options.path}: {error.strerror}"
        raise kind(said, hint=_HINT) from error


def _open(options: LogFileOptions) -> BaseLogFile:
    path = Path(options.path).absolute()
    mode = None if path.exists() else _MODE
    place = (path.name, str(path.parent))
    if options.daily and options.rotate_bytes:
        raise UsageError("a log file is rotated by size or by day, not by both", hint="choose one of them")
    if options.daily:
        return DailyLogFile(
            *place, mode, maxRotatedFiles=options.keep, compress=options.compress, owner=options.owner
        )
    return LogFile(
        *place, options.rotate_bytes, mode, options.keep, compress=options.compress, owner=options.owner
    )


class LogFileHandler(logging.Handler):
    """Writes each record into a log file at once.

    What a full disk has no room for goes to stderr; once there is room again, the file says how many records are
    missing. A rotation that cannot be done is said there, too, once.

    Args:
        file: The file; it is closed with the handler.
        formatter: The form of the records.
    """

    def __init__(self, file: BaseLogFile, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.file = file
        self._missing = 0
        self._reason = ""
        self._said = ""
        self._stderr = StderrHandler(TextFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            if self._missing:
                self._note("records are missing here", count=self._missing, reason=self._reason)
                self._missing = 0
            self._write(record)
            self._report_rotation()
        except OSError as error:
            self._miss(error)
            self._stderr.handle(record)

    def renew(self) -> None:
        """Rotate the file, or open it again if somebody else has moved it."""
        self.file.renew()
        try:
            self._report_rotation()
        except OSError as error:
            self._miss(error)

    def give(self, uid: int, gid: int) -> None:
        """Give the file to a user and a group."""
        os.fchown(self.file.fileno(), uid, gid)
        self.file.owner = uid

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        super().close()

    def _write(self, record: logging.LogRecord) -> None:
        self.file.write(f"{text_of(self, record)}\n")

    def _miss(self, error: OSError) -> None:
        self._missing += 1
        self._reason = error.strerror or str(error)

    def _report_rotation(self) -> None:
        error = self.file.rotation_error
        said = "" if error is None else error.strerror or str(error)
        if said not in {"", self._said}:
            self._note("the log file cannot be rotated and goes on growing", reason=said)
        self._said = said

    def _note(self, text: str, **facts: object) -> None:
        fields = {f"svcctl_{name}": value for name, value in facts.items()}
        made = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING", "msg": text, **fields}
        self._write(logging.makeLogRecord(made))
