"""What is printed, as events of the log."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TextIO

#: Which threads log a line that was printed, and must not log what logging itself prints meanwhile.
_busy = threading.local()


class LogStream(io.TextIOBase):
    """Stands for ``sys.stdout`` or ``sys.stderr`` and logs what is written to it, line by line.

    Args:
        log: Called with each line, without its end.
        replaced: The stream that it stands for; it gets what logging itself prints about its errors.
    """

    def __init__(self, log: Callable[[str], object], replaced: TextIO | None) -> None:
        super().__init__()
        self._log = log
        self._replaced = replaced
        self._partial = ""

    def writable(self) -> bool:
        """Return whether it can be written to."""
        return True

    def write(self, text: str, /) -> int:
        """Take text, and log the lines that are complete."""
        if getattr(_busy, "now", False):
            return self._replaced.write(text) if self._replaced is not None else len(text)
        *lines, self._partial = (self._partial + text).split("\n")
        _busy.now = True
        try:
            for line in lines:
                self._log(line)
        finally:
            _busy.now = False
        return len(text)
