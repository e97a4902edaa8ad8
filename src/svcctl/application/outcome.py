"""What adding and removing services on a running tree returns: a result that may be awaited or dropped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from typing import Any

from svcctl.application.failing import PERMANENT, TEMPORARY, escalate, kind_of
from svcctl.application.lifecycle import start_record
from svcctl.application.record import (
    RESTING,
    RUNNING,
    Record,
    State,
    forget,
    is_at_rest,
    next_change,
    path_of,
    root_of,
    unchanging,
)
from svcctl.application.stopping import budget_of, stop_at_once
from svcctl.errors import DependencyError, LifecycleError, Problem

_log = logging.getLogger(__name__)


class Outcome:
    """The end of a start or stop that runs by itself.

    Awaiting it raises what went wrong. If nobody awaits it, a failed start counts as a failure of the tree, and a
    failed stop is logged: nothing is lost.

    Args:
        record: The service.
        task: What starts or stops it.
        former: The collection it was removed from; ``None`` if this is a start.
    """

    __slots__ = ("_former", "_record", "_task", "_told", "_waiting")

    def __init__(self, record: Record, task: asyncio.Task[None], former: Record | None = None) -> None:
        self._record = record
        self._former = former
        self._task = task
        self._waiting = 0
        self._told = False
        task.add_done_callback(self._ended)

    def __await__(self) -> Generator[Any, None, None]:
        self._waiting += 1
        try:
            yield from asyncio.shield(self._task).__await__()
        except asyncio.CancelledError:
            if not self._task.cancelled():
                raise  # whoever waits was cancelled, not what it waits for
            raise LifecycleError(f"{path_of(self._record)} was interrupted before it was done") from None
        finally:
            self._waiting -= 1
            self._told |= self._task.done()

    def _ended(self, task: asyncio.Task[None]) -> None:
        record = self._record
        was_start = record.start_task is task
        if was_start:
            record.start_task = None
        if record.stop_task is task:
            record.stop_task = None
        if self._former is not None and self._former.departing is not None:
            self._former.departing.discard(task)
        if is_at_rest(record) and record.parent is None:
            forget(record)
        error = None if task.cancelled() else task.exception()
        if error is None or self._waiting or self._told:
            return
        if was_start and record.parent is not None:
            escalate(record, error)
            return
        _log.error("service failed on its way out", exc_info=error, extra={"svcctl_path": path_of(record)})


def starting(record: Record) -> Outcome:
    """Start a service that was added to a running collection, once whoever stops it now is done."""
    task = asyncio.get_running_loop().create_task(_join(record, record.stop_task))
    record.start_task = task
    return Outcome(record, task)


def leaving(record: Record, former: Record | None, failure: BaseException | None = None) -> Outcome:
    """Stop one service alone, in a task of its own.

    Args:
        record: The service.
        former: The collection that it was removed from, which waits for that when it stops itself; ``None`` if it
            stays where it is.
        failure: Why it counts as failed, not as stopped, afterwards.
    """
    before = record.start_task, record.stop_task
    if record.start_task is not None:
        record.start_task.cancel()
    task = asyncio.get_running_loop().create_task(_leave(record, before, failure))
    record.stop_task = task
    if former is not None:
        former.departing = former.departing or set()
        former.departing.add(task)
    return Outcome(record, task, former)


async def _join(record: Record, before: asyncio.Task[None] | None) -> None:
    if before is not None:
        await asyncio.wait({before})
    await unchanging(record)
    while (late := next((each for each in record.follows if not _is_up(each)), None)) is not None:
        if late.state in RESTING and late.start_task is None and not _is_mended(late):
            problem = Problem(path_of(record), f"comes after {path_of(late)}, which is {late.state.value}")
            raise DependencyError(f"dependencies of {path_of(root_of(record))}", (problem,))
        await next_change(late)
    if record.parent is not None and record.parent.state in RUNNING:
        await start_record(record)


def _is_up(record: Record) -> bool:
    finished = record.state is State.STOPPED and kind_of(record) != PERMANENT
    return finished or record.state in RUNNING


def _is_mended(record: Record) -> bool:
    supervised = record.parent is not None and record.parent.supervisor is not None
    return supervised and record.state is State.FAILED and kind_of(record) != TEMPORARY


async def _leave(
    record: Record, before: tuple[asyncio.Task[None] | None, ...], failure: BaseException | None
) -> None:
    earlier = {task for task in before if task is not None}
    if earlier:
        await asyncio.wait(earlier)
    await unchanging(record)
    await stop_at_once(record, budget_of(record), failure=failure)
