"""The time that a stop has, and what went wrong in it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from typing import Any

from svcctl.application.lifecycle import DEFAULT_BUDGET
from svcctl.application.tree.record import Record

#: Seconds in which cancelled hooks may clean up before they are given up, all of them together.
GRACE = 1.0

#: Seconds that each of them has in any case.
SHORTEST_GRACE = 0.02


class Stopping:
    """The stop of one service and all below it: its deadline and what went wrong.

    Args:
        limit: Seconds from now; ``None`` for those of ``outer``.
        outer: The stop that this one is part of; its deadline holds too, and its list of errors is shared.

    Attributes:
        cut: Whoever asked for the stop does not want to wait any longer.
        exits: What hooks asked for that raised ``SystemExit`` or ``KeyboardInterrupt``.
    """

    __slots__ = ("cut", "deadline", "errors", "exits", "grace", "outer", "task")

    def __init__(self, limit: float | None, outer: Stopping | None = None) -> None:
        own = asyncio.get_running_loop().time() + (math.inf if limit is None else limit)
        self.deadline: float = own if outer is None else min(own, outer.deadline)
        self.errors: list[Exception] = outer.errors if outer is not None else []
        self.exits: list[BaseException] = outer.exits if outer is not None else []
        self.outer = outer
        self.task = asyncio.current_task()
        # A hook that stops its children itself must not need longer than those who wait for the hook.
        self.grace: float = GRACE if outer is None else outer.grace / (1 if outer.task is self.task else 2)
        self.cut = False

    def left(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self.deadline - asyncio.get_running_loop().time())

    async def wait(
        self, tasks: Iterable[asyncio.Future[Any]], limit: float
    ) -> dict[asyncio.Future[Any], str]:
        """Wait for tasks; when the limit is over, or this stop is cut short, cancel those not done.

        Returns:
            The tasks that had to be cancelled, each with the place where it stood.
        """
        tasks = set(tasks)
        await self._patiently(tasks, limit)
        late = {task: stack_of(task) for task in tasks if not task.done()}
        for task in late:
            cancel_soon(task)
        if late:
            now = asyncio.get_running_loop().time
            await self._patiently(set(late), self._grace_left())
            until = now() + SHORTEST_GRACE  # which they have however often whoever waits is cancelled
            while (left := {task for task in late if not task.done()}) and self.cut and now() < until:
                await self._patiently(left, until - now())
        return late

    def _grace_left(self) -> float:
        outermost = self
        while outermost.outer is not None:
            outermost = outermost.outer
        total = outermost.deadline + GRACE - asyncio.get_running_loop().time()
        return max(SHORTEST_GRACE, min(self.grace, total))

    async def _patiently(self, tasks: set[asyncio.Future[Any]], limit: float) -> None:
        try:
            await asyncio.wait(tasks, timeout=limit)
        except asyncio.CancelledError:
            # Whoever stops us early wants everything visited, only without waiting.
            self.cut_short()

    def cut_short(self) -> None:
        """Let this stop and those around it end now, as far as the same task does them."""
        now = asyncio.get_running_loop().time()
        run: Stopping | None = self
        while run is not None and run.task is self.task:
            run.cut = True
            run.deadline = min(run.deadline, now)
            run = run.outer


def budget_of(record: Record) -> float:
    """Return the seconds that a service which stops by itself may take."""
    own: float | None = getattr(record.service, "stop_timeout", None)
    return DEFAULT_BUDGET if own is None else own


def cancel_soon(task: asyncio.Future[Any]) -> None:
    """Cancel a task, but not before its first step: it would never run, and stop nothing."""
    task.get_loop().call_soon(task.cancel)


def stack_of(task: asyncio.Future[Any], leave_out: str | None = None) -> str:
    """Return where a task stands, innermost frame first; empty for what is no task of a coroutine.

    Args:
        task: The task.
        leave_out: Frames of files below this folder do not matter.
    """
    return frames_of(task.get_coro() if isinstance(task, asyncio.Task) else None, leave_out)


def frames_of(coroutine: Any, leave_out: str | None = None) -> str:  # noqa: ANN401 (coroutines, and what they await)
    """Return where a coroutine stands, as :func:`stack_of` does."""
    frames: list[str] = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None and not (leave_out and frame.f_code.co_filename.startswith(leave_out)):
            frames.append(f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}")
        coroutine = getattr(coroutine, "cr_await", None)
    return ", ".join(reversed(frames))
