"""Text of an application's as files of one line an entry can hold it."""

from __future__ import annotations

import re

#: What no such file can hold: control characters, line ends of every kind, halves of characters.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]+")


def one_line(text: str) -> str:
    r"""Return the text with control characters and line ends of every kind turned into blanks.

    Example:
        >>> one_line("a\r\nb")
        'a b'
    """
    return " ".join(UNPRINTABLE.sub(" ", text).split())
