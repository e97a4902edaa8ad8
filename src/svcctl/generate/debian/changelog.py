"""Debian's changelog.

Source: Debian policy, section 4.4; deb-changelog(5). The names of days and months are English in every locale.
"""

from __future__ import annotations

from datetime import UTC, datetime

from svcctl.generate.debian.model import ChangelogEntry, DebianOptions
from svcctl.generate.debian.text import fold
from svcctl.generate.text import one_line

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def entries(options: DebianOptions) -> tuple[ChangelogEntry, ...]:
    """Return the releases, newest first; if none are given, the one that is being made."""
    if options.changelog:
        return options.changelog
    release = ChangelogEntry(
        version=options.version,
        changes=(f"Release {options.version}.",),
        author=options.maintainer,
        date=options.source_date_epoch,
    )
    return (release,)


def changelog(options: DebianOptions) -> str:
    """Return the text of the changelog."""
    return "\n".join(_entry(options, entry) for entry in entries(options))


def date(seconds: int) -> str:
    """Return a time in seconds since 1970 as RFC 5322 writes it, in UTC.

    Example:
        >>> date(0)
        'Thu, 01 Jan 1970 00:00:00 +0000'
    """
    when = datetime.fromtimestamp(seconds, UTC)
    day, month = _DAYS[when.weekday()], _MONTHS[when.month - 1]
    return (
        f"{day}, {when.day:02} {month} {when.year:04} {when.hour:02}:{when.minute:02}:{when.second:02} +0000"
    )


def _entry(options: DebianOptions, entry: ChangelogEntry) -> str:
    lines = [f"{options.package} ({entry.version}) {options.distribution}; urgency={entry.urgency}", ""]
    for change in entry.changes:
        first, *others = list(fold(one_line(change), 76)) or ["Release."]
        lines += [f"  * {first}", *(f"    {line}" for line in others)]
    lines += ["", f" -- {one_line(entry.author)}  {date(entry.date)}"]
    return "\n".join(lines) + "\n"
