"""Texts of PowerShell. Source: Microsoft, about_Quoting_Rules; the language's grammar for its quotation marks."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: All of these begin, and end, a literal text.
_MARKS = re.compile("['\u2018\u2019\u201a\u201b]")


def literal(text: str) -> str:
    """Return a text that PowerShell takes as it is, with nothing in it replaced.

    Example:
        >>> print(literal("it's $HOME"))
        'it''s $HOME'
    """
    return f"'{_MARKS.sub(lambda match: match[0] * 2, text)}'"


def array(texts: Iterable[str]) -> str:
    """Return a list of texts.

    Example:
        >>> print(array(["a", "b"]), array([]))
        @('a', 'b') @()
    """
    return f"@({', '.join(map(literal, texts))})"


def file_content(text: str) -> bytes:
    """Return a script as the oldest PowerShell reads it: UTF-8 that says so, with the line ends of Windows."""
    return text.replace("\n", "\r\n").encode("utf-8-sig")
