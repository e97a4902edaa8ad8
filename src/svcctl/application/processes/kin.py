"""Which processes belong to a program that was started in a session of its own, as /proc tells it.

Source: proc_pid_stat(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

#: States of processes that have ended and wait for their parent to take note.
_ENDED = "ZXx"


class Process(NamedTuple):
    """One process.

    Attributes:
        pid: Its number, which another process may have later.
        parent: Number of its parent.
        group: Number of its process group.
        session: Number of its session.
        began: When it was started, in ticks since the machine was; with the number, it tells it from all others.
    """

    pid: int
    parent: int
    group: int
    session: int
    began: int


def kin(leader: int, known: Mapping[int, int]) -> list[Process]:
    """Return the living processes of a session, those known from before, and the descendants of all of them.

    A process that has left the session is found as long as its parent lives, or once it is known. One that left it
    while nobody looked, and whose parent has ended (a daemon, that is), is not.

    Args:
        leader: Number of the process that leads the session; it must not be reaped as long as this is asked.
        known: When each process known from before began, by its number.
    """
    processes = list(_processes())
    found = {
        each.pid
        for each in processes
        if leader in (each.pid, each.group, each.session) or known.get(each.pid) == each.began
    }
    count = -1
    while count != len(found):
        count = len(found)
        found.update(each.pid for each in processes if each.parent in found)
    return [each for each in processes if each.pid in found]


def process(pid: int) -> Process | None:
    """Return a process if it lives."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 (pathlib is not loaded where services run)
            text = file.read()
    except OSError:
        return None  # it is gone
    # The second field is the name, in parentheses, and may have blanks and parentheses of its own.
    fields = text[text.rindex(b")") + 2 :].decode("ascii").split()
    if fields[0] in _ENDED:
        return None
    return Process(pid, int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def _processes() -> Iterator[Process]:
    for pid in _numbers(os.listdir("/proc")):  # noqa: PTH208 (the same)
        found = process(pid)
        if found is not None:
            yield found


def _numbers(names: Iterable[str]) -> Iterator[int]:
    return (int(name) for name in names if name.isdecimal())
