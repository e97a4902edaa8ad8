"""Pieces of POSIX shell, quoted by what they are.

Source: POSIX.1-2024, "Shell Command Language"; Debian policy, sections 6 and 10.4; dpkg(1), ``DPKG_ROOT``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./\-]+", re.ASCII)


def word(text: str) -> str:
    r"""Return a text as one word that the shell leaves as it is.

    Example:
        >>> word("a b"), word("it's"), word("echo.socket")
        ("'a b'", "'it'\\''s'", 'echo.socket')
    """
    if _PLAIN.fullmatch(text):
        return text
    quoted = text.replace("'", "'\\''")
    return f"'{quoted}'"


def words(texts: Iterable[str]) -> str:
    """Return several words with a blank between two."""
    return " ".join(map(word, texts))


def target(path: str) -> str:
    """Return a path of the system that is installed to, which dpkg may have put below another root.

    Example:
        >>> target("/var/lib/echo")
        '"${DPKG_ROOT:-}"/var/lib/echo'
    """
    return f'"${{DPKG_ROOT:-}}"{word(path)}'


def block(*lines: str, depth: int = 1) -> list[str]:
    """Return the lines, indented."""
    return [f"{'	' * depth}{line}" for line in lines]


def comment(text: str) -> str:
    """Return a comment of one line."""
    return f"# {' '.join(text.split())}"
