"""A service that calls a function periodically."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from svcctl.application.record import is_awaitable
from svcctl.application.service import Service
from svcctl.errors import UsageError


class TimerService(Service):
    """Calls a function at once and then periodically.

    Calls happen at multiples of the interval from the start: they neither drift nor overlap, and those that are
    missed because a call took too long are left out. A plain function that raises in its first call fails the
    start. A call that raises later on, or that is awaited (the start does not wait for the first one), is a failure
    of the service.

    Args:
        step: Interval in seconds; 0 calls as fast as possible.
        call: A function or coroutine function.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Attributes:
        clock: Something with ``time()`` and ``call_at(when, callback)``; ``None`` for the running loop.

    Raises:
        UsageError: ``step`` is negative or no number, or ``call`` cannot be called.
    """

    kind = "timer"
    clock: Any = None
    _task: asyncio.Task[None] | None = None
    _pause: asyncio.Future[None] | None = None

    def __init__(self, step: float, call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (the function's own arguments)
        check_interval(step)
        if not callable(call):
            raise UsageError(f"{call!r} cannot be called", hint="give a function")
        self.step = step
        self.call = (call, args, kwargs)

    def startService(self) -> Awaitable[None] | None:
        """Call for the first time, and go on in a task."""
        clock = self.clock or asyncio.get_running_loop()
        began = clock.time()
        first = self._call()
        self._task = asyncio.get_running_loop().create_task(self._repeat(clock, began, first))
        self._task.add_done_callback(self._ended)
        return super().startService()

    def stopService(self) -> Awaitable[None] | None:
        """Wait for a call in progress; call no more."""
        task, self._task = self._task, None
        if task is None or task.done():
            return super().stopService()
        if self._pause is not None:
            task.cancel()
        return self._finish(task)

    async def _finish(self, task: asyncio.Task[None]) -> None:
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        super().stopService()

    def calling(self) -> Sequence[tuple[float, Callable[..., Any]]]:
        """Return the function."""
        return ((self.step, self.call[0]),)

    def _call(self) -> Any:  # noqa: ANN401 (whatever the function returns)
        function, args, kwargs = self.call
        return function(*args, **kwargs)

    async def _repeat(self, clock: Any, began: float, result: Any) -> None:  # noqa: ANN401 (a clock; the function's result)
        tick = 0
        while True:
            if is_awaitable(result):
                await result
            if self._task is None:
                return  # stopped during the call
            now = clock.time()
            if self.step:
                # The next one in any case: loops with a coarse clock wake us a little too early.
                tick = max(tick, int((now - began) / self.step)) + 1
            await self._until(clock, began + tick * self.step if self.step else now)
            result = self._call()

    async def _until(self, clock: Any, due: float) -> None:  # noqa: ANN401 (a clock)
        self._pause = asyncio.get_running_loop().create_future()
        timer = clock.call_at(due, _wake, self._pause)
        try:
            await self._pause
        finally:
            timer.cancel()
            self._pause = None

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("_task", "_pause", "clock"):
            state.pop(name, None)
        return state


def check_interval(step: object) -> None:
    """Refuse what is no interval.

    Raises:
        UsageError: It is no number of seconds from 0 up.
    """
    if isinstance(step, bool) or not isinstance(step, int | float) or not step >= 0:
        raise UsageError(f"{step!r} is no interval", hint="give a number of seconds from 0 up")


def _wake(pause: asyncio.Future[None]) -> None:
    if not pause.done():
        pause.set_result(None)
