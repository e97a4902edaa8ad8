"""What programs write, line by line in the log."""

from __future__ import annotations

import logging

_log = logging.getLogger(__name__)

#: Bytes; longer lines come in pieces.
LONGEST = 16384

#: Bytes of UTF-8 that go on with a character have this in their two highest bits.
_HIGHEST, _CONTINUES = 0xC0, 0x80


class Lines:
    """The lines of one stream of a program.

    A line is logged without its end, as text if it is UTF-8 and as Python writes bytes if it is not, with the
    program's name in ``svcctl_process`` and the stream's in ``svcctl_stream``.

    Args:
        name: The program's name.
        stream: ``stdout`` or ``stderr``.
    """

    def __init__(self, name: str, stream: str) -> None:
        self._facts = {"svcctl_process": name, "svcctl_stream": stream}
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Log the lines that are complete with this."""
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._log(line)
        while len(rest) > LONGEST:
            end = _character_end(rest, LONGEST)
            self._log(rest[:end])
            rest = rest[end:]
        self._rest = rest

    def end(self) -> None:
        """Log what came after the last end of a line, if anything did."""
        rest, self._rest = self._rest, b""
        if rest:
            self._log(rest)

    def _log(self, line: bytes) -> None:
        line = line.removesuffix(b"\r")
        while len(line) > LONGEST:
            end = _character_end(line, LONGEST)
            self._log(line[:end])
            line = line[end:]
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = repr(line)
        _log.info("%s", text, extra=self._facts)


def _character_end(data: bytes, end: int) -> int:
    """Return the last place up to a limit where no character of UTF-8 is cut in two."""
    for place in range(end, end - 4, -1):
        if data[place] & _HIGHEST != _CONTINUES:
            return place
    return end
