"""The driver: brings a tree of services up and down, and keeps its books.

The rules, in short (``docs/explanation/lifecycle.md`` has them at length):

- everything is bound before anything starts; children start in order, each awaited until it is ready;
- a failed start stops what had started and releases what was bound, in reverse, then raises
  :class:`~svcctl.errors.StartError`; what never started is never stopped;
- a stop first drains the whole tree, then visits every service in reverse; errors are raised together.

Example:
    >>> import asyncio
    >>> from svcctl.application.service import Application, IService
    >>> async def main():
    ...     application = Application("nothing")
    ...     await start(application)
    ...     print(IService(application).running)
    ...     await stop(application, budget=5.0)
    >>> asyncio.run(main())
    True
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, NamedTuple

from svcctl.application.interfaces import IService
from svcctl.application.record import (
    DONE,
    Record,
    State,
    Transition,
    children_of,
    forget,
    is_awaitable,
    is_collection,
    move,
    path_of,
    record_of,
    root_of,
    walk,
)
from svcctl.errors import LifecycleError, ServiceFailedError, StartError

_log = logging.getLogger(__name__)

DEFAULT_BUDGET = 10.0


def _top(root: Any) -> Record:  # noqa: ANN401 (an Application, or a service of any class)
    return record_of(IService(root))  # type: ignore[misc,call-arg]  # the interface adapts


class Progress(NamedTuple):
    """How far a tree is.

    Attributes:
        ready: Services that are ready.
        total: Services in the tree.
        waiting: Path of the service that is starting, the innermost one; empty if none is.
    """

    ready: int
    total: int
    waiting: str


class StartChildren:
    """What a collection's ``startService`` returns: awaited, it starts the children.

    Within a start by the driver it need not be awaited: the driver makes sure of the children anyway. A hook
    awaits it to act when they are up; a caller outside of the driver awaits it to start the collection.
    """

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    def __await__(self) -> Generator[Any, None, None]:
        if self._record.state is State.STARTING:
            return start_children(self._record).__await__()
        return start_record(self._record, call_hook=False).__await__()


class StopChildren:
    """What a collection's ``stopService`` returns: awaited, it stops the children, in reverse."""

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    def __await__(self) -> Generator[Any, None, None]:
        from svcctl.application.stopping import stop_children, stop_record  # noqa: PLC0415 (needed only now)

        if self._record.state is State.STOPPING:
            return stop_children(self._record).__await__()
        return stop_record(self._record, DEFAULT_BUDGET, call_hook=False).__await__()


async def bind(root: Any) -> None:  # noqa: ANN401 (services need no common class)
    """Call ``privilegedStartService`` on every service that is not bound yet, parents before children.

    Raises:
        StartError: One of them failed; what was bound has been released.
    """
    await _bind(_top(root))


async def start(root: Any) -> None:  # noqa: ANN401 (services need no common class)
    """Start a tree and return when all of it is ready. Starting what is ready does nothing.

    To abandon a start, cancel the task that awaits this: what had started is stopped before the cancellation
    goes on.

    Raises:
        StartError: A service failed to bind or to start; nothing of the tree runs any more.
        LifecycleError: The tree is starting or stopping at this moment.
    """
    await start_record(_top(root))


async def stop(root: Any, budget: float = DEFAULT_BUDGET) -> None:  # noqa: ANN401 (services need no common class)
    """Drain and stop a tree within a budget of seconds. Stopping what never started does nothing.

    Cancelling the task that awaits this cuts the drain short: every service is still visited, with no time left.

    Raises:
        ExceptionGroup: Services failed to stop; all others have stopped.
        LifecycleError: The tree is starting at this moment: cancel the start instead.
    """
    from svcctl.application.stopping import stop_record  # noqa: PLC0415 (not needed until something stops)

    await stop_record(_top(root), budget)


async def reload(root: Any) -> None:  # noqa: ANN401 (services need no common class)
    """Call the ``reload`` hook of every ready service that has one, parents before children.

    Raises:
        Exception: What the first failing hook raised, after which no further hook is called.
    """
    for record in walk(_top(root)):
        hook = getattr(record.service, "reload", None)
        if record.state is not State.READY or hook is None:
            continue
        move(record, State.RELOADING)
        try:
            result = hook()
            if is_awaitable(result):
                await result
        finally:
            _end_reload(record)


def _end_reload(record: Record) -> None:
    if record.state is State.RELOADING:  # else it failed or was stopped meanwhile
        move(record, State.READY)


def watch(root: Any, observer: Callable[[Transition], None]) -> None:  # noqa: ANN401 (services need no common class)
    """Have an observer called, synchronously, at each transition of each service of the tree."""
    record = _top(root)
    record.observers = [*(record.observers or ()), observer]


def on_failure(root: Any, callback: Callable[[ServiceFailedError], None]) -> None:  # noqa: ANN401 (the same)
    """Have a callback called when a service of the tree fails after it had started."""
    record = _top(root)
    record.failure_callbacks = [*(record.failure_callbacks or ()), callback]


def progress(root: Any) -> Progress:  # noqa: ANN401 (services need no common class)
    """Return how far the tree is."""
    records = walk(_top(root))
    ready = sum(1 for record in records if record.state in {State.READY, State.RELOADING})
    starting = [record for record in records if record.state is State.STARTING]
    return Progress(ready, len(records), path_of(starting[-1]) if starting else "")


