"""How a tree stops: drain everything, then visit every service in reverse, each within its limit."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable
from typing import Any

from svcctl.application.lifecycle import DEFAULT_BUDGET, StopChildren, release, resolve
from svcctl.application.record import (
    Record,
    State,
    children_of,
    forget,
    is_awaitable,
    is_collection,
    move,
    path_of,
    walk,
)
from svcctl.errors import LifecycleError, StopError, StopTimeoutError

_log = logging.getLogger(__name__)

#: Part of the budget that the drain may use up; the rest is for the services' own ``stopService``.
DRAIN_SHARE = 0.8

#: Seconds in which a cancelled hook may clean up before it is given up.
GRACE = 1.0


class Stopping:
    """The stop of one service and all below it: its deadline and what went wrong.

    Args:
        limit: Seconds from now; ``None`` for those of ``outer``.
        outer: The stop that this one is part of; its deadline holds too, and its list of errors is shared.
    """

    __slots__ = ("cut", "deadline", "errors")

    def __init__(self, limit: float | None, outer: Stopping | None = None) -> None:
        own = asyncio.get_running_loop().time() + (math.inf if limit is None else limit)
        self.deadline: float = own if outer is None else min(own, outer.deadline)
        self.errors: list[Exception] = outer.errors if outer is not None else []
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
            task.cancel()
        if late:
            await self._patiently(set(late), GRACE)
        return late

    async def _patiently(self, tasks: set[asyncio.Future[Any]], limit: float) -> None:
        try:
            await asyncio.wait(tasks, timeout=limit)
        except asyncio.CancelledError:
            # Whoever stops us early wants everything visited, only without waiting.
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            self.cut = True
            self.deadline = asyncio.get_running_loop().time()


async def stop_record(record: Record, budget: float, *, call_hook: bool = True) -> None:
    """Drain and stop one service and all below it; see :func:`svcctl.application.lifecycle.stop`."""
    if record.state is State.STARTING and not await _cancel_start(record):
        raise LifecycleError(f"{path_of(record)} is starting; cancel its start instead of stopping it")
    if record.state is State.STOPPING:
        await gone(record)
        return
    if not record.started:
        release(reversed(walk(record)))
        return
    run = Stopping(budget)
    await _drain(record, run)
    await _stop(record, run, call_hook=call_hook)
    if run.errors:
        raise ExceptionGroup(f"{path_of(record)} did not stop cleanly", run.errors)
    if run.cut:
        raise asyncio.CancelledError


async def stop_children(record: Record) -> None:
    """Stop the children of a collection that is stopping, in reverse."""
    for child in reversed(children_of(record)):
        await _stop(child, record.stopping)


async def roll_back(record: Record) -> tuple[Exception, ...]:
    """Stop what started of a service whose start failed, and release what was bound; return what went wrong."""
    run = Stopping(getattr(record.service, "stop_timeout", None) or DEFAULT_BUDGET)
    if record.started:
        await _drain(record, run)
        await _stop(record, run)
    else:
        for child in reversed(children_of(record)):
            await _drain(child, run)
            await _stop(child, run)
        release((record,))
    resolve(record)
    return tuple(run.errors)


async def gone(record: Record) -> None:
    """Wait until a service that is starting or stopping has come to its end."""
    if record.leaving is None:
        record.leaving = asyncio.get_running_loop().create_future()
    await asyncio.shield(record.leaving)


async def _cancel_start(record: Record) -> bool:
    task = record.task
    if task is None or task is asyncio.current_task():
        return False
    task.cancel()
    await asyncio.wait({task})
    return True


async def _drain(record: Record, run: Stopping) -> None:
    tasks: dict[asyncio.Future[Any], Record] = {}
    for each in walk(record):
        hook = getattr(each.service, "drain", None)
        if not each.started or hook is None:
            continue
        try:
            result = hook()
        except Exception as error:  # noqa: BLE001 (a service may raise anything; all are visited)
            run.errors.append(StopError(path_of(each), error))
            continue
        if is_awaitable(result):
            tasks[asyncio.ensure_future(result)] = each
    if not tasks:
        return
    await run.wait(tasks, run.left() * DRAIN_SHARE)
    for task, each in tasks.items():
        if task.done() and not task.cancelled() and (failure := task.exception()) is not None:
            run.errors.append(StopError(path_of(each), failure))


async def _stop(record: Record, outer: Stopping, *, call_hook: bool = True) -> None:
    if record.state is State.STARTING:
        await _cancel_start(record)
    elif record.state is State.STOPPING:
        await outer.wait({asyncio.ensure_future(gone(record))}, outer.left())
        return
    if not record.started:
        release(reversed(walk(record)))
        return
    run = record.stopping = Stopping(getattr(record.service, "stop_timeout", None), outer)
    move(record, State.STOPPING)
    if call_hook:
        await _call_hook(record, run)
    if is_collection(record.service):
        await stop_children(record)
    outer.cut |= run.cut
    record.stopping = None
    record.started = record.bound = False
    move(record, State.STOPPED)
    resolve(record)
    forget(record)


async def _call_hook(record: Record, run: Stopping) -> None:
    try:
        result = record.service.stopService()
    except Exception as error:  # noqa: BLE001 (a service may raise anything; all are visited)
        run.errors.append(StopError(path_of(record), error))
        return
    if not is_awaitable(result) or isinstance(result, StopChildren):
        return  # the driver stops the children next, whether the hook asked for it or not
    limit = run.left()
    task = asyncio.ensure_future(result)
    late = await run.wait({task}, limit)
    if not task.done() or task.cancelled():
        run.errors.append(StopTimeoutError(path_of(record), limit, late.get(task, "")))
    elif (failure := task.exception()) is not None:
        run.errors.append(StopError(path_of(record), failure))


def stack_of(task: asyncio.Future[Any]) -> str:
    """Return where a task stands, innermost frame first; empty for what is no task of a coroutine."""
    coroutine = task.get_coro() if isinstance(task, asyncio.Task) else None
    frames: list[str] = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None:
            frames.append(f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}")
        coroutine = getattr(coroutine, "cr_await", None)
    return ", ".join(reversed(frames))
