"""A service that calls a function periodically."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from svcctl.application.arguments import check_callable, check_interval
from svcctl.application.service import Service
from svcctl.application.tree.record import is_awaitable


class TimerService(Service):
    """Calls a function at once and then periodically.

    Calls happen at multiples of the interval from the start: they neither drift nor overlap, and those that are
    missed because a call took too long are left out. A plain function that raises in its first call fails the
    start. A call that raises later on, or that is awaited (the start does not wait for the first one), is a failure
    of the service. Only calls that have to be awaited get a task.

    Args:
        step: Interval in seconds; 0 calls as fast as possible.
        callable: A function or coroutine function.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Attributes:
        clock: Something with ``time()`` and ``call_at(when, callback)``; ``None`` for the running loop.

    Raises:
        UsageError: ``step`` is negative or no number, or ``callable`` cannot be called.
    """

    kind = "timer"
    clock: Any = None
    _calls: _Calls | None = None

    def __init__(self, step: float, callable: Callable[..., Any], *args: Any, **kwargs: Any) -> None:  # noqa: A002, ANN401 (the framework's name; the function's own arguments)
        check_interval(step)
        check_callable(callable)
        self.step = step
        self.call = (callable, args, kwargs)

    def startService(self) -> Awaitable[None] | None:
        """Call for the first time, and set the clock for the next."""
        calls = self._calls = _Calls(self, self.clock or asyncio.get_running_loop())
        try:
            calls.first()
        except BaseException:
            self._calls = None
            raise
        return super().startService()

    def stopService(self) -> Awaitable[None] | None:
        """Wait for a call in progress; call no more."""
        calls, self._calls = self._calls, None
        pending = calls.end() if calls is not None else None
        if pending is None:
            return super().stopService()
        return self._finish(pending)

    async def _finish(self, pending: asyncio.Future[Any]) -> None:
        try:
            await asyncio.wait({pending})
        except asyncio.CancelledError:
            pending.cancel()
            raise
        super().stopService()
        pending.result()

    def calling(self) -> Sequence[tuple[float, Callable[..., Any]]]:
        """Return the function."""
        return ((self.step, self.call[0]),)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        state.pop("_calls", None)
        state.pop("clock", None)
        return state


class _Calls:
    """The calls from one start to the next stop.

    Thousands of timers spend their time in ``_next`` and ``_schedule``: what these need is at hand in one object.
    """

    __slots__ = (
        "began", "call_at", "ended", "function", "handle", "next", "pending", "service", "step", "tick", "time",
    )  # fmt: skip

    def __init__(self, service: TimerService, clock: Any) -> None:  # noqa: ANN401 (a clock)
        function, args, kwargs = service.call
        self.service = service
        self.function = partial(function, *args, **kwargs) if args or kwargs else function
        self.step = service.step
        self.time = clock.time
        self.call_at = clock.call_at
        self.next = self._next
        self.began = clock.time()
        self.tick = 0
        self.ended = False
        self.handle: Any = None
        self.pending: asyncio.Future[Any] | None = None

    def first(self) -> None:
        """Call within the start, which what it raises is a failure of."""
        self._go_on(self.function())

    def end(self) -> asyncio.Future[Any] | None:
        """Call no more; return the call in progress."""
        self.ended = True
        if self.handle is not None:
            self.handle.cancel()
        return self.pending

    def _next(self) -> None:
        try:
            result = self.function()
        except Exception as error:  # noqa: BLE001 (the function may raise anything)
            self._fail(error)
            return
        if result is None:
            self._schedule()
        else:
            self._go_on(result)

    def _go_on(self, result: object) -> None:
        if is_awaitable(result):
            self.pending = asyncio.ensure_future(result)
            self.pending.add_done_callback(self._awaited)
        else:
            self._schedule()

    def _schedule(self) -> None:
        if self.ended:
            return  # stopped during the call
        # The next one in any case: loops with a coarse clock wake us a little too early.
        self.tick = tick = self.tick + 1
        due = self.began + tick * self.step
        now = self.time()
        if due <= now:
            due = self._skip(now)
        self.handle = self.call_at(due, self.next)

    def _skip(self, now: float) -> float:
        """Leave out the dates that have passed; return the next."""
        if not self.step:
            return now
        self.tick = max(self.tick, int((now - self.began) / self.step) + 1)
        due: float = self.began + self.tick * self.step
        return due

    def _awaited(self, call: asyncio.Future[Any]) -> None:
        self.pending = None
        if self.ended:
            return  # whoever stops the service waits for the call, and sees how it went
        error = asyncio.CancelledError() if call.cancelled() else call.exception()
        if error is not None:
            self._fail(error)
        else:
            self._schedule()

    def _fail(self, error: BaseException) -> None:
        self.ended = True
        self.service.fail(error)
