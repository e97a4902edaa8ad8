r"""Text as control files, scripts, comments and manual pages can hold it, and the one compressor of documents.

Source: deb822(5); RFC 1952 (gzip); Debian policy, sections 12.1 and 12.7 (compressed with the highest level).
"""

from __future__ import annotations

import re
import textwrap
import zlib
from collections.abc import Iterator

from svcctl.generate.text import UNPRINTABLE, one_line

_WIDTH = 78


def clean_lines(text: str) -> list[str]:
    """Return the lines of a text without control characters and blanks at their ends; tabs become blanks."""
    lines = re.split(r"\r\n|[\n\r\f\v\x85\u2028\u2029]", text.expandtabs(8))
    return [UNPRINTABLE.sub(" ", line).rstrip() for line in lines]


def paragraphs(text: str) -> tuple[str, ...]:
    r"""Return the paragraphs of a text, each in one line.

    Example:
        >>> paragraphs("One\ntwo.\n\n\nThree.")
        ('One two.', 'Three.')
    """
    blocks = "\n".join(clean_lines(text)).split("\n\n")
    return tuple(line for line in map(one_line, blocks) if line)


def fold(paragraph: str, width: int = _WIDTH) -> Iterator[str]:
    """Yield the lines of a paragraph, none longer than ``width`` unless a word is."""
    yield from textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False)


def continuation(lines: list[str]) -> str:
    r"""Return the lines of a field after its first: each begins with a blank, an empty one is a full stop.

    Example:
        >>> continuation(["a", "", ".b"])
        ' a\n .\n  .b'
    """
    # A line that begins with a full stop has a meaning of its own, or is kept for one.
    shown = ("." if not line else f" {line}" if line.startswith(".") else line for line in lines)
    return "\n".join(f" {line}" for line in shown)


def compress(content: bytes) -> bytes:
    """Return the content as ``gzip -9n`` writes it: the same bytes for the same content."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x02\x03"  # no name, no time, best compression, Unix
    trailer = zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
    return header + deflate.compress(content) + deflate.flush() + trailer
