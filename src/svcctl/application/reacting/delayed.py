"""Calls that are made later, and whatever else runs beside the services."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from svcctl.application.arguments import check_callable, check_interval
from svcctl.application.reacting.errors import AlreadyCalled, AlreadyCancelled
from svcctl.application.tree.record import is_awaitable
from svcctl.errors import UsageError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_log = logging.getLogger(__name__)


class DelayedCall:
    """A call that is going to be made.

    Args:
        calls: The book it is in.
        seconds: Delay, from now on; before there is a loop, from the start of the application.
        function: What is called.
        args: Its arguments.
        kw: Its arguments by keyword.
    """

    def __init__(
        self,
        calls: Calls,
        seconds: float,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kw: dict[str, Any],
    ) -> None:
        self.func, self.args, self.kw = function, args, kw
        self._calls = calls
        self._due = seconds  # counts from the loop's zero once there is a timer
        self._timer: asyncio.TimerHandle | None = None
        self._over: type[AlreadyCalled | AlreadyCancelled] | None = None

    def arm(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the time run, if it does not yet."""
        if self._timer is not None:
            return
        self._due += loop.time()
        self._timer = loop.call_at(self._due, self._fire)

    def active(self) -> bool:
        """Return whether the call is still to be made."""
        return self._over is None

    def getTime(self) -> float:
        """Return when the call is due, in seconds of ``reactor.seconds()``."""
        return self._due if self._timer is not None else seconds() + self._due

    def cancel(self) -> None:
        """Do not make the call.

        Raises:
            AlreadyCalled: It has been made.
            AlreadyCancelled: It has been cancelled.
        """
        self._close(AlreadyCancelled)

    def reset(self, secondsFromNow: float) -> None:
        """Make the call so many seconds from now instead.

        Raises:
            AlreadyCalled: It has been made.
            AlreadyCancelled: It has been cancelled.
            UsageError: It is no number of seconds from 0 up.
        """
        check_interval(secondsFromNow, "delay")
        self._refuse_if_over()
        self._move(secondsFromNow + (seconds() if self._timer is not None else 0))

    def delay(self, secondsLater: float) -> None:
        """Make the call so many seconds later than it is due; a negative number makes it earlier.

        Raises:
            AlreadyCalled: It has been made.
            AlreadyCancelled: It has been cancelled.
        """
        self._refuse_if_over()
        self._move(self._due + secondsLater)

    def _move(self, due: float) -> None:
        self._due = due
        if self._timer is not None:
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_at(due, self._fire)

    def _fire(self) -> None:
        self._close(AlreadyCalled)
        self._calls.call(self.func, self.args, self.kw)

    def _close(self, over: type[AlreadyCalled | AlreadyCancelled]) -> None:
        self._refuse_if_over()
        self._over = over
        self._calls.pending.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def _refuse_if_over(self) -> None:
        if self._over is not None:
            what = "made" if self._over is AlreadyCalled else "cancelled"
            raise self._over(f"the call of {self.func!r} has been {what} already", hint="ask active() first")


class Calls:
    """Delayed calls, and the tasks and threads that calls have begun.

    What a call raises is logged with its traceback and costs nothing else. What it returns is awaited if it can be.

    Attributes:
        pending: The calls that are to be made.
        running: What is in progress, in the loop or in threads.
        threads: How many threads there may be.
    """

    _pool: ThreadPoolExecutor | None = None

    def __init__(self) -> None:
        self.threads = 10
        self.pending: set[DelayedCall] = set()
        self.running: set[asyncio.Future[Any]] = set()

    def later(
        self, delay: float, function: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]
    ) -> DelayedCall:
        """Make a call after a delay in seconds; without a loop, that counts from :meth:`arm`."""
        check_interval(delay, "delay")
        check_callable(function)
        call = DelayedCall(self, delay, function, args, kw)
        self.pending.add(call)
        loop = running_loop()
        if loop is not None:
            call.arm(loop)
        return call

    def arm(self) -> None:
        """Let the time of the calls run that were asked for before there was a loop."""
        loop = asyncio.get_running_loop()
        for call in tuple(self.pending):
            call.arm(loop)

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]) -> None:
        """Make a call now."""
        try:
            result = function(*args, **kw)
        except Exception:  # noqa: BLE001 (users' code may raise anything)
            _log.exception("a call failed", extra={"svcctl_call": repr(function)})
            return
        if is_awaitable(result):
            self.keep(asyncio.ensure_future(result), function)

    def keep(self, work: asyncio.Future[Any], function: Callable[..., Any]) -> None:
        """Wait for something at the end, and log how it fails."""
        self.running.add(work)
        work.add_done_callback(lambda _: self._ended(work, function))

    def _ended(self, work: asyncio.Future[Any], function: Callable[..., Any]) -> None:
        self.running.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None:
            _log.error("a call failed", exc_info=error, extra={"svcctl_call": repr(function)})

    def in_thread(self, function: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]) -> None:
        """Make a call in a thread of the pool."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (few use threads)

            self._pool = ThreadPoolExecutor(self.threads, "svcctl-reactor")
        work = functools.partial(function, *args, **kw)
        self.keep(asyncio.get_running_loop().run_in_executor(self._pool, work), function)

    def resize(self, threads: int) -> None:
        """Set how many threads there may be; what runs in the present ones goes on.

        Raises:
            UsageError: It is no whole number from 1 up.
        """
        check_threads(threads)
        self.threads = threads
        self._drop_pool()

    async def end(self) -> None:
        """Make no more calls, cancel what still runs in the loop, and wait for what runs in threads."""
        for call in tuple(self.pending):
            call.cancel()
        for work in self.running:
            if isinstance(work, asyncio.Task):
                work.cancel()
        try:
            while self.running:
                await asyncio.wait(self.running)
        finally:
            self._drop_pool()

    def _drop_pool(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None


def check_threads(threads: object) -> None:
    """Refuse what is no number of threads.

    Raises:
        UsageError: It is no whole number from 1 up.
    """
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise UsageError(f"{threads!r} is no number of threads", hint="give a whole number from 1 up")


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread; ``None`` if there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def seconds() -> float:
    """Return the time of the loop's clock, in seconds from an arbitrary moment."""
    loop = running_loop()
    return time.monotonic() if loop is None else loop.time()