def fail(record: Record, error: BaseException) -> None:
    """Take note that a started service has failed by itself, and tell those above."""
    if record.state in {State.READY, State.RELOADING}:
        move(record, State.FAILED, error)
        report(record, error)
    else:
        _log.error(
            "service failed outside of its running time",
            exc_info=error,
            extra={"svcctl_path": path_of(record), "svcctl_state": record.state.value},
        )


def report(record: Record, error: BaseException) -> None:
    """Tell the tree's owner of a failure that nobody else has seen; log it if there is no owner."""
    failure = ServiceFailedError(path_of(record), error)
    failure.__cause__ = error
    callbacks = root_of(record).failure_callbacks
    if not callbacks:
        _log.error("service failed", exc_info=error, extra={"svcctl_path": failure.path})
    for callback in tuple(callbacks or ()):
        callback(failure)


async def start_record(record: Record, *, call_hook: bool = True) -> None:
    """Start one service and all below it; without calling its own hook if that is what asks for it."""
    if record.state in {State.READY, State.RELOADING}:
        return
    if record.state in {State.STARTING, State.STOPPING}:
        raise LifecycleError(f"{path_of(record)} is {record.state.value} already")
    await _bind(record)
    move(record, State.STARTING)
    try:
        result = record.service.startService() if call_hook else None
        if is_awaitable(result) and not isinstance(result, StartChildren):
            await result
        record.started = True
        if is_collection(record.service):
            await start_children(record)
    except Exception as error:
        raise await _abandon(record, error) from error
    except BaseException as error:
        await _abandon(record, error)
        raise
    move(record, State.READY)


async def start_children(record: Record) -> None:
    """Start the children that are not started yet, in order, and those that are added meanwhile."""
    if record.children_busy is not None:
        await asyncio.shield(record.children_busy)
        return
    record.children_busy = asyncio.get_running_loop().create_future()
    try:
        while pending := [child for child in children_of(record) if _is_down(child)]:
            for child in pending:
                if child.parent is record and _is_down(child):
                    await _start_member(record, child)
    finally:
        record.children_busy.set_result(None)
        record.children_busy = None


async def _start_member(parent: Record, child: Record) -> None:
    try:
        await start_record(child)
    except StartError as error:
        if child.parent is parent:
            raise
        # It was removed while it started, so its failure is no longer the collection's.
        _log.warning(
            "removed service failed to start", extra={"svcctl_path": error.path, "svcctl_error": str(error)}
        )
    if child.parent is not parent:
        from svcctl.application.stopping import stop_record  # noqa: PLC0415 (not needed until something stops)

        await stop_record(child, DEFAULT_BUDGET)
        resolve(child)


def _is_down(record: Record) -> bool:
    return record.state in {State.STOPPED, State.FAILED} and not record.started


async def _bind(record: Record) -> None:
    bound: list[Record] = []
    pending = [record]
    while pending:
        each = pending.pop()
        if not each.bound:
            try:
                result = each.service.privilegedStartService()
                if is_awaitable(result):
                    await result
            except BaseException as error:
                release(reversed(bound))
                move(each, State.FAILED, error)
                if not isinstance(error, Exception):
                    raise
                raise StartError(path_of(each), "bind", error) from error
            each.bound = True
            bound.append(each)
        pending.extend(reversed(children_of(each)))


def release(records: Iterable[Record]) -> None:
    """Undo the binding of services that were bound and never started."""
    for record in records:
        if record.bound and not record.started:
            record.bound = False
            hook = getattr(record.service, "release", None)
            try:
                if hook is not None:
                    hook()
            except Exception:  # noqa: BLE001 (a service may raise anything; all of them are released)
                _log.exception("release failed", extra={"svcctl_path": path_of(record)})


async def _abandon(record: Record, error: BaseException) -> BaseException:
    """Undo the start of a service and of all below it; return what to raise."""
    from svcctl.application.stopping import roll_back  # noqa: PLC0415 (not needed until something fails)

    failed_path = path_of(record)
    errors = await roll_back(record)
    move(record, State.FAILED, error)
    if not isinstance(error, Exception):
        for each in errors:
            _log.error("stop failed while a start was abandoned", exc_info=each)
        return error
    failure = error if isinstance(error, StartError) else StartError(failed_path, "start", error)
    failure.rollback += errors
    return failure


def resolve(record: Record) -> None:
    """Tell those who wait for a service's end that it has come."""
    if record.leaving is not None and not record.leaving.done():
        record.leaving.set_result(None)
    record.leaving = None


def added(parent: Record, child: Record) -> Awaitable[None]:
    """Start a child that was added to a ready collection; return what to await for its readiness."""
    child.parent = parent
    if parent.state is not State.READY or not _is_down(child):
        return DONE
    from svcctl.application.outcome import starting  # noqa: PLC0415 (only for trees that change while they run)

    return starting(child)


def removed(child: Record) -> Awaitable[None]:
    """Stop a child that was removed from its collection; return what to await for its end."""
    child.parent = None
    if child.state is State.STOPPED or (child.state is State.FAILED and not child.started):
        release(reversed(walk(child)))
        forget(child)
        return DONE
    from svcctl.application.outcome import leaving  # noqa: PLC0415 (only for trees that change while they run)

    return leaving(child)
