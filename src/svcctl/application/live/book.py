"""What the driver does not keep about services, because most processes are never asked: since when, and how often.

A book is an observer of the tree, so it costs only where somebody wants one. It says nothing of what was before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from svcctl.application import lifecycle
from svcctl.application.tree.record import Record, State, is_below

#: When the book has more entries than this, it looks for services that have left the tree.
_FIRST_LOOK = 1024


class Entry:
    """What is kept about one service.

    Attributes:
        since: When it came into its present state, in microseconds since 1970.
        starts: How often it was started.
        failures: How often it failed.
        error: The last failure; ``None`` if there was none.
        failed_at: When that was, in microseconds since 1970; 0 if there was none.
        failed: It has failed since its last start: what fails is stopped, and has failed then, too.
    """

    __slots__ = ("error", "failed", "failed_at", "failures", "since", "starts")

    def __init__(self) -> None:
        self.failed = False
        self.since = self.starts = self.failures = self.failed_at = 0
        self.error: BaseException | None = None


class Book:
    """Keeps an entry for each service of a tree from now on, and passes events on to whoever follows them.

    Args:
        root: The driver's own book about the root of the tree.

    Attributes:
        root: The driver's own book about the root.
        opened: When this book was opened, in microseconds since 1970.
        followers: Called with each event of the tree, after it has been written down, and its time.
    """

    def __init__(self, root: Record) -> None:
        self.root = root
        self.opened = now()
        self.followers: list[Callable[[Any, int], None]] = []
        self._entries: dict[Record, Entry] = {}
        self._most = _FIRST_LOOK
        lifecycle.watch(root.service, self._note)

    def entry(self, record: Record) -> Entry | None:
        """Return what is kept about a service; ``None`` if nothing has happened to it yet."""
        return self._entries.get(record)

    def _note(self, event: Any) -> None:  # noqa: ANN401 (events need no common class)
        moment = time.time_ns() // 1000
        record: Record | None = getattr(event, "record", None)
        if record is not None:
            entry = self._entries.get(record)
            if entry is None:
                entry = self._new_entry(record)
            entry.since = moment
            if event.after is State.STARTING:
                entry.starts += 1
                entry.failed = False
            elif event.error is not None and event.after is State.FAILED and not entry.failed:
                entry.failures += 1
                entry.failed, entry.error, entry.failed_at = True, event.error, moment
        for follower in self.followers:
            follower(event, moment)

    def _new_entry(self, record: Record) -> Entry:
        if len(self._entries) >= self._most:
            # Nobody tells when a service leaves the tree.
            self._entries = {
                each: entry for each, entry in self._entries.items() if is_below(each, self.root)
            }
            self._most = max(_FIRST_LOOK, 2 * len(self._entries))
        entry = self._entries[record] = Entry()
        return entry


def book_of(root: Record) -> Book:
    """Return the book about a tree, opened now if nobody has one.

    Args:
        root: The driver's own book about the root of the tree.
    """
    for observer in root.observers or ():
        holder = getattr(observer, "__self__", None)
        if isinstance(holder, Book):
            return holder
    return Book(root)


def now() -> int:
    """Return the time in microseconds since 1970."""
    return time.time_ns() // 1000
