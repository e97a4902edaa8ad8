"""The order of Debian's version numbers, as dpkg has it (deb-version(7), Debian Policy 5.6.12)."""

from __future__ import annotations

import re
from itertools import zip_longest

_PIECES = re.compile(r"(\D*)(\d*)")


def compare(one: str, other: str) -> int:
    """Return a negative number, 0 or a positive one: ``one`` is older than, as old as, or newer than ``other``.

    Example:
        >>> compare("1.0~rc1", "1.0") < 0
        True
    """
    (epoch, upstream, revision), (epoch_2, upstream_2, revision_2) = _split(one), _split(other)
    return epoch - epoch_2 or _compare_parts(upstream, upstream_2) or _compare_parts(revision, revision_2)


def _split(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdecimal():
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch), upstream, revision


def _compare_parts(one: str, other: str) -> int:
    empty = ("", "")
    pieces = zip_longest(_PIECES.findall(one), _PIECES.findall(other), fillvalue=empty)
    for (text, number), (text_2, number_2) in pieces:
        difference = _compare_texts(text, text_2) or int(number or 0) - int(number_2 or 0)
        if difference:
            return difference
    return 0


def _compare_texts(one: str, other: str) -> int:
    return next(
        (
            difference
            for character, character_2 in zip_longest(one, other, fillvalue="")
            if (difference := _rank(character) - _rank(character_2))
        ),
        0,
    )


def _rank(character: str) -> int:
    """A tilde comes even before the end, the end before letters, letters before everything else."""
    if character == "~":
        return -1
    if not character:
        return 0
    return ord(character) if character.isalpha() else ord(character) + 0x200000
