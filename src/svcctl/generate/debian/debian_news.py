"""Reads a changelog in Debian's own form.

Source: deb-changelog(5). It is written by :mod:`svcctl.generate.debian.changelog`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple, get_args

from svcctl.generate.debian.checks import LATEST, is_person
from svcctl.generate.debian.model import ChangelogEntry, Urgency
from svcctl.generate.debian.naming import is_version
from svcctl.generate.debian.text import clean_lines
from svcctl.generate.text import one_line

_HEAD = re.compile(r"[a-z0-9][a-z0-9+.\-]+ \(([^()\s]{1,100})\)(?: [A-Za-z0-9.+\-]+)+;(.*)", re.IGNORECASE)
_END = re.compile(r" -- (.*?)  (.*)")
_URGENCY = re.compile(r"urgency=(\w+)", re.IGNORECASE)
_URGENCIES: Mapping[str, Urgency] = {each: each for each in get_args(Urgency)}
_NAME = re.compile(r"\s*\[ .* \]")  # of whoever has made the changes below
_ITEM = re.compile(r"\s*[*+-] (.*)")


class DebianNews(NamedTuple):
    """What a changelog holds.

    Attributes:
        entries: In its order.
        left_out: The versions of those that do not parse, and why.
    """

    entries: tuple[ChangelogEntry, ...]
    left_out: tuple[tuple[str, str], ...]


def is_debian(text: str) -> bool:
    """Return whether a text begins as Debian's changelogs do."""
    first = next((line for line in clean_lines(text) if line), "")
    return bool(_HEAD.fullmatch(first))


def read_debian(text: str) -> DebianNews:
    """Return the entries of a changelog in Debian's form.

    Args:
        text: One of which :func:`is_debian` holds.
    """
    entries: list[ChangelogEntry] = []
    left_out: list[tuple[str, str]] = []
    head = None
    body: list[str] = []
    for line in clean_lines(text):
        begun, end = _HEAD.fullmatch(line), _END.fullmatch(line)
        if begun:
            head, body = begun, []
        elif end and head:
            when, why = _seconds(end[2]), ""
            if not is_version(head[1]):
                why = "its version is none"
            elif not is_person(end[1]):
                why = f"its author {end[1]!r} is no Name <mail@host.domain>"
            elif when is None:
                why = f"its date {end[2]!r} is none"
            else:
                entries.append(_entry(head, body, end[1], when))
            left_out += [(head[1], why)] if why else []
            head = None
        else:
            body.append(line)
    return DebianNews(tuple(entries), tuple(left_out))


def _entry(head: re.Match[str], body: Iterable[str], author: str, when: int) -> ChangelogEntry:
    stated = _URGENCY.search(head[2])
    urgency = _URGENCIES.get(stated[1].lower(), "medium") if stated else "medium"
    changes = tuple(_changes(body)) or (f"Release {head[1]}.",)
    return ChangelogEntry(version=head[1], changes=changes, author=author, date=when, urgency=urgency)


def _changes(body: Iterable[str]) -> list[str]:
    changes: list[str] = []
    for line in body:
        if _NAME.fullmatch(line):
            continue
        item = _ITEM.fullmatch(line)
        if item or (line and not changes):
            changes.append(one_line(item[1] if item else line))
        elif line:
            changes[-1] = f"{changes[-1]} {one_line(line)}"
    return changes


def _seconds(text: str) -> int | None:
    """Return a date of RFC 5322 in seconds since 1970; ``None`` if it is none that a package can have."""
    try:
        when = parsedate_to_datetime(text)
        seconds = int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if 0 <= seconds <= LATEST else None
