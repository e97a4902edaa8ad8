"""Takes the journal of a unit apart: its runs, and what each of them reported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from svcctl.host.journal import Entry

#: Kinds of entries by systemd: sd-messages.h, ``systemctl show`` has none of them.
STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
STARTED = "39f53479d3a045ac8e11786248231fbf"
STOPPING = "de5b426a63be47a7b6ac3eaac82e2f6f"
EXITED = "98e322203f7a4ed290d09fe03c09fe15"
FAILED = "d9b373ed55a64feb8242e02dbe79a49c"
REFUSED_STEP = "641257651c1b4ec9a8624d7a40a9e1e7"
OUT_OF_MEMORY = "fe6faa94e7774663a0da52717891d8ef"

#: What the text form of a record has at the end of its first line.
_FACTS = re.compile(r"(?: [a-z_]+=(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s'\"]+))+$")
_FACT = re.compile(r" ([a-z_]+)=('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s'\"]+)")
_HINT = "hint: "
_ERROR = 3


def by_systemd(entry: Entry) -> bool:
    """Return whether systemd itself says it: the machine's, or a user's manager."""
    return entry.pid == "1" or "user_unit" in entry.about


class Report(NamedTuple):
    """What a process said of a fault.

    Attributes:
        text: The first line, without its facts.
        path: The service in the tree; empty if none was named.
        code: Which kind of error: ``code`` of :class:`svcctl.errors.SvcctlError`.
        lines: What followed: frames, stacks.
        hint: What to do about it.
        time: When, in seconds since 1970; 0 if that is not known.
        pid: Which process said it; empty if that is not known.
    """

    text: str
    path: str = ""
    code: str = ""
    lines: tuple[str, ...] = ()
    hint: str = ""
    time: float = 0.0
    pid: str = ""


class Run:
    """What is known of one run of a unit, from its start to its end.

    Args:
        invocation: What systemd calls it.
        entries: What was logged in it, the oldest first.
    """

    def __init__(self, invocation: str, entries: Sequence[Entry]) -> None:
        self.invocation = invocation
        self.entries = tuple(entries)

    @cached_property
    def kinds(self) -> dict[str, Entry]:
        """The first entry of each kind of systemd's."""
        found: dict[str, Entry] = {}
        for entry in self.entries:
            found.setdefault(entry.about.get("message_id", ""), entry)
        return found

    @property
    def result(self) -> str:
        """How it failed, in systemd's word; empty if it did not."""
        entry = self.kinds.get(FAILED)
        return entry.about.get("unit_result", "") if entry else ""

    @property
    def ended(self) -> tuple[str, str]:
        """How its main process ended, and with what: ``exited`` and a status, ``killed`` and a signal's number."""
        entry = self.kinds.get(EXITED)
        return (entry.about.get("exit_code", ""), entry.about.get("exit_status", "")) if entry else ("", "")

    @property
    def time(self) -> float:
        """When it ended; when the last entry came if it has not."""
        for kind in (EXITED, FAILED):
            if kind in self.kinds:
                return self.kinds[kind].time
        return self.entries[-1].time if self.entries else 0.0

    @cached_property
    def reports(self) -> tuple[Report, ...]:
        """What its processes reported, the first first."""
        return tuple(reports(self.entries))

    def said(self, text: str) -> Entry | None:
        """Return the first entry of systemd's with this in its text."""
        return next((each for each in self.entries if by_systemd(each) and text in each.message), None)


def runs(entries: Iterable[Entry]) -> tuple[Run, ...]:
    """Return the runs of a unit, the oldest first."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        invocation = entry.about.get("invocation_id", "")
        if invocation:
            found.setdefault(invocation, []).append(entry)
    return tuple(Run(invocation, each) for invocation, each in found.items())


def reports(entries: Sequence[Entry]) -> Iterable[Report]:
    """Yield what is reported with a code.

    A record is one entry where the process speaks to the journal itself, else an entry for each of its lines.
    """
    place = 0
    while place < len(entries):
        entry = entries[place]
        place += 1
        first, *rest = entry.message.split("\n")
        text, facts = split(first)
        facts = {**facts, **entry.facts}
        if "code" not in facts or by_systemd(entry):
            continue
        while place < len(entries) and _goes_on(entries[place], entry):
            if entries[place].pid == entry.pid:
                rest.append(entries[place].message)
            place += 1
        hint = next((line.removeprefix(_HINT) for line in rest if line.startswith(_HINT)), "")
        lines = tuple(line for line in rest if not line.startswith(_HINT))
        yield Report(text, facts.get("path", ""), facts["code"], lines, hint, entry.time, entry.pid)


def split(line: str) -> tuple[str, dict[str, str]]:
    """Split the first line of a record into its text and its facts.

    Example:
        >>> split("echo/db failed to start: no code=start path=echo/db")
        ('echo/db failed to start: no', {'code': 'start', 'path': 'echo/db'})
    """
    found = _FACTS.search(line)
    if found is None:
        return line, {}
    facts = {name: value.strip("'\"") for name, value in _FACT.findall(found[0])}
    return line[: found.start()], facts


def _goes_on(entry: Entry, first: Entry) -> bool:
    """Return whether an entry is a further line of a record, or systemd's word in between."""
    if by_systemd(entry):
        return entry.about.get("message_id") not in {EXITED, FAILED, STARTING}
    return (entry.pid, entry.priority) == (first.pid, first.priority) and "code" not in (
        split(entry.message)[1] | entry.facts
    )
