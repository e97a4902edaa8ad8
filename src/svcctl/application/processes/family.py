"""A process and whatever it has started: who of them lives, and signals for all."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable

from svcctl.application.processes.kin import Process, kin, process

_log = logging.getLogger(__name__)

#: Seconds until the next look if somebody cannot be watched, for want of descriptors.
_PATIENCE = 0.1


class Family:
    """The processes of a session and their descendants, watched through descriptors.

    No other process is ever signalled because it has got the number of one that ended: a signal goes through the
    descriptor, and the leader's number is not given back before the leader is reaped.

    Args:
        name: What the log calls them.
        leader: Number of the process that leads the session.
        descriptor: Of the leader; it is not closed here.
        changed: Called when somebody but the leader has ended.
    """

    def __init__(self, name: str, leader: int, descriptor: int, changed: Callable[[], None]) -> None:
        self._name = name
        self._leader = leader
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._descriptors = {leader: descriptor}
        self._began: dict[int, int] = {}
        self._signal: signal.Signals | None = None
        self._signalled: set[int] = set()
        self._refused = False
        self._retry: asyncio.TimerHandle | None = None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to each of them, and to those who are found later."""
        self._signal = number
        self._signalled.clear()
        self.left()

    def left(self) -> bool:
        """Tell whether any of them lives, after newcomers have had the signal that the others got.

        Each gets it once: some programs take the second SIGTERM for impatience. Whoever is forked meanwhile is found
        by looking again until nobody is new.
        """
        while True:
            found = self._look()
            new = [each.pid for each in found if each.pid in self._descriptors.keys() - self._signalled]
            if self._signal is None or not new:
                return bool(found)
            for pid in new:
                self._signalled.add(pid)
                self._send(pid, self._signal)

    def close(self) -> None:
        """Watch no longer."""
        for pid in tuple(self._descriptors):
            if pid != self._leader:
                self._forget(pid)
        if self._retry is not None:
            self._retry.cancel()

    def _look(self) -> list[Process]:
        found = kin(self._leader, self._began)
        # Also of those who cannot be watched: one whose parent ends is found by this alone.
        self._began = {each.pid: each.began for each in found if each.pid != self._leader}
        for each in found:
            if each.pid not in self._descriptors:
                self._watch(each)
        return found

    def _watch(self, relative: Process) -> None:
        try:
            descriptor = os.pidfd_open(relative.pid)
        except ProcessLookupError:
            return  # it has ended
        except OSError:
            if self._retry is None:
                self._retry = self._loop.call_later(_PATIENCE, self._look_again)
            return
        still = process(relative.pid)
        if still is None or still.began != relative.began:
            os.close(descriptor)  # it has ended, and another one has its number
            return
        self._descriptors[relative.pid] = descriptor
        self._loop.add_reader(descriptor, self._ended, relative.pid)

    def _ended(self, pid: int) -> None:
        self._forget(pid)
        self._changed()

    def _forget(self, pid: int) -> None:
        self._signalled.discard(pid)
        descriptor = self._descriptors.pop(pid)
        self._loop.remove_reader(descriptor)
        os.close(descriptor)

    def _look_again(self) -> None:
        self._retry = None
        self._changed()

    def _send(self, pid: int, number: signal.Signals) -> None:
        try:
            signal.pidfd_send_signal(self._descriptors[pid], number)
        except ProcessLookupError:
            return  # it has ended meanwhile
        except PermissionError:
            if not self._refused:  # once is enough
                self._refused = True
                _log.warning(
                    "process of another user cannot be signalled",
                    extra={"svcctl_process": self._name, "svcctl_pid": pid},
                )
