"""The start: of one service and all below it, children in their order; undone where one of them fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from functools import partial
from typing import Any

from svcctl.application.tree.binding import bind_tree, is_bound_through
from svcctl.application.tree.record import (
    CHANGING,
    FAILED,
    READY,
    RUNNING,
    STARTING,
    Record,
    children_of,
    heed_cancellation,
    is_asked_for,
    is_awaitable,
    is_ending,
    move,
    path_of,
    settle,
    settled,
    starts_alone,
    stays_started,
)
from svcctl.errors import LifecycleError, StartError

_log = logging.getLogger(__name__)


class StartChildren:
    """What a collection's ``startService`` returns: awaited, it starts the children.

    Within a start by the driver it need not be awaited: the driver makes sure of the children anyway. A hook
    awaits it to act when they are up; a caller outside of the driver awaits it to start the collection.
    """

    __slots__ = ("record",)

    def __init__(self, record: Record) -> None:
        self.record = record

    def __await__(self) -> Generator[Any, None, None]:
        if self.record.state is STARTING:
            return start_children(self.record).__await__()
        return start_tree(self.record, call_hook=False).__await__()


def refuse_if_busy(record: Record) -> None:
    """Raise an error if somebody binds, starts or stops a service at this moment, or if it has failed."""
    if record.busy or record.state in CHANGING:
        doing = "being bound or released" if record.busy else record.state.value
        raise LifecycleError(f"{path_of(record)} is {doing} already")
    if record.started and record.state is FAILED:
        raise LifecycleError(f"{path_of(record)} has failed", hint="stop it before it is started again")


async def start_tree(record: Record, *, call_hook: bool = True) -> None:
    """Start a service and all below it; return when those that start alone by then are up, too."""
    if record.state in RUNNING:
        return
    await start_record(record, call_hook=call_hook)
    record.busy = True
    try:
        while record.alone:
            await asyncio.wait(record.alone)
    except asyncio.CancelledError as error:
        from svcctl.application.tree.stopping import abandon  # noqa: PLC0415 (not needed until something fails)

        await abandon(record, error, asked=True)
        raise
    finally:
        record.busy = False


async def start_record(record: Record, *, call_hook: bool = True, member: bool = False) -> None:
    """Start one service and all below it.

    Args:
        record: The service.
        call_hook: Call its own hook; ``False`` if that is what asks for the start.
        member: The start of the collection around it goes on, which has bound what was below it then.
    """
    if record.state in RUNNING:
        return
    refuse_if_busy(record)
    record.error = None
    move(record, STARTING)
    try:
        if not record.bound or (record.collection and not (member and is_bound_through(record))):
            await bind_tree(record)
        result = record.service.startService() if call_hook else None
        if is_awaitable(result) and not (isinstance(result, StartChildren) and result.record is record):
            await result
        record.started = True
        if record.collection:
            await start_children(record)
        if record.error is not None:
            raise record.error  # noqa: TRY301 (a failure that the service declared is one like any other)
    except GeneratorExit:
        raise  # the loop is gone, and with it all that could be awaited
    except BaseException as error:
        from svcctl.application.tree.stopping import abandon  # noqa: PLC0415 (not needed until something fails)

        failure = await abandon(record, error, asked=is_asked_for(error))
        if failure is error:
            raise
        raise failure from error
    record.served |= record.stop_task is None  # else it has been removed, though it may be back already
    move(record, READY)
    if record.settling is not None:
        settle(record)


async def start_children(record: Record) -> None:
    """Start the children that are not started yet, in order, and those that are added meanwhile."""
    while record.children_settling is not None:
        await asyncio.shield(record.children_settling)
    if record.state is not STARTING:
        return  # the start was abandoned meanwhile
    record.children_settling = asyncio.get_running_loop().create_future()
    record.children_task = asyncio.current_task()
    try:
        while pending := [
            each for each in children_of(record) if not (stays_started(each) or starts_alone(each))
        ]:
            if record.ordered:
                from svcctl.application.tree.branches import start_branches  # noqa: PLC0415 (only for ordered collections)

                await start_branches(record, pending, partial(_start_member, record))
                continue
            removals, members = record.removals, list(map(id, record.service))
            for child in pending:
                if record.removals != removals or record.ordered:
                    break  # whoever left may be back already, at another place in the order
                await _start_member(record, child)
            else:
                if record.removals == removals and members == list(map(id, record.service)):
                    break  # nobody has come or left
    finally:
        record.children_settling.set_result(None)
        record.children_settling = record.children_task = None


async def _start_member(parent: Record, child: Record) -> None:
    if child.start_task is not None or child.stop_task is not None or child.state in CHANGING:
        removals = parent.removals
        await settled(child)
        if parent.removals != removals and not parent.ordered:
            return  # its turn may be another one now
    if child.parent is not parent or stays_started(child):
        return
    if is_ending(parent):  # a drain goes on, which would not reach the child; then this is cancelled
        await asyncio.get_running_loop().create_future()
    try:
        await start_record(child, member=True)
    except StartError as error:
        if child.parent is parent:
            raise
        # It was removed while it started, so its failure is no longer the collection's.
        _log.warning("removed service failed to start", exc_info=error, extra={"svcctl_path": error.path})
        heed_cancellation()
