"""Reads the lines of a log file that may be compressed."""

from __future__ import annotations

import gzip
import io

from svcctl.application.observing.kept import COMPRESSED


class LogReader:
    """Reads a log file from its beginning, line by line.

    Args:
        name: Path of the file; one that ends in ``.gz`` is decompressed.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, name: str) -> None:
        opened = gzip.open(name) if name.endswith(COMPRESSED) else open(name, "rb")  # noqa: PTH123, SIM115 (close() closes it)
        self._file = io.TextIOWrapper(opened, "utf-8", "backslashreplace", newline="\n")

    def readLines(self, lines: int = 10) -> list[str]:
        """Return the next lines with their ends, at most that many; fewer at the end of the file."""
        found: list[str] = []
        while len(found) < lines and (line := self._file.readline()):
            found.append(line)
        return found

    def close(self) -> None:
        """Close the file."""
        self._file.close()
