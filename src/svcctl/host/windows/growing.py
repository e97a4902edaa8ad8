"""Reads a log that grows without keeping it open: on Windows, a file that somebody has open cannot be rotated."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

#: Seconds between two looks at a file that nothing is written to.
INTERVAL = 0.25

_BLOCK = 65536


def last_lines(path: str, count: int) -> list[str]:
    """Return the last lines of a file, without their ends; none if it is not there.

    Args:
        path: The file.
        count: How many at most.

    Raises:
        OSError: It cannot be read.
    """
    return list(lines(path, count=count))


def lines(
    path: str, *, count: int, follow: bool = False, wait: Callable[[], object] = lambda: time.sleep(INTERVAL)
) -> Iterator[str]:
    """Yield the last lines of a file, without their ends.

    Args:
        path: The file; it need not be there yet.
        count: How many at most.
        follow: Go on with those that it gets from then on, without an end; also with those of a file that takes its place.
        wait: Called between two looks.

    Raises:
        OSError: It cannot be read.
    """
    reader = _Reader(path)
    found = reader.last(count)
    if not follow and reader.partial:
        found.append(_text(reader.partial))
    yield from found[len(found) - min(count, len(found)) :]
    while follow:
        new = reader.new()
        yield from new
        if not new:
            wait()


class _Reader:
    """How far a file has been read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.place = 0
        self.which = 0
        self.partial = b""

    def last(self, count: int) -> list[str]:
        """Return at least so many of the last lines that have ended, if there are."""
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as file:  # noqa: PTH123 (paths are texts here)
            self.which, self.place = os.fstat(file.fileno()).st_ino, _start(file, count)
            return self._rest(file)
        return []

    def new(self) -> list[str]:
        """Return the lines that have ended since."""
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as file:  # noqa: PTH123 (as above)
            facts = os.fstat(file.fileno())
            if facts.st_ino != self.which or facts.st_size < self.place:
                self.place, self.which, self.partial = 0, facts.st_ino, b""
            return self._rest(file)
        return []  # it is being rotated

    def _rest(self, file: BinaryIO) -> list[str]:
        file.seek(self.place)
        data = file.read()
        self.place += len(data)
        *complete, self.partial = (self.partial + data).split(b"\n")
        return [_text(line).rstrip("\r") for line in complete]


def _start(file: BinaryIO, count: int) -> int:
    """Return a place in a file that at least so many lines follow, or its beginning."""
    size = file.seek(0, os.SEEK_END)
    start, ends = size, 0
    while start and ends <= count:
        start = max(0, start - _BLOCK)
        file.seek(start)
        ends += file.read(min(_BLOCK, size - start)).count(b"\n")
    return start


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
