"""Timers with a clock of the test's, and functions for them to call."""

from __future__ import annotations

import asyncio
from typing import Any

from svcctl.application.timer import TimerService
from tests.fakes.clock import Clock


class Calls:
    """A function that keeps the times at which it was called.

    Args:
        clock: The clock.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.times: list[float] = []
        self.may_end: asyncio.Future[None] | None = None

    def now(self) -> None:
        """Take note."""
        self.times.append(self.clock.now)

    async def later(self) -> None:
        """Take note, and take until the test says so."""
        self.now()
        self.may_end = asyncio.get_running_loop().create_future()
        await self.may_end


def timer(clock: Any, step: float, call: Any, *args: Any) -> TimerService:  # noqa: ANN401 (a clock, a function and its arguments)
    """Return a timer with a clock of the test's."""
    service = TimerService(step, call, *args)
    service.clock = clock
    return service
