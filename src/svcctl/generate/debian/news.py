"""A project's list of changes, as Debian's changelog wants it.

Read are Markdown (also in the form of https://keepachangelog.com) and reStructuredText, whose releases are headings
with a version and a date, and Debian's own form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cmp_to_key
from typing import NamedTuple

from svcctl.generate.debian.debian_news import is_debian, read_debian
from svcctl.generate.debian.model import ChangelogEntry
from svcctl.generate.debian.naming import debian_version, is_version
from svcctl.generate.debian.text import clean_lines
from svcctl.generate.debian.version_order import compare
from svcctl.generate.text import one_line
from svcctl.plan.model import Diagnostic

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b", re.ASCII)
_DAY_FIRST = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)?\.?\s+([A-Za-z]{3})[a-z]*\.?,?\s+(\d{4})\b", re.ASCII)
_MONTH_FIRST = re.compile(r"\b([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b", re.ASCII)
_VERSION = re.compile(
    r"(?<![\w.])v?(\d+(?:\.\d+)+(?:[-+.]?[A-Za-z0-9]+)*|(?<=v)\d+|(?<=\[)\d+(?=\]))", re.ASCII
)
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_UNDERLINE = re.compile(r"([=\-~^\"'`*+#:._])\1{2,}")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+(.*)")
_FENCE = re.compile(r"\s*(```|~~~)")
_REFERENCE = re.compile(r"\s*(\[[^\]]+\]:\s*\S+.*|\.\. .*|<!--.*-->)")
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()]{0,500}\)")  # with limits: a text is whatever it is
_LATEST = date(2200, 1, 1)
_LONGEST = 200  # characters of a heading that are looked at


class News(NamedTuple):
    """The releases of a package.

    Attributes:
        entries: Newest first; the first is the package's own version.
        diagnostics: What was left out.
    """

    entries: tuple[ChangelogEntry, ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _Release:
    title: str
    changes: list[str] = field(default_factory=list)


def read_news(text: str, *, version: str, author: str, now: int | None, otherwise: int) -> News:
    """Return the releases that a list of changes tells of.

    Left out, with a diagnostic, are those without a date, and those that are newer than the package. Its own version
    is put first if the list has it not.

    Args:
        text: The list.
        version: The package's version; its epoch goes before the other versions as well.
        author: Who has made the releases, as ``Name <mail>``; in Debian's form, each has its own.
        now: The date of the package's own release if the list has it not, in seconds since 1970; ``None`` for right
            after the newest one in the list.
        otherwise: The same if ``now`` is ``None`` and the list is empty.
    """
    if is_debian(text):
        entries, left_out = read_debian(text)
        read = News(entries, tuple(_told(*each) for each in left_out))
    else:
        read = _read(text, version, author)
    return _completed(read, version=version, author=author, now=now, otherwise=otherwise)


def _completed(read: News, *, version: str, author: str, now: int | None, otherwise: int) -> News:
    found: dict[str, ChangelogEntry] = {}
    diagnostics = list(read.diagnostics)
    for entry in read.entries:
        difference = compare(entry.version, version)
        named = entry.version if difference else version
        if difference > 0:
            diagnostics.append(_told(entry.version, f"it is newer than the package ({version})"))
        elif named in found:
            diagnostics.append(_told(named, "it is there twice"))
        else:
            found[named] = replace(entry, version=named)
    if version not in found:
        newest = max((entry.date + 1 for entry in found.values()), default=otherwise)
        found[version] = ChangelogEntry(
            version=version,
            changes=(f"Release {version}.",),
            author=author,
            date=newest if now is None else now,
        )
    return News(tuple(sorted(found.values(), key=cmp_to_key(_newest_first))), tuple(diagnostics))


def _newest_first(one: ChangelogEntry, other: ChangelogEntry) -> int:
    return compare(other.version, one.version)


def _read(text: str, version: str, author: str) -> News:
    epoch, colon, own = version.rpartition(":")
    entries, diagnostics = [], []
    for release in _releases(text):
        stated, when = _version(release.title), _date(release.title)
        if stated and is_version(stated) and when is not None:
            # The package's own may have a revision that its project knows nothing of.
            named = version if stated in {own, own.rpartition("-")[0]} else f"{epoch}{colon}{stated}"
            changes = tuple(release.changes) or (f"Release {stated}.",)
            entries.append(ChangelogEntry(version=named, changes=changes, author=author, date=when))
        elif stated:
            diagnostics.append(_told(stated, "it has no date that is understood, such as 2026-01-31"))
    return News(tuple(entries), tuple(diagnostics))


def _releases(text: str) -> list[_Release]:
    """Return the parts below headings of the level that releases have, and of those above it."""
    parts = list(_parts(text))
    levels = [level for level, title, _ in parts if _version(title) and _date(title) is not None]
    if not levels:
        levels = [level for level, title, _ in parts if _version(title)]
    outermost = min(levels, default=0)
    releases: list[_Release] = []
    for level, title, lines in parts:
        if level <= outermost:
            releases.append(_Release(title, list(_changes(lines))))
        elif releases:
            kind = one_line(title)
            releases[-1].changes += [f"{kind}: {change}" for change in _changes(lines)]
    return releases


def _parts(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield level, title and lines of each heading; what is before the first has level 0."""
    level, title = 0, ""
    body: list[str] = []
    underlines: list[str] = []
    lines = list(_outside_fences(clean_lines(text)))
    for number, line in enumerate(lines):
        heading = _HEADING.fullmatch(line)
        below = _UNDERLINE.fullmatch(lines[number + 1]) if number + 1 < len(lines) else None
        is_title = bool(below and line.strip() and not _ITEM.match(line) and not _UNDERLINE.fullmatch(line))
        if heading or (below and is_title):
            yield level, title, body
            body = []
            if heading:
                level, title = len(heading[1]), heading[2]
            elif below:
                underlines += [below[1]] if below[1] not in underlines else []
                level, title = underlines.index(below[1]) + 1, line.strip()
        elif not _UNDERLINE.fullmatch(line):
            body.append(line)
    yield level, title, body


