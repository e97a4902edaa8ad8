"""Binding: what has to be done before privileges are given up, on the whole tree before anything starts."""

from __future__ import annotations

import logging
from operator import attrgetter

from svcctl.application.tree.record import (
    FAILED,
    STARTING,
    Record,
    children_of,
    heed_cancellation,
    is_asked_for,
    is_at_rest,
    is_awaitable,
    is_below,
    move,
    path_of,
)
from svcctl.errors import StartError

_log = logging.getLogger(__name__)

_is_bound = attrgetter("bound")


async def bind_tree(top: Record) -> None:
    """Bind a service and all below it, parents before children; leave what was bound when one of them fails."""
    pending, removals = [top], top.removals
    while pending:
        each = pending.pop()
        if each is not top and (each.busy or not is_at_rest(each)):
            pass  # somebody else sees to it
        elif top.removals == removals or is_below(each, top):
            await _bind_one(each, top)
        if each.collection:
            pending.extend(reversed(children_of(each)))


async def _bind_one(record: Record, top: Record) -> None:
    if record.bound or record.started:
        return
    was_busy, record.busy = record.busy, True
    removals = top.removals
    try:
        result = record.service.privilegedStartService()
        if is_awaitable(result):
            await result
        record.bound = True
    except BaseException as error:
        if is_asked_for(error):
            raise
        if not is_below(record, top):
            _log.warning("removed service failed to bind", exc_info=error)
            return
        if record.state is not STARTING:  # else whoever starts it does that when all is undone
            move(record, FAILED, error)
        raise StartError(path_of(record), "bind", error) from error
    finally:
        record.busy = was_busy
    if top.removals != removals and not is_below(record, top):
        from svcctl.application.tree.stopping import release_all  # noqa: PLC0415 (only for trees that change)

        await release_all(record)
        heed_cancellation()


def is_bound_through(collection: Record) -> bool:
    """Tell whether nothing has been added to a collection since it was bound."""
    return all(map(_is_bound, children_of(collection)))
