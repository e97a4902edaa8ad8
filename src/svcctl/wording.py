"""Words for what messages tell of."""

from __future__ import annotations


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun in the form that goes with it; ``once`` for one ``time``.

    Args:
        number: How many there are, from 0 up.
        one: What one is called; a verb may follow.
        several: What several are called, and none; by default ``one`` with an s.

    Example:
        >>> counted(1, "restart"), counted(2, "byte is", "bytes are"), counted(1, "time")
        ('1 restart', '2 bytes are', 'once')
    """
    if number == 1:
        return "once" if one == "time" else f"1 {one}"
    return f"{number} {several or f'{one}s'}"
