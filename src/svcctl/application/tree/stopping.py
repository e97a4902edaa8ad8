"""How a tree stops: drain everything, then visit every service in reverse, each within its limit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any

from svcctl.application.lifecycle import StopChildren
from svcctl.application.tree.budget import Stopping, budget_of
from svcctl.application.tree.record import (
    CHANGING,
    FAILED,
    RESTING,
    STARTING,
    STOPPED,
    STOPPING,
    Record,
    children_of,
    is_awaitable,
    is_below,
    move,
    path_of,
    settle,
    settled,
    walk,
)
from svcctl.errors import LifecycleError, StartError, StopError, StopTimeoutError

_log = logging.getLogger(__name__)

#: Part of the budget that the drain may use up; the rest is for the services' own ``stopService``.
DRAIN_SHARE = 0.8


async def stop_record(record: Record, budget: float, *, call_hook: bool = True) -> None:
    """Drain and stop one service and all below it; see :func:`svcctl.application.lifecycle.stop`."""
    task = asyncio.current_task()
    if record.start_task is not None and record.start_task is not task:
        record.start_task.cancel()
        await asyncio.wait({record.start_task})
    if record.stop_task is not None:
        await settled(record)
    if record.state is STARTING or record.busy:
        raise LifecycleError(
            f"{path_of(record)} is starting", hint="cancel the task that starts it instead of stopping it"
        )
    if record.state is STOPPING:
        await settled(record)
        return
    await stop_at_once(record, budget, call_hook=call_hook)


async def stop_at_once(
    record: Record, budget: float, *, call_hook: bool = True, failure: BaseException | None = None
) -> None:
    """Drain and stop a service that nobody else starts or stops; what has failed is not drained."""
    run = Stopping(budget)
    if record.started or record.bound:
        move(record, STOPPING)
        if failure is None:
            await _drain(record, run)
    await _bring_down(record, run, call_hook=call_hook, failure=failure)
    if run.exits:
        raise run.exits[0]
    if run.errors:
        raise ExceptionGroup(f"{path_of(record)} did not stop cleanly", run.errors)
    if run.cut:
        raise asyncio.CancelledError


async def stop_children_for_hook(record: Record) -> None:
    """Stop the children for a hook of their collection that waits for it.

    Raises:
        CancelledError: The hook was cancelled; every child has been stopped all the same.
    """
    run = Stopping(None, record.stopping)
    await _stop_children(record, run)
    if run.cut:
        raise asyncio.CancelledError


async def abandon(record: Record, error: BaseException, *, asked: bool) -> BaseException:
    """Undo the start of a service and of all below it.

    Args:
        record: The service.
        error: What ended the start.
        asked: It was somebody's wish, not a failure.

    Returns:
        What to raise: ``error`` itself, or a ``StartError`` because of it.
    """
    failed_path = path_of(record)
    run = Stopping(budget_of(record))
    await _drain(record, run)
    if asked:
        await _bring_down(record, run)
        for each in run.errors:
            _log.error("stop failed while a start was abandoned", exc_info=each)
        return error
    await _bring_down(record, run, failure=error)
    if run.exits:
        return run.exits[0]
    failure = error if isinstance(error, StartError) else StartError(failed_path, "start", error)
    failure.rollback += tuple(run.errors)
    return failure


async def release_all(record: Record) -> None:
    """Undo the binding of whatever is bound and not started, from the last one back, and of what was removed."""
    run = Stopping(budget_of(record))
    for each in reversed(walk(record)):
        if each.bound and not each.started:
            await _release(each, run)
        if each.departing:
            await run.wait(each.departing, run.left())


async def _drain(record: Record, run: Stopping) -> None:
    """Call every ``drain`` that has not been called, and wait for those that others have called, too."""
    tasks, begun = _call_drains(record, run)
    if not tasks and not begun:
        return
    limit = run.left() * DRAIN_SHARE
    late = await run.wait([*tasks, *begun], limit)
    for task, each in tasks.items():
        if task in late:
            _log.warning("drain cut off", extra={"svcctl_path": path_of(each), "svcctl_seconds": limit})
        if not task.done():
            run.errors.append(StopTimeoutError(path_of(each), limit, late[task]))
        elif not task.cancelled() and (failure := task.exception()) is not None:
            run.errors.append(StopError(path_of(each), failure))


def _call_drains(
    record: Record, run: Stopping
) -> tuple[dict[asyncio.Future[Any], Record], list[asyncio.Future[Any]]]:
    tasks: dict[asyncio.Future[Any], Record] = {}
    begun: list[asyncio.Future[Any]] = []
    for each in walk(record):
        if each.draining is not None and not each.draining.done():
            begun.append(each.draining)  # whoever called it reports it
        hook = getattr(each.service, "drain", None)
        if hook is None or each.drained or not each.started or not is_below(each, record):
            continue
        each.drained = True
        try:
            result = hook()
        except Exception as error:  # noqa: BLE001 (a service may raise anything; all are visited)
            run.errors.append(StopError(path_of(each), error))
            continue
        if is_awaitable(result):
            each.draining = asyncio.ensure_future(result)
            tasks[each.draining] = each
    return tasks, begun


async def _stop(record: Record, outer: Stopping) -> None:
    """Stop a child of something that stops, whatever it is doing at this moment."""
    record.ended = record.served = False
    task = record.start_task
    if task is not None and task is not asyncio.current_task():
        task.cancel()
        limit = outer.left()
        late = await outer.wait({task}, limit)
        if not task.done():
            record.error = StopTimeoutError(
                path_of(record), limit, late[task]
            )  # its start fails if it ever ends
            outer.errors.append(record.error)
            return
    while (task := record.stop_task) is not None and task is not asyncio.current_task():
        limit = outer.left()
        late = await outer.wait({task}, limit)  # what is left of its own time does not count any more
        if not task.done():
            outer.errors.append(StopTimeoutError(path_of(record), limit, late[task]))
            return
    if record.state in CHANGING:
        limit = outer.left()
        if await outer.wait({asyncio.ensure_future(settled(record))}, limit):
            outer.errors.append(StopTimeoutError(path_of(record), limit, ""))
            return
    own = getattr(record.service, "stop_timeout", None)
    await _bring_down(record, outer if own is None else Stopping(own, outer))


async def _bring_down(
    record: Record, run: Stopping, *, call_hook: bool = True, failure: BaseException | None = None
) -> None:
    """Stop what has started of a service and all below it, and release what is only bound."""
    started = record.started
    hook = _begin_stop(record, run, call_hook=call_hook) if started else None
    if hook is not None:
        await hook
    if record.background:
        await _end_background(record, run)
    if record.collection:
        await _stop_children(record, run)
    if started:
        record.stopping = record.draining = None
        record.started = record.bound = record.drained = False
    elif record.bound:
        await _release(record, run)
    if failure is not None:
        move(record, FAILED, failure)
    elif record.state not in RESTING:
        move(record, STOPPED)
    if record.settling is not None:
        settle(record)


async def _stop_children(record: Record, run: Stopping) -> None:
    if record.children_task is not None and record.children_settling is not None:
        record.children_task.cancel()  # a hook has them started in a task of its own
        await run.wait({asyncio.shield(record.children_settling)}, run.left())
    if record.supervisor is not None:
        restarts = record.supervisor.halt()
        record.supervisor = None
        if restarts:
            await run.wait(restarts, run.left())
    visited: set[int] = set()
    members: list[int] = []
    while members != (members := list(map(id, record.service))):  # again if somebody came meanwhile
        pending = [child for child in reversed(children_of(record)) if id(child) not in visited]
        visited.update(map(id, pending))
        if record.ordered:
            await _stop_branches(record, pending, run)
            continue
        for child in pending:
            if record.departing:
                await _wait_for_those_who_leave(record, child, run)
            if child.parent is record:
                await _stop(child, run)
    if record.departing:
        await run.wait(record.departing, run.left())


async def _wait_for_those_who_leave(record: Record, child: Record, run: Stopping) -> None:
    leaving = [task for task, gone in (record.departing or {}).items() if child in gone.follows]
    if leaving:
        await run.wait(leaving, run.left())


async def _stop_branches(record: Record, pending: list[Record], run: Stopping) -> None:
    from svcctl.application.tree.branches import stop_branches  # noqa: PLC0415 (only for ordered collections)

    async def stop_one(child: Record) -> None:
        await _wait_for_those_who_leave(record, child, run)
        if child.parent is record:
            await _stop(child, Stopping(None, run))

    await stop_branches(pending, stop_one, run.cut_short)


def _begin_stop(record: Record, run: Stopping, *, call_hook: bool) -> Coroutine[Any, Any, None] | None:
    """Call ``stopService``; return what to await for its end, if there is something."""
    record.stopping = run
    if record.state is not STOPPING:
        move(record, STOPPING)
    if not call_hook:
        return None
    try:
        result = record.service.stopService()
    except (SystemExit, KeyboardInterrupt) as error:
        run.exits.append(error)  # all others are stopped first
        return None
    except BaseException as error:  # noqa: BLE001 (a service may raise anything; all are visited)
        run.errors.append(StopError(path_of(record), error))
        return None
    if not is_awaitable(result) or (isinstance(result, StopChildren) and result.record is record):
        return None  # the driver stops the children next, whether the hook asked for it or not
    return _finish_hook(record, run, result)


async def _finish_hook(record: Record, run: Stopping, result: Awaitable[Any]) -> None:
    limit = run.left()
    task = asyncio.ensure_future(result)
    late = await run.wait({task}, limit)
    if not task.done() or (task.cancelled() and task in late):
        run.errors.append(StopTimeoutError(path_of(record), limit, late[task]))
    elif task.cancelled():
        if task is not result:  # a hook may return a task that it has cancelled: this is its end
            run.errors.append(StopError(path_of(record), asyncio.CancelledError()))
    elif (failure := task.exception()) is not None:
        run.errors.append(StopError(path_of(record), failure))


async def _end_background(record: Record, run: Stopping) -> None:
    tasks, record.background = record.background or set(), None
    for task in tasks:
        task.cancel()
    limit = run.left()
    late = await run.wait(tasks, limit)
    for task in tasks:
        if not task.done():
            run.errors.append(StopTimeoutError(path_of(record), limit, late[task]))
        elif not task.cancelled() and (failure := task.exception()) is not None:
            run.errors.append(StopError(path_of(record), failure))


async def _release(record: Record, run: Stopping) -> None:
    record.bound, was_busy = False, record.busy
    hook = getattr(record.service, "release", None)
    if hook is None:
        return
    try:
        result = hook()
        if is_awaitable(result):
            record.busy = True
            task = asyncio.ensure_future(result)
            await run.wait({task}, run.left())
            task.result()
    except (Exception, asyncio.CancelledError):  # noqa: BLE001 (a service may raise anything; all are released)
        _log.exception("release failed", extra={"svcctl_path": path_of(record)})
    finally:
        record.busy = was_busy
