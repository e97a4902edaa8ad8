"""Reads the journal: with systemd-python where that is installed, else with journalctl.

Both give the same entries, since both are asked for the same fields. Source: journalctl(1), systemd.journal-fields(7).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host import commands
from svcctl.plan.model import Scope

#: Where journald keeps its files: for good, or until the next boot.
FOLDERS = ("/var/log/journal", "/run/log/journal")

#: Under what svcctl's facts are found in an entry.
_FACT = "SVCCTL_"

#: What systemd says about an entry, and how it is called here. What a manager says is about the invocation that it
#: names, not about its own: later ones win.
_ABOUT = {
    "MESSAGE_ID": "message_id",
    "_SYSTEMD_INVOCATION_ID": "invocation_id",
    "INVOCATION_ID": "invocation_id",
    "USER_INVOCATION_ID": "invocation_id",
    "USER_UNIT": "user_unit",
    "EXIT_CODE": "exit_code",
    "EXIT_STATUS": "exit_status",
    "UNIT_RESULT": "unit_result",
}

_INFO = 6

#: Seconds after which the library comes back from its wait, so that an interrupt is noticed.
_WAIT = 1.0


class Entry(NamedTuple):
    """An entry of the journal.

    Attributes:
        time: When it was received, in seconds since 1970.
        priority: 0 (emergency) to 7 (debug).
        sender: What it calls itself.
        pid: Its process; empty if that is not known.
        message: The text, of one or more lines.
        facts: What svcctl added, by name: ``path`` for ``SVCCTL_PATH``.
        about: What systemd added, by name: ``message_id``, ``invocation_id``, ``exit_code``, ``exit_status``,
            ``unit_result``, as far as it has them; ``user_unit`` if a user's manager says it of a unit.
    """

    time: float
    priority: int
    sender: str
    pid: str
    message: str
    facts: dict[str, str]
    about: Mapping[str, str] = MappingProxyType({})


def entries(unit: str, scope: Scope, *, lines: int, follow: bool) -> Iterator[Entry]:
    """Yield the last entries of a unit, its own and those of systemd about it, the oldest first.

    Args:
        unit: Its name, without patterns.
        scope: ``system`` or ``user``.
        lines: How many at most.
        follow: Go on with new ones as they come; without an end.

    Raises:
        ConfigurationError: No journal is kept here.
        PermissionDeniedError: There is one, and none of it is for the caller.
        CommandError: journalctl is not there or fails.
    """
    _need_journal()
    matches = _matches(unit, scope)
    try:
        from systemd import journal  # noqa: PLC0415 (not installed everywhere)
    except ImportError:
        return _by_program(matches, lines=lines, follow=follow)
    return _by_library(journal, matches, lines=lines, follow=follow)


def _need_journal() -> None:
    kept = [file for folder in FOLDERS for file in Path(folder).glob("*/*.journal*")]
    if not kept:
        raise ConfigurationError(
            "no journal is kept on this machine", hint="svcctl run shows on stderr what an application logs"
        )
    if not any(os.access(file, os.R_OK) for file in kept):
        raise PermissionDeniedError(
            "the journal is not for you to read", hint="try with sudo, or join the group systemd-journal"
        )


def _matches(unit: str, scope: Scope) -> tuple[dict[str, str], ...]:
    """Return of which fields an entry has to have all in one of these: what ``journalctl --unit`` takes."""
    if scope == "user":
        uid = str(os.getuid())
        fields = ("_SYSTEMD_USER_UNIT", "USER_UNIT", "OBJECT_SYSTEMD_USER_UNIT")
        return tuple({field: unit, "_UID": uid} for field in fields)
    return (
        {"_SYSTEMD_UNIT": unit},
        {"_PID": "1", "UNIT": unit},
        {"_UID": "0", "OBJECT_SYSTEMD_UNIT": unit},
    )


def _by_program(matches: Sequence[Mapping[str, str]], *, lines: int, follow: bool) -> Iterator[Entry]:
    words = ["journalctl", "--quiet", "--no-pager", "--all", "--output=json", f"--lines={lines}"]
    words += ["--follow"] if follow else []
    for place, match in enumerate(matches):
        words += ["+"] if place else []
        words += [f"{field}={value}" for field, value in match.items()]
    for line in commands.lines(words):
        fields = json.loads(line)
        yield _entry(fields, int(_text(fields.get("__REALTIME_TIMESTAMP"))) / 1e6)


def _by_library(
    journal: Any,  # noqa: ANN401 (it has no types)
    matches: Sequence[Mapping[str, str]],
    *,
    lines: int,
    follow: bool,
) -> Iterator[Entry]:
    with journal.Reader() as reader:
        for place, match in enumerate(matches):
            if place:
                reader.add_disjunction()
            for field, value in match.items():
                reader.add_match(f"{field}={value}")
        reader.seek_tail()
        found: list[dict[str, Any]] = []
        while len(found) < max(lines, 1) and (fields := reader.get_previous()):
            found.append(fields)
        if found:
            # The way back has left the reader at the oldest; what is new comes after the newest.
            reader.seek_cursor(found[0]["__CURSOR"])
            reader.get_next()
        yield from map(_read, reversed(found[:lines]))
        while follow:
            while fields := reader.get_next():
                yield _read(fields)
            reader.wait(_WAIT)


def _read(fields: Mapping[str, Any]) -> Entry:
    received: datetime = fields["__REALTIME_TIMESTAMP"]
    return _entry(fields, received.timestamp())


def _entry(fields: Mapping[str, Any], time: float) -> Entry:
    priority = _text(fields.get("PRIORITY"))
    return Entry(
        time=time,
        priority=int(priority) if priority.isdecimal() else _INFO,
        sender=_text(fields.get("SYSLOG_IDENTIFIER") or fields.get("_COMM")),
        pid=_text(fields.get("_PID")),
        message=_text(fields.get("MESSAGE")),
        facts={
            name.removeprefix(_FACT).lower(): _text(value)
            for name, value in sorted(fields.items())
            if name.startswith(_FACT)
        },
        about={key: _about(key, fields[name]) for name, key in _ABOUT.items() if name in fields},
    )


def _about(key: str, value: object) -> str:
    # systemd-python gives numbers of 128 bits with hyphens.
    return _text(value).replace("-", "") if key.endswith("_id") else _text(value)


def _text(value: object) -> str:
    """Return the text of a field: bytes that are no text come as such, or as numbers; several values as a list."""
    if isinstance(value, list):
        if all(isinstance(item, int) for item in value):
            return bytes(value).decode("utf-8", "backslashreplace")
        return _text(value[0])
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return "" if value is None else str(value)
