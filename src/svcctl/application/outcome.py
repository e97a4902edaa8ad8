"""What adding and removing services on a running tree returns: a result that may be awaited or dropped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from typing import Any

from svcctl.application.lifecycle import DEFAULT_BUDGET, report, start_record
from svcctl.application.record import Record, State, path_of
from svcctl.application.stopping import gone, stop_record

_log = logging.getLogger(__name__)


class Outcome:
    """The end of a start or stop that runs by itself.

    Awaiting it raises what went wrong. If nobody awaits it, a failed start counts as a failure of the tree, and a
    failed stop is logged: nothing is lost.
    """

    __slots__ = ("_awaited", "_record", "_task")

    def __init__(self, record: Record, task: asyncio.Task[None]) -> None:
        self._record = record
        self._task = task
        self._awaited = False
        record.task = task
        task.add_done_callback(self._ended)

    def __await__(self) -> Generator[Any, None, None]:
        self._awaited = True
        return asyncio.shield(self._task).__await__()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._record.task is task:
            self._record.task = None
        if self._awaited or task.cancelled() or (error := task.exception()) is None:
            return
        if self._record.parent is not None:
            report(self._record, error)
        else:
            _log.error(
                "removed service did not stop cleanly",
                exc_info=error,
                extra={"svcctl_path": path_of(self._record)},
            )


def starting(record: Record) -> Outcome:
    """Start a service that was added to a running collection."""
    return Outcome(record, asyncio.get_running_loop().create_task(start_record(record)))


def leaving(record: Record) -> Outcome:
    """Stop a service that was removed from its collection."""
    return Outcome(record, asyncio.get_running_loop().create_task(_leave(record, record.task)))


async def _leave(record: Record, start: asyncio.Task[None] | None) -> None:
    if record.state is State.STARTING and start is not None:
        start.cancel()
        await asyncio.wait({start})
    elif record.state in {State.STARTING, State.STOPPING}:
        await gone(record)
    else:
        await stop_record(record, DEFAULT_BUDGET)
