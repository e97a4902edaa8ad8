"""What adding and removing services on a running tree returns: a result that may be awaited or dropped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from svcctl.application.tree.budget import budget_of, cancel_soon
from svcctl.application.tree.failing import escalate
from svcctl.application.tree.record import (
    CHANGING,
    RUNNING,
    STARTING,
    Record,
    forget,
    is_at_rest,
    is_below,
    is_ending,
    next_change,
    path_of,
    root_of,
    settle,
    unchanging,
)
from svcctl.application.tree.starting import start_record
from svcctl.application.tree.stopping import stop_at_once
from svcctl.errors import DependencyError, LifecycleError, Problem

if TYPE_CHECKING:
    from svcctl.application.supervision import Supervisor

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
            self._former.departing.pop(task, None)
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
    """Start a service alone: what it comes after, and whoever stops it now, is waited for.

    No start of a collection waits for it, as whom it waits for may wait for that. Only who has started the whole
    tree does, once that is ready.
    """
    task = asyncio.get_running_loop().create_task(_join(record, record.stop_task))
    record.start_task = task
    root = root_of(record)
    alone = root.alone = root.alone or set()
    alone.add(task)
    task.add_done_callback(alone.discard)
    return Outcome(record, task)


def leaving(record: Record, former: Record | None, failure: BaseException | None = None) -> Outcome:
    """Stop one service alone, in a task of its own, once what has been removed and comes after it has stopped.

    Args:
        record: The service.
        former: The collection that it was removed from, which waits for that when it stops itself; ``None`` if it
            stays where it is.
        failure: Why it counts as failed, not as stopped, afterwards.
    """
    if record.start_task is not None and not record.ended:  # what ends by itself may finish its start
        record.start_task.cancel()
    home = former or record.parent
    gone = (home.departing if home is not None else None) or {}
    before = {task for task, each in gone.items() if record in each.follows}
    before |= {task for task in (record.start_task, record.stop_task) if task is not None}
    task = asyncio.get_running_loop().create_task(_leave(record, before, failure))
    record.stop_task = task
    if former is not None:
        former.departing = former.departing or {}
        former.departing[task] = record
    return Outcome(record, task, former)


async def _join(record: Record, before: asyncio.Task[None] | None) -> None:
    try:
        if before is not None:
            await asyncio.wait({before})
        await unchanging(record)
        while record.parent is not None and record.parent.state is STARTING:
            await next_change(record.parent)
        while (late := _obstacle(record)) is not None:
            awaited = _awaited(late)
            if awaited is None:
                problem = Problem(
                    path_of(record), f"comes after {path_of(late)}, which is {late.state.value}"
                )
                raise DependencyError(f"dependencies of {path_of(root_of(record))}", (problem,))
            await next_change(awaited)
        if record.parent is not None and record.parent.state in RUNNING and not is_ending(record.parent):
            await start_record(record)
    finally:
        settle(record)  # whoever waits for a start that did not come has to know, too


def _obstacle(record: Record) -> Record | None:
    """Return what a service, or something around it, comes after and what is not up; the outermost if there are several."""
    line = _line(record)
    for level in reversed(line):
        for each in level.follows:
            if not _is_up(each):
                return each
    return _elsewhere(record, line)


def _elsewhere(record: Record, line: list[Record]) -> Record | None:
    for who, those in line[-1].crossing.items():
        if is_below(who, record):
            for whom in those:
                found = _outermost_down(whom, line)
                if found is not None:
                    return found
    return None


def _line(record: Record) -> list[Record]:
    line = [record]
    while line[-1].parent is not None:
        line.append(line[-1].parent)
    return line


def _outermost_down(record: Record, around: list[Record]) -> Record | None:
    found = None
    above: Record | None = record
    while above is not None and above not in around:
        if not _is_up(above):
            found = above
        above = above.parent
    return found


def _is_up(record: Record) -> bool:
    supervisor = _supervisor_of(record)
    mended = supervisor is not None and supervisor.mends(record)
    return record.ended or (record.state in RUNNING and not mended)


def _awaited(record: Record) -> Record | None:
    """Return whose next change may bring up a service that is down; nobody's if it stays down."""
    starts = record.start_task is not None and not record.start_task.done()
    supervisor = _supervisor_of(record)
    mended = supervisor is not None and supervisor.tries(record)
    if starts or record.state in CHANGING or mended:
        return record
    if record.parent is not None and record.parent.state is STARTING:
        return record.parent if record.served else record  # it has failed since, or its turn comes
    return None


def _supervisor_of(record: Record) -> Supervisor | None:
    return record.parent.supervisor if record.parent is not None else None


async def _leave(record: Record, before: set[asyncio.Task[None]], failure: BaseException | None) -> None:
    budget = budget_of(record)
    while (left := {task for task in before if not task.done()}) or record.state in CHANGING:
        try:
            if left:
                await asyncio.wait(left)
            await unchanging(record)
        except asyncio.CancelledError:  # the time of the whole stop is over, so theirs is, too
            budget = 0.0
            for task in left:
                cancel_soon(task)
    await stop_at_once(record, budget, failure=failure)
