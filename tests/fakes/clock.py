"""A clock for timers that goes on when the test says so."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Any


class _Timer:
    """A call that is due at some time and may be cancelled, as ``loop.call_at`` returns it."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        """Do not call."""
        self.cancelled = True


class Clock:
    """A clock with the two methods that a timer needs.

    Args:
        now: What it shows at first; seconds.
        early: By how many seconds timers fire too early, as those of loops with a coarse clock do.
    """

    def __init__(self, now: float = 0.0, early: float = 0.0) -> None:
        self.now = now
        self.early = early
        self._due: list[tuple[float, int, _Timer, Callable[..., object], tuple[Any, ...]]] = []
        self._count = 0

    def time(self) -> float:
        """Return the time it shows."""
        return self.now

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> _Timer:  # noqa: ANN401 (the callback's own arguments)
        """Call back at a time."""
        timer = _Timer()
        self._count += 1
        heapq.heappush(self._due, (when, self._count, timer, callback, args))
        return timer

    @property
    def waiting(self) -> list[float]:
        """The times at which something is due, in order."""
        return sorted(when for when, _, timer, _, _ in self._due if not timer.cancelled)

    async def advance(self, seconds: float) -> None:
        """Go on by some seconds at once, and let everything run that became due."""
        self.now += seconds
        await settle()
        while self._due and self._due[0][0] - self.early <= self.now:
            _, _, timer, callback, args = heapq.heappop(self._due)
            if not timer.cancelled:
                callback(*args)
            await settle()


async def settle() -> None:
    """Let the tasks that are ready run until nothing new comes of it: a few turns of the loop."""
    for _ in range(10):
        await asyncio.sleep(0)
