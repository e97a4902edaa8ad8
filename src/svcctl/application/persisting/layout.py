"""Lays out what stands between brackets so that people can read it."""

from __future__ import annotations

from collections.abc import Sequence

_WIDTH = 100
_INDENT = "    "


def bracketed(opening: str, items: Sequence[str], closing: str) -> str:
    r"""Return items between brackets: on one line if they fit, else each on lines of its own.

    Example:
        >>> bracketed("[", ["1", "2"], "]")
        '[1, 2]'
    """
    line = f"{opening}{', '.join(items)}{closing}"
    if "\n" not in line and len(line) <= _WIDTH:
        return line
    if len(items) == 1 or closing == ",)":
        closing = closing[-1]
    # Lines within strings are written as escapes, so every line here is one of code.
    inner = "\n".join(f"{_INDENT}{part}" for item in items for part in f"{item},".split("\n"))
    return f"{opening}\n{inner}\n{closing}"