def _outside_fences(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines that are no code."""
    inside = False
    for line in lines:
        if _FENCE.match(line):
            inside = not inside
        elif not inside and not _REFERENCE.fullmatch(line):
            yield line


def _changes(lines: Iterable[str]) -> Iterator[str]:
    """Yield each item of lists, and each paragraph outside of them, as one line."""
    current: list[str] = []
    for line in (*lines, ""):
        item = _ITEM.fullmatch(line)
        if item or not line.strip():
            if current:
                yield _plain(" ".join(current))
            current = [item[1]] if item else []
        else:
            current.append(line)


def _plain(text: str) -> str:
    return one_line(_LINK.sub(r"\1", text).replace("**", ""))


def _version(title: str) -> str:
    """Return the version in a heading in Debian's form; empty if there is none."""
    found = _VERSION.search(_without_date(_LINK.sub(r"[\1]", title[:_LONGEST])))
    return debian_version(found[1]) if found else ""


def _without_date(title: str) -> str:
    for form in (_NUMBERS, _DAY_FIRST, _MONTH_FIRST):
        title = form.sub(" ", title, count=1)
    return title


def _date(title: str) -> int | None:
    """Return the day in a heading, at its beginning in UTC, in seconds since 1970."""
    title = title[:_LONGEST]
    if found := _NUMBERS.search(title):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.search(title):
        day, month, year = found.groups()
    elif found := _MONTH_FIRST.search(title):
        month, day, year = found.groups()
    else:
        return None
    name = month.lower()
    try:
        number = _MONTHS.index(name) + 1 if name in _MONTHS else int(month)
        when = date(int(year), number, int(day))
    except ValueError:
        return None
    if not date(1970, 1, 1) <= when < _LATEST:
        return None
    return int(datetime(when.year, when.month, when.day, tzinfo=UTC).timestamp())


def _told(version: str, why: str) -> Diagnostic:
    message = f"release {version} is not in the package's changelog: {why}"
    return Diagnostic(severity="note", subject="changelog", message=message)
