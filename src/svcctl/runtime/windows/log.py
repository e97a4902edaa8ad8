r"""The log file of a service: what its application writes, and when the service host started and ended it.

It is rotated before it grows beyond its limit, between two lines if these are of sensible length. Nothing that was
written is lost: a file that somebody holds open goes on growing until it can be renamed, and what a full disk has no
room for is counted and, once there is room again, said to be missing. Nobody who writes ever waits for a disk.

Example:
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "echo.log")
    >>> log = Log(path, most_bytes=8, most_files=2)
    >>> for line in (b"opened\n", b"sold out\n", b"closed\n"):
    ...     log.write(line)
    >>> log.close()
    >>> from pathlib import Path
    >>> [Path(path + end).read_text() for end in ("", ".1", ".2")]
    ['closed\n', 'sold out\n', 'opened\n']
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time

from svcctl.wording import counted

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
_MODE = 0o600

#: A file without an end of line is rotated when it is so many times longer than it should be.
_TOLERANCE = 2


class Log:
    """A file that is appended to and rotated; may be used by several threads.

    Args:
        path: Its path; empty for nowhere.
        most_bytes: How long it may grow; 0 for no limit.
        most_files: How many rotated files are kept, at least 1: ``PATH.1`` is the newest.
    """

    def __init__(self, path: str, most_bytes: int = 0, most_files: int = 1) -> None:
        self.path = path
        self.most_bytes = most_bytes
        self.most_files = max(1, most_files)
        self._file: int | None = None
        self._size = 0
        self._at_line_end = True
        self._missing = 0
        self._lock = threading.Lock()

    def write(self, chunk: bytes) -> None:
        """Append, and rotate where that is due."""
        with self._lock:
            while chunk and self.path:
                part = self._part(chunk)
                if part:
                    self._append(chunk[:part])
                    chunk = chunk[part:]
                else:
                    self._rotate()

    def note(self, severity: str, text: str) -> None:
        """Append a line of the service host's own, in the form that applications use."""
        begin = b"" if self._at_line_end else b"\n"
        self.write(begin + line(severity, text))

    def rotate_if_full(self) -> None:
        """Rotate a file that has reached its limit; for one that others are going to write to."""
        with self._lock:
            if self._file is None:
                self._open()
            if self.most_bytes and self._size >= self.most_bytes:
                self._rotate()

    def fileno(self) -> int:
        """Return the descriptor of the file, which is opened.

        Raises:
            OSError: There is none, or it cannot be opened.
        """
        with self._lock:
            self._open()
            if self._file is None:
                raise OSError(f"the log {self.path!r} cannot be opened")
            return self._file

    def close(self) -> None:
        """Close the file; the next write opens it again."""
        with self._lock:
            self._close()

    def _part(self, chunk: bytes) -> int:
        """Return how much of a chunk goes into the file as it is; nothing if that has to be rotated first."""
        if self._file is None:
            self._open()
        room = self.most_bytes - self._size
        if not self.most_bytes or len(chunk) <= room:
            return len(chunk)
        fitting = chunk.rfind(b"\n", 0, max(0, room)) + 1
        if fitting or (self._size and self._at_line_end):
            return fitting
        if self._size >= self.most_bytes * _TOLERANCE:
            return 0
        return chunk.find(b"\n") + 1 or len(chunk)

    def _append(self, part: bytes) -> None:
        try:
            if self._file is None:
                raise OSError  # noqa: TRY301 (it counts as missing, as what a disk refuses does)
            if self._missing:
                missing = counted(self._missing, "byte is", "bytes are")
                said = line("warning", f"{missing} missing here: the log could not be written")
                _write_all(self._file, said if self._at_line_end else b"\n" + said)
                self._missing = 0
            _write_all(self._file, part)
            self._size += len(part)
        except OSError:
            self._missing += len(part)
            self._at_line_end = False  # a full disk may have taken a part
            self._close()  # it may be open again with the next one
        else:
            self._at_line_end = part.endswith(b"\n")

    def _rotate(self) -> None:
        """Rename the files, the oldest first; if that cannot be done, the file may grow by its limit once more."""
        self._close()
        names = [self.path, *(f"{self.path}.{number}" for number in range(1, self.most_files + 1))]
        try:
            for old, new in reversed(list(itertools.pairwise(names))):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(old, new)  # noqa: PTH105 (no pathlib here)
        except OSError:
            self._open()
            self._size = 0
        else:
            self._open()

    def _open(self) -> None:
        self._close()
        try:
            self._file = os.open(self.path, _FLAGS, _MODE)
            self._size = os.fstat(self._file).st_size
        except OSError:
            self._size = 0

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None


def line(severity: str, text: str) -> bytes:
    """Return a line as it stands in a log: local time, level, who says it, what."""
    at = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"{at} {severity:7} svcctl.host: {text}\n".encode(errors="backslashreplace")


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
