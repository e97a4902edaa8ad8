"""The descriptor store of an init system.

Source: sd_notify(3) ``FDSTORE=1``, systemd.service(5) ``FileDescriptorStoreMax=``.
"""

from __future__ import annotations

import os
import select
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from svcctl.posix import fcntl

#: The name of a descriptor that was given none.
NAMELESS = "stored"

_LONGEST_NAME = 255
_FIRST_PRINTABLE = 32
_LAST_PRINTABLE = 126


class Entry(NamedTuple):
    """A stored descriptor.

    Attributes:
        name: Its name; not unique.
        descriptor: Its number in this process.
        polled: It is dropped when the other end hangs up.
    """

    name: str
    descriptor: int
    polled: bool


class Store:
    """Descriptors that outlive the process that owned them.

    Args:
        limit: How many it takes at most; 0 for none.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._entries: list[Entry] = []

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is in it, oldest first."""
        return tuple(self._entries)

    def put(self, fields: Mapping[str, str], descriptors: Sequence[int]) -> list[tuple[str, str]]:
        """Take in the descriptors of a message that says ``FDSTORE=1``; those not taken are closed.

        Returns:
            The name of each, and why it was not taken; empty if it was.
        """
        given = fields.get("FDNAME")
        name = NAMELESS if given is None or not is_name(given) else given
        return [(name, self._put(name, each, polled=fields.get("FDPOLL") != "0")) for each in descriptors]

    def remove(self, name: str) -> int:
        """Close every descriptor of a name; return how many there were."""
        found = [entry for entry in self._entries if entry.name == name]
        for entry in found:
            self._drop(entry)
        return len(found)

    def hung_up(self) -> list[str]:
        """Drop what hangs up; return the names."""
        poller = select.poll()
        polled = {entry.descriptor: entry for entry in self._entries if entry.polled}
        for descriptor in polled:
            poller.register(descriptor, 0)
        gone = [polled[descriptor] for descriptor, _ in poller.poll(0)]
        for entry in gone:
            self._drop(entry)
        return [entry.name for entry in gone]

    def clear(self) -> None:
        """Close everything."""
        for entry in self.entries:
            self._drop(entry)

    def _put(self, name: str, descriptor: int, *, polled: bool) -> str:
        refused = ""
        if len(self._entries) >= self.limit:
            refused = "the store is full" if self.limit else "there is no store"
        elif any(_same(descriptor, entry.descriptor) for entry in self._entries):
            refused = "it is there already"
        if refused:
            os.close(descriptor)
        else:
            self._entries.append(Entry(name, descriptor, polled))
        return refused

    def _drop(self, entry: Entry) -> None:
        self._entries.remove(entry)
        os.close(entry.descriptor)


def is_name(text: str) -> bool:
    """Return whether a descriptor can be stored under a name; the empty one is allowed.

    Example:
        >>> is_name("listener"), is_name("a:b"), is_name("")
        (True, False, True)
    """
    printable = all(_FIRST_PRINTABLE <= ord(char) <= _LAST_PRINTABLE and char != ":" for char in text)
    return len(text) <= _LONGEST_NAME and printable


def _same(one: int, other: int) -> bool:
    """Return whether two descriptors are of one open file, as well as that can be told without privileges."""
    first, second = os.fstat(one), os.fstat(other)
    alike = (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
    return alike and fcntl.fcntl(one, fcntl.F_GETFL) == fcntl.fcntl(other, fcntl.F_GETFL)
