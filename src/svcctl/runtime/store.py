"""Keeps descriptors where they outlive the process: in the init system's store, and with a process that takes over.

There are two kinds: the listening sockets that the tree has bound itself, and what services ask to be kept. What the
init system holds is brought in line with what is wanted: first what is new is stored, then what is old is removed,
so that a crash in between loses nothing. Each has a name that says what it is:

- ``listen/NAME~DEVICE.INODE``: a listening socket; with device and inode of its path if it has one;
- ``keep/PATH/NAME~COUNT`` and ``state/PATH/NAME~COUNT``: a descriptor, and bytes, of the service at PATH. Of two
  with different counts the higher one is meant.

Loaded where there is a store, or something that was left. Source: sd_notify(3), systemd.service(5)
``FileDescriptorStoreMax=``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from svcctl.application import keeping
from svcctl.application.servers import sockets
from svcctl.endpoints.values import descriptor_name
from svcctl.posix import fcntl
from svcctl.runtime.machine import Phase

if TYPE_CHECKING:
    from svcctl.application.servers.sockets import Listening
    from svcctl.endpoints.values import Endpoint
    from svcctl.runtime.notify import Notifier
    from svcctl.runtime.runner import Process

_log = logging.getLogger(__name__)

#: Seconds to wait at most until the init system has let go of a socket that is in the way.
LETTING_GO = 1.0

_LONGEST_TAG = 44  # more digits are no number of ours
_MOST = 65536  # a larger number is damage

_SERVING = (Phase.READY, Phase.RELOADING)


class Kept(NamedTuple):
    """Something that is kept.

    Attributes:
        key: What it is, without its tag.
        tag: What tells it from others of the same key.
        descriptor: Belongs to the store.
    """

    key: str
    tag: str
    descriptor: int

    @property
    def name(self) -> str:
        """What the init system calls it."""
        return f"{self.key}~{self.tag}" if self.tag else self.key

    @property
    def number(self) -> int:
        """Which of several values of the same key it is; -1 if that cannot be told."""
        plain = self.tag.isascii() and self.tag.isdigit() and len(self.tag) <= len(str(2**64))
        return int(self.tag) if plain else -1


class Store:
    """What is kept for this process.

    Args:
        notifier: How the init system is told.
        limit: So many descriptors it keeps at most; 0 if it keeps none.
        left: What an earlier process has left, by name.
        serving: Tells whether the whole tree is up: what is closed then is closed for good, and what is closed
            before or after is not.
        borrowed: What was left is another process's still: see :meth:`become_main`.

    Attributes:
        limit: So many descriptors the init system keeps at most.
        passed_on: Another process has taken over.
    """

    def __init__(
        self,
        notifier: Notifier,
        limit: int,
        left: list[tuple[str, int]],
        serving: Callable[[], bool],
        *,
        borrowed: bool = False,
    ) -> None:
        self._notifier = notifier
        self.limit = max(limit, 0 if borrowed else len(left))
        self._serving = serving
        self._values: dict[str, Kept] = {}
        self._left: list[Kept] = []
        self._locks: dict[str, int] = {}
        self._there: dict[str, None] = {}
        self._claimed: set[str] = set()
        self._borrowed = {name for name, _ in left} if borrowed else None
        self._held = borrowed
        self.passed_on = self._up = self._full = False
        for name, descriptor in left:
            self._sort_in(name, descriptor)

    def _sort_in(self, name: str, descriptor: int) -> None:
        """Put what was left where it belongs; of two values with one key, keep the later one."""
        key, _, tag = name.partition("~")
        found = Kept(key, tag[:_LONGEST_TAG], descriptor)
        kind = key.partition("/")[0]
        if kind == "lock":
            self._locks[key.removeprefix("lock/")] = descriptor
            return
        self._there[name] = None
        if kind == "listen":
            self._left.append(found)
            return
        other = self._values.get(key)
        if other is None or other.number < found.number:
            self._values[key], found = found, other or found
        if other is not None:
            os.close(found.descriptor)

    # What services ask to be kept: see svcctl.application.keeping.Keeper.

    def put(self, key: str, descriptor: int) -> bool:
        """Keep a copy of a descriptor in place of what the key had; return whether that is done."""
        if self.passed_on or not self._has_room(key):
            return False
        self._claimed.add(key)
        before = self._values.get(key)
        copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
        self._values[key] = Kept(key, str(before.number + 1 if before else 0), copy)
        # The store takes no open file twice, under whatever name.
        self._settle(remove_first=before is not None and os.path.sameopenfile(before.descriptor, copy))
        if before is not None:
            os.close(before.descriptor)
        return self._held or self._values[key].name in self._there

    def get(self, key: str) -> int | None:
        """Return the descriptor of a key, which stays the store's."""
        self._claimed.add(key)
        found = self._values.get(key)
        return found.descriptor if found is not None else None

    def remove(self, key: str) -> None:
        """Keep what a key has no longer."""
        found = self._values.pop(key, None)
        if found is not None:
            self._settle()
            os.close(found.descriptor)

    def _has_room(self, key: str) -> bool:
        if self.limit and self._notifier.connected and key in self._values:
            return True
        if self._notifier.connected and len(self._wanted()) < self.limit:
            return True
        if not self._full:
            self._full = True
            _log.warning(
                "no room in the descriptor store of the init system", extra={"svcctl_limit": self.limit}
            )
        return False

    # The listening sockets: see svcctl.application.servers.sockets.Heir.

    def take(self, endpoint: Endpoint) -> Listening | None:
        """Return the socket that an earlier process has left for an endpoint; let go of one that does not fit."""
        from svcctl.runtime.adopting import adopted  # noqa: PLC0415 (only where something was left)

        key = f"listen/{descriptor_name(endpoint)}"
        for found in [each for each in self._left if each.key == key]:
            self._left.remove(found)
            listening = adopted(found.descriptor, found.tag, endpoint, self._locks)
            if listening is not None:
                return listening
            _log.warning("a socket that was kept does not fit any more", extra={"svcctl_name": found.name})
            os.close(found.descriptor)
            if self._borrowed is None:
                self._forget(found.name)
                self._notifier.barrier(LETTING_GO)
        return None

    def opened(self, listening: Listening) -> None:
        """Take note of a socket that has been bound, or taken."""
        if self._up and listening.name:
            self._settle()

    def goes_on(self, listening: Listening) -> bool:
        """Return whether a socket has a next process that it goes to."""
        name = _of(listening).name
        if self.passed_on or (self._borrowed is not None and name in self._borrowed):
            return True
        return name in self._there and not self._serving()

    def closing(self, listening: Listening) -> None:
        """Take note that a socket is closed for good."""
        if self._up and listening.name:
            self._settle()

    # The life of the process.

    def begin(self) -> None:
        """Store what has been bound, and remove what nobody has asked for; to be called when the tree is up."""
        self._up = True
        for key in [key for key in self._values if key not in self._claimed]:
            _log.warning("what was kept is removed: no service asks for it", extra={"svcctl_name": key})
            os.close(self._values.pop(key).descriptor)
        for left in self._left:
            _log.warning(
                "a socket that was kept is closed: nobody listens on it", extra={"svcctl_name": left.key}
            )
            os.close(left.descriptor)
        self._left.clear()
        self._settle()

    def hold(self) -> None:
        """Change nothing in the init system's store, so that it stays what another process was given."""
        self._held = True

    def resume(self) -> None:
        """Tell the init system of all that has changed since :meth:`hold`."""
        self._held = False
        self._settle()

    def pass_on(self) -> None:
        """Leave everything to the process that has taken over; nothing is kept, closed or removed from now on."""
        self.passed_on = True

    def become_main(self) -> None:
        """Take over what was borrowed: the init system listens to this process now."""
        before, self._borrowed = self._borrowed or set(), None
        # What the other process had not stored, for want of room, say, is stored now; the rest is known already.
        self._there = dict.fromkeys(name for name in before - self._wanted().keys() if name[:5] != "lock/")
        self.resume()

    def contents(self) -> Iterator[tuple[str, int]]:
        """Yield all that another process needs to go on, by name: listeners, their locks, and what is kept."""
        for listening in sockets.own.values():
            yield _of(listening).name, listening.socket.fileno()
            if listening.lock is not None:
                yield f"lock/{listening.name}", listening.lock.fileno()
        for kept in self._values.values():
            yield kept.name, kept.descriptor

    def _wanted(self) -> dict[str, int]:
        """Return what shall be in the store: what services keep, then listeners, as far as there is room."""
        wanted = {kept.name: kept.descriptor for kept in self._values.values()}
        if self._up:
            for listening in sockets.own.values():
                wanted.setdefault(_of(listening).name, listening.socket.fileno())
        return wanted

    def _settle(self, *, remove_first: bool = False) -> None:
        """Bring the init system's store in line with what is wanted."""
        if self._held or self.passed_on or not (self.limit or self._there):
            return
        wanted = self._wanted()
        old = [name for name in self._there if name not in wanted and (self._up or name[:7] != "listen/")]
        new = [name for name in wanted if name not in self._there]
        if remove_first or len(self._there) + len(new) > self.limit:
            self._forget(*old)
            old = []
        for name in new:
            if len(self._there) >= self.limit:
                self._has_room("")
                break
            if self._notifier.send(f"FDSTORE=1\nFDNAME={name}", descriptors=(wanted[name],)):
                self._there[name] = None
        self._forget(*old)

    def _forget(self, *names: str) -> None:
        for name in names:
            if name in self._there:
                del self._there[name]
                self._notifier.send(f"FDSTOREREMOVE=1\nFDNAME={name}")


def _of(listening: Listening) -> Kept:
    device, inode = listening.identity
    tag = f"{device}.{inode}" if listening.path else ""
    return Kept(f"listen/{listening.name}", tag, listening.socket.fileno())


def store_of(process: Process, limit: str, left: list[tuple[str, int]]) -> Store:
    """Return the store of a process.

    Args:
        process: The process; how it reaches the init system is known already.
        limit: ``$FDSTORE``.
        left: What an earlier process has left, by name.
    """
    count = int(limit) if limit.isascii() and limit.isdigit() and len(limit) <= len(str(_MOST)) else -1
    if not 0 <= count <= _MOST:
        _log.error("FDSTORE is no number of descriptors, none is kept", extra={"svcctl_value": limit[:80]})
        count = 0
    provisional = process.notifier.provisional
    return Store(process.notifier, count, left, lambda: process.state.phase in _SERVING, borrowed=provisional)


def open_store(store: Store) -> None:
    """Let services keep things in a store, and leave the listeners of this process to it."""
    keeping.keep_with(store)
    sockets.leave_to(store)
