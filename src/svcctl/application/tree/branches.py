"""Starting and stopping the children of an ordered collection: what does not depend on each other, at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from svcctl.application.tree.budget import cancel_soon
from svcctl.application.tree.record import (
    CHANGING,
    STARTING,
    Record,
    next_change,
    root_of,
    settle,
    starts_alone,
    stays_started,
)
from svcctl.errors import StartError

_log = logging.getLogger(__name__)

Work = Callable[[Record], Awaitable[None]]


class Branches:
    """Work on records, each in a task of its own, begun when that on all before it has ended.

    Args:
        before: For each record, what comes before it; others than the keys count as done.
        work: What to do.

    Attributes:
        tasks: Those that run now.
    """

    def __init__(self, before: Mapping[Record, Iterable[Record]], work: Work) -> None:
        self.tasks: dict[Record, asyncio.Task[None]] = {}
        self._work = work
        self._counts = dict.fromkeys(before, 0)
        self._followers: dict[Record, list[Record]] = {record: [] for record in before}
        self._errors: list[BaseException] = []
        self._held = False
        self._wake: asyncio.Future[None] | None = None
        for record, those in before.items():
            for each in those:
                if each in before:
                    self._counts[record] += 1
                    self._followers[each].append(record)
        self._ready = [record for record, count in self._counts.items() if not count]

    async def run(self) -> None:
        """Do all of it; raise the first error as soon as it is there. It can be called again after that."""
        self._held = False
        self._begin()
        while self.tasks and not self._errors:
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        if self._errors:
            raise self._errors.pop(0)

    def _begin(self) -> None:
        if self._held:
            return
        loop = asyncio.get_running_loop()
        ready, self._ready = self._ready, []
        for record in ready:
            self.tasks[record] = loop.create_task(self._do(record))

    async def _do(self, record: Record) -> None:
        try:
            await self._work(record)
        except GeneratorExit:
            raise  # the loop is gone, and with it all that could be begun
        except asyncio.CancelledError:
            pass  # only cancel() does that, and whoever called it knows
        except BaseException as error:  # noqa: BLE001 (asyncio would let an exit out of the loop, past whoever waits)
            self._errors.append(error)
            self._held = True
        # Here, not when somebody has heard of the end: each turn of the loop would add to the longest path.
        del self.tasks[record]
        for each in self._followers[record]:
            self._counts[each] -= 1
            if not self._counts[each]:
                self._ready.append(each)
        self._begin()
        if (self._errors or not self.tasks) and self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def cancel(self) -> None:
        """Cancel what runs now; nothing else begins before it is run again."""
        self._held = True
        for task in self.tasks.values():
            cancel_soon(task)

    async def ended(self) -> list[BaseException]:
        """Wait for the end of what runs now, however often whoever waits is cancelled; return what went wrong."""
        while self.tasks:
            try:
                await asyncio.wait(self.tasks.values())
            except asyncio.CancelledError:
                continue
        return self._errors


async def start_branches(parent: Record, pending: list[Record], start: Work) -> None:
    """Start children in the order of their graph; when one fails, abandon those that are starting."""
    branches = Branches({each: each.follows for each in pending}, partial(_start_in_turn, parent, start))
    parent.branches = branches.tasks
    try:
        await branches.run()
    except BaseException as error:
        branches.cancel()
        others = await branches.ended()
        exits = [each for each in others if not isinstance(each, Exception)]
        if exits and isinstance(error, Exception):
            raise exits[0] from error
        failures = tuple(each for each in others if isinstance(each, Exception))
        if isinstance(error, StartError):
            error.rollback += failures
        else:
            for each in failures:
                _log.error("start failed while it was abandoned", exc_info=each)
        raise
    finally:
        parent.branches = None


def _start_in_turn(parent: Record, start: Work, child: Record) -> Awaitable[None]:
    """Start a child if all that it comes after is up, as nearly always; else when it is.

    Each coroutine around another is one more that every turn of the loop goes through.
    """
    if child.parent is parent and _late(parent, child) is None and child not in parent.root.crossing:
        return start(child)
    return _start_when_due(parent, start, child)


async def _start_when_due(parent: Record, start: Work, child: Record) -> None:
    while child.parent is parent:  # else it has been removed, and what it came after may be, too
        late = _late(parent, child)
        if late is None and all(map(_was_up, root_of(parent).crossing.get(child, ()))):
            break
        if late is None or starts_alone(late):
            from svcctl.application.tree.outcome import starting  # noqa: PLC0415 (only for trees that change while they run)

            starting(child)
            return
        if not _is_coming(late, parent):  # its turn in this start is over, or was never planned
            settle(child)
            return
        await next_change(late)
    await start(child)


def _late(parent: Record, child: Record) -> Record | None:
    """Return the first of those that a child comes after that is not up."""
    for each in child.follows:
        if each.parent is parent and (each.state is STARTING or not stays_started(each)):
            return each
    return None


def _was_up(record: Record) -> bool:
    above: Record | None = record
    while above is not None and not (record.served or above.ended):
        above = above.parent
    return above is not None


def _is_coming(record: Record, parent: Record) -> bool:
    return record.state in CHANGING or record in (parent.branches or {})


async def stop_branches(pending: list[Record], stop: Work, cut: Callable[[], None]) -> None:
    """Stop children in the reverse order of their graph.

    Args:
        pending: The children.
        stop: Stops one; never raises.
        cut: Called when whoever waits is cancelled: from then on nobody has time left.
    """
    before: dict[Record, list[Record]] = {each: [] for each in pending}
    for each in pending:
        for other in each.follows:
            if other in before:
                before[other].append(each)
    branches = Branches(before, stop)
    while True:
        try:
            await branches.run()
        except asyncio.CancelledError:
            cut()
            branches.cancel()
        else:
            return
