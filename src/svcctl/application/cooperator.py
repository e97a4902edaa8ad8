"""A service that does long work in small steps, a little of each piece in turn."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Generator, Iterator
from typing import Any

from svcctl.application.service import Service
from svcctl.application.tree.record import is_awaitable
from svcctl.errors import UsageError

#: Seconds of work between two turns of the event loop.
SLICE = 0.01

#: Most steps between two turns of the event loop, for clocks that stand still.
MOST_STEPS = 1000


class CooperatorService(Service):
    """Iterates over iterators in turn, one step of each at a time, while the event loop goes on with all the rest.

    Work that is added before the start waits for it. The stop ends what is left: generators are closed, and what
    they wait for is cancelled.
    """

    kind = "cooperator"
    _works: set[_Work] | None = None
    _ready: deque[_Work] | None = None
    _handle: asyncio.Handle | None = None
    _waiting_for_start: list[_Work] | None = None
    _stopped = False

    def coiterate(self, iterator: Iterator[Any]) -> Awaitable[Any]:
        """Iterate over an iterator to its end, step by step.

        An iterator that yields an awaitable goes on when that is done; whatever else it yields is dropped.

        Args:
            iterator: The work; a generator, say.

        Returns:
            An awaitable of the iterator, done at its end. It raises what the iterator, or an awaitable that it
            yielded, raises, and ``CancelledError`` if the service stops before the end, or has stopped already.
            Cancelling whoever awaits it ends the work. It may be dropped: what goes wrong is then logged by asyncio.

        Raises:
            UsageError: ``iterator`` is none.

        Example:
            >>> def count(upto):
            ...     for number in range(upto):
            ...         yield
            >>> work = CooperatorService().coiterate(count(1_000_000))
        """
        if not hasattr(type(iterator), "__next__"):
            raise UsageError(
                f"{iterator!r} is no iterator",
                hint="give a generator or iter(...); an async one belongs into a TaskService",
            )
        work = _Work(iterator)
        if self._works is not None:
            self._begin(work)
        elif self._stopped:
            work.end()
        else:
            self._waiting_for_start = [*(self._waiting_for_start or ()), work]
        return work

    def startService(self) -> Awaitable[None] | None:
        """Begin with the work that is there."""
        self._works, self._ready, self._stopped = set(), deque(), False
        waiting, self._waiting_for_start = self._waiting_for_start or [], None
        for work in waiting:
            self._begin(work)
        return super().startService()

    def stopService(self) -> Awaitable[None] | None:
        """End all work, and wait for the end of what it waits for."""
        works, self._works, self._ready, self._stopped = self._works, None, None, True
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        awaited = [work.awaited for work in works or () if work.awaited is not None]
        for work in works or ():
            work.end()
        if awaited:
            return self._finish(awaited)
        return super().stopService()

    async def _finish(self, awaited: list[asyncio.Future[Any]]) -> None:
        await asyncio.wait(awaited)
        super().stopService()

    def _begin(self, work: _Work) -> None:
        if self._works is not None and not work.done():
            self._works.add(work)
            self._go_on(work)

    def _go_on(self, work: _Work) -> None:
        if self._ready is None:
            return  # stopped
        self._ready.append(work)
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + SLICE
        self._handle = None
        ready = self._ready
        for _ in range(MOST_STEPS):
            if not ready or self._ready is not ready:
                return  # nothing to do, or stopped by one of the steps
            work = ready.popleft()
            awaitable = work.step()
            if work.done():
                self._forget(work)
            elif awaitable is None:
                ready.append(work)
            else:
                self._pause(work, awaitable)
            if loop.time() >= ends:
                break
        if ready and self._ready is ready and self._handle is None:
            self._handle = loop.call_soon(self._turn)

    def _pause(self, work: _Work, awaitable: Awaitable[Any]) -> None:
        work.awaited = asyncio.ensure_future(awaitable)
        work.awaited.add_done_callback(lambda _: self._resume(work))

    def _resume(self, work: _Work) -> None:
        if work.resumes():
            self._go_on(work)
        else:
            self._forget(work)

    def _forget(self, work: _Work) -> None:
        if self._works is not None:
            self._works.discard(work)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process, the work among it."""
        state = super().__getstate__()
        for name in ("_works", "_ready", "_handle", "_waiting_for_start", "_stopped"):
            state.pop(name, None)
        return state


class _Work:
    """One iterator: what ``coiterate`` returns."""

    __slots__ = ("_cancelled", "_result", "awaited", "iterator")

    def __init__(self, iterator: Iterator[Any]) -> None:
        self.iterator = iterator
        self.awaited: asyncio.Future[Any] | None = None
        self._result: asyncio.Future[Any] | None = None
        self._cancelled = False

    def __await__(self) -> Generator[Any, None, Any]:
        return self.result.__await__()

    @property
    def result(self) -> asyncio.Future[Any]:
        """The future of its end: made when there is a loop, for work is added before there is one, too."""
        if self._result is None:
            self._result = asyncio.get_running_loop().create_future()
            if self._cancelled:
                self._result.cancel()
        return self._result

    def done(self) -> bool:
        """Tell whether it has ended, in whatever way."""
        return self._cancelled or (self._result is not None and self._result.done())

    def step(self) -> Awaitable[Any] | None:
        """Do one step; return what it has to wait for before the next."""
        if self.done():
            self.end()  # whoever awaited it was cancelled
            return None
        try:
            given = next(self.iterator)
        except StopIteration:
            self._settle()
            return None
        except Exception as error:  # noqa: BLE001 (an iterator may raise anything)
            self._settle(error)
            return None
        return given if is_awaitable(given) else None

    def resumes(self) -> bool:
        """Take note of the end of what it waits for; tell whether the work goes on."""
        awaited, self.awaited = self.awaited, None
        if awaited is None or awaited.cancelled():
            self.end()
        elif (error := awaited.exception()) is not None:
            self._settle(error)
        elif self.done():
            self.end()
        return not self.done()

    def end(self) -> None:
        """End it early."""
        if self.awaited is not None:
            self.awaited.cancel()
        try:
            if inspect.isgenerator(self.iterator) and not self.iterator.gi_running:
                self.iterator.close()
        except Exception as error:  # noqa: BLE001 (a generator may raise anything while it is closed)
            self._settle(error)
        if self._result is not None:
            self._result.cancel()
        self._cancelled = True

    def _settle(self, error: BaseException | None = None) -> None:
        if self.done():
            return
        if error is None:
            self.result.set_result(self.iterator)
        else:
            self.result.set_exception(error)
