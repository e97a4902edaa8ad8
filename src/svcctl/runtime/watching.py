"""Tells the init system's watchdog that the application lives, for as long as it does.

The pings come from the event loop, and only while the loop answers in time and no service that beats is silent
(:mod:`svcctl.application.tree.heartbeat`). A loop that is blocked cannot tell anything itself, so a thread does it
shortly before the time is over, and never pings. What is told, and to whom, is in :mod:`svcctl.runtime.vigil`.

Source: sd_watchdog_enabled(3), systemd.service(5) ``WatchdogSec=``.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import sys
import threading
from collections.abc import Sequence
from typing import Protocol

#: Seconds: no look more often than this, however short the limits.
SHORTEST = 0.001

#: Seconds: the thread looks at least so often, which also is about the longest wait that systems take.
LONGEST = 3600.0

#: Seconds: with a shorter limit, a machine that is only slow would have the interpreter write, too.
SENSIBLE = 1.0

#: Seconds before the end of the limit at which a blocked loop is told of, or a quarter of the limit if that is less.
AHEAD = 1.0

#: A look that comes later than this part of a service's limit has held up its heartbeats, too.
LATE = 0.1


class Silent(Protocol):
    """A service that has become silent. As text, it says so."""

    @property
    def path(self) -> str:
        """Which."""

    @property
    def limit(self) -> float:
        """How long it may be silent, in seconds."""


class Outside(Protocol):
    """What the watchdog needs of the process around it."""

    def ping(self) -> None:
        """Say that all is well."""

    def look(self) -> tuple[Sequence[Silent], float]:
        """Return the services that are silent, and the seconds until another one may be."""

    def condemn(self, silent: Sequence[Silent], lag: float) -> None:
        """Tell where everything stands and that the application is to be ended."""

    def blocked(self, lasted: float, left: float) -> None:
        """Tell where everything stands, from another thread, since the loop is about to miss its limit."""

    def recovered(self, lasted: float) -> None:
        """Take back what was told last: all is well again."""


class Watchdog:
    """Looks whether all is well, from the loop, and pings then.

    Args:
        limit: Seconds within which a ping is due.
        loop: The running loop.
        outside: The process around it.
    """

    def __init__(self, limit: float, loop: asyncio.AbstractEventLoop, outside: Outside) -> None:
        self.limit = limit
        self._loop = loop
        self._outside = outside
        self._due = self.pinged = loop.time()
        self._told = False
        self._doubted = False
        self._pending: asyncio.TimerHandle | None = None
        self.guard = Guard(self, outside)

    def begin(self) -> None:
        """Ping now and from now on, until :meth:`end`."""
        self._look()
        self._loop.call_soon(self.guard.start)  # READY does not wait for it

    def end(self) -> None:
        """Ping no more."""
        if self._pending is not None:
            self._pending.cancel()
        self.guard.end()

    def hasten(self) -> None:
        """Look earlier if somebody may be silent before the next look: who beats has changed."""
        if self._pending is None or self._pending.cancelled():
            return
        due = self._loop.time() + max(SHORTEST, self._outside.look()[1])
        if due < self._due:
            self._pending.cancel()
            self._due = due
            self._pending = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        lag = now - self._due
        pause = SHORTEST
        try:
            pause = self._judge(now, lag)
        finally:
            self._due = now + max(SHORTEST, min(pause, self.limit / 2))
            self._pending = self._loop.call_at(self._due, self._look)

    def _judge(self, now: float, lag: float) -> float:
        """Ping, or do not; return the seconds until the next look."""
        silent, pause = self._outside.look()
        if silent and not self._doubted and lag > LATE * min(each.limit for each in silent):
            # The loop was held up, and their heartbeats with it: they have time for another one.
            self._doubted = True
            pause = min(each.limit for each in silent) / 2
        elif silent or lag > self.limit:
            if not self._told:
                self._outside.condemn(silent, lag)
            self._told = True
            self.guard.rest()
            return self.limit / 2
        else:
            self._doubted = False
        if self._told or self.guard.told:
            self._told = False
            self._outside.recovered(now - self.pinged)
        self.pinged = now
        self._outside.ping()
        self.guard.watch()
        return pause


class Guard:
    """A thread that tells of a loop that is blocked. It never pings.

    Where nothing of Python runs in any thread any more, the interpreter itself writes where the threads stand to
    stderr, a little later.

    Args:
        watchdog: What it watches.
        outside: The process around it.

    Attributes:
        told: It has told of the loop since the last ping.
    """

    def __init__(self, watchdog: Watchdog, outside: Outside) -> None:
        self.told = False
        self._watchdog = watchdog
        self._outside = outside
        self._resting = True
        self._over = threading.Event()
        self._ahead = min(watchdog.limit / 4, AHEAD)

    def start(self) -> None:
        """Start the thread."""
        if not self._over.is_set():
            self.watch()
            threading.Thread(target=self._run, name="svcctl watchdog", daemon=True).start()

    def watch(self) -> None:
        """Take note of a ping."""
        self.told = self._resting = False
        if sys.stderr is not None and self._watchdog.limit >= SENSIBLE:
            with contextlib.suppress(OSError, ValueError, RuntimeError, OverflowError):
                faulthandler.dump_traceback_later(self._watchdog.limit - self._ahead / 2, file=2)

    def rest(self) -> None:
        """Tell nothing until the next ping: it has been told already."""
        self._resting = True
        faulthandler.cancel_dump_traceback_later()

    def end(self) -> None:
        """End the thread."""
        self._over.set()
        self.rest()

    def check(self, now: float) -> float:
        """Tell of the loop if it is time to; return the seconds until the next check."""
        limit = self._watchdog.limit
        lasted = now - self._watchdog.pinged
        left = limit - self._ahead - lasted
        if left > 0:
            return left
        if not (self.told or self._resting):
            self.told = True
            self._outside.blocked(lasted, max(0.0, limit - lasted))
            faulthandler.cancel_dump_traceback_later()
        return limit / 4

    def _run(self) -> None:
        from svcctl.runtime import stacks  # noqa: F401, PLC0415 (now: a loop may be blocked by an import)

        now = self._watchdog._loop.time  # noqa: SLF001 (both are one thing, in two threads)
        while not self._over.wait(min(max(SHORTEST, self.check(now())), LONGEST)):
            pass
