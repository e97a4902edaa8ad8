"""What adding and removing services on a running tree returns: a result that may be awaited or dropped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from typing import Any

from svcctl.application.lifecycle import report, start_record
from svcctl.application.record import RUNNING, Record, forget, is_at_rest, path_of, unchanging
from svcctl.application.stopping import budget_of, stop_at_once
from svcctl.errors import LifecycleError

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
        if record.start_task is task:
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
        if record.parent is not None:
            report(record, error)
            return
        _log.error("removed service failed", exc_info=error, extra={"svcctl_path": path_of(record)})


def starting(record: Record) -> Outcome:
    """Start a service that was added to a running collection, once whoever stops it now is done."""
    task = asyncio.get_running_loop().create_task(_join(record, record.stop_task))
    record.start_task = task
    return Outcome(record, task)


def leaving(record: Record, former: Record | None) -> Outcome:
    """Stop a service that was removed from its collection, which waits for that when it stops itself."""
    before = record.start_task, record.stop_task
    if record.start_task is not None:
        record.start_task.cancel()
    task = asyncio.get_running_loop().create_task(_leave(record, before))
    record.stop_task = task
    if former is not None:
        former.departing = former.departing or set()
        former.departing.add(task)
    return Outcome(record, task, former)


async def _join(record: Record, before: asyncio.Task[None] | None) -> None:
    if before is not None:
        await asyncio.wait({before})
    await unchanging(record)
    if record.parent is not None and record.parent.state in RUNNING:
        await start_record(record)


async def _leave(record: Record, before: tuple[asyncio.Task[None] | None, ...]) -> None:
    earlier = {task for task in before if task is not None}
    if earlier:
        await asyncio.wait(earlier)
    await unchanging(record)
    await stop_at_once(record, budget_of(record))
