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

import logging
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple

from svcctl.application.interfaces import IService
from svcctl.application.tree.binding import bind_tree
from svcctl.application.tree.record import (
    BACKING_OFF,
    DONE,
    RESTING,
    RUNNING,
    STARTING,
    STOPPED,
    Record,
    State,
    Transition,
    children_of,
    forget,
    is_at_rest,
    is_ending,
    path_of,
    record_of,
    root_of,
    stays_started,
    walk,
)
from svcctl.application.tree.starting import refuse_if_busy, start_tree
from svcctl.errors import LifecycleError, NotChildError, ParentError, ServiceFailedError, SvcctlError

__all__ = [
    "Progress",
    "State",
    "Transition",
    "bind",
    "on_failure",
    "progress",
    "reload",
    "start",
    "stop",
    "watch",
]

_log = logging.getLogger(__name__)

DEFAULT_BUDGET = 10.0

#: Levels below a root. A manifest has no more, either; each is a few frames of Python's own limited stack.
DEEPEST = 95


#: Called with the root of each tree that is about to be bound or described: what belongs to the process joins it.
joining: list[Callable[[Any], None]] = []


def complete(root: Any) -> None:  # noqa: ANN401 (an Application, or a service of any class)
    """Let what belongs to the process join a tree."""
    for join in joining:
        join(root)


def _top(root: Any) -> Record:  # noqa: ANN401 (an Application, or a service of any class)
    return record_of(IService(root))  # type: ignore[misc,call-arg]  # the interface adapts


class Progress(NamedTuple):
    """How far a tree is.

    Attributes:
        ready: Services that are ready.
        total: Services in the tree.
        waiting: Path of the service that everybody waits for: the first of the innermost ones that are starting;
            empty if none is.
    """

    ready: int
    total: int
    waiting: str


class StopChildren:
    """What a collection's ``stopService`` returns: awaited, it stops the children, in reverse."""

    __slots__ = ("record",)

    def __init__(self, record: Record) -> None:
        self.record = record

    def __await__(self) -> Generator[Any, None, None]:
        from svcctl.application.tree.budget import budget_of  # noqa: PLC0415 (needed only now)
        from svcctl.application.tree.stopping import stop_children_for_hook, stop_record  # noqa: PLC0415 (the same)

        if self.record.stopping is not None:
            return stop_children_for_hook(self.record).__await__()
        return stop_record(self.record, budget_of(self.record), call_hook=False).__await__()


async def bind(root: Any) -> None:  # noqa: ANN401 (services need no common class)
    """Call ``privilegedStartService`` on every service that is not bound yet, parents before children.

    Raises:
        StartError: One of them failed; everything that was bound and not started has been released.
        LifecycleError: The tree is being bound, started or stopped at this moment.
    """
    complete(root)
    record = _top(root)
    refuse_if_busy(record)
    _inspect(record)
    record.busy = True
    try:
        await bind_tree(record)
    except GeneratorExit:
        raise  # the loop is gone, and with it all that could be awaited
    except BaseException:
        from svcctl.application.tree.stopping import release_all  # noqa: PLC0415 (not needed until something fails)

        await release_all(record)
        raise
    finally:
        record.busy = False


async def start(root: Any) -> None:  # noqa: ANN401 (services need no common class)
    """Start a tree and return when all of it is ready. Starting what is ready does nothing.

    To abandon a start, cancel the task that awaits this: what had started is stopped before the cancellation
    goes on.

    Raises:
        StartError: A service failed to bind or to start; nothing of the tree runs any more.
        LifecycleError: The tree is being bound, started or stopped at this moment, or it has failed and was not
            stopped.
    """
    complete(root)
    record = _top(root)
    _inspect(record)
    await start_tree(record)


async def stop(root: Any, budget: float = DEFAULT_BUDGET) -> None:  # noqa: ANN401 (services need no common class)
    """Drain and stop a tree within a budget of seconds. Stopping what never started does nothing.

    Cancelling the task that awaits this cuts the drain short: every service is still visited, with no time left.

    Raises:
        ExceptionGroup: Services failed to stop; all others have stopped.
        LifecycleError: The tree is being bound or started at this moment: cancel that instead.
    """
    from svcctl.application.tree.stopping import stop_record  # noqa: PLC0415 (not needed until something stops)

    await stop_record(_top(root), budget)


async def reload(root: Any, limit: float | None = None) -> None:  # noqa: ANN401 (services need no common class)
    """Reload every ready service that can, all or none.

    First each ``check_reload`` is called, parents before children; if one of them raises, nothing has changed.
    Then each ``reload``, in the same order; if one raises, those before it get ``revert_reload``, in reverse. So does
    a reload that is cancelled. Reloads of one tree wait for each other.

    Args:
        root: What to reload: an application, or a service with all below it.
        limit: Seconds that it may take, with the way back; ``None`` or 0 for no limit.

    Raises:
        ReloadError: Services refused, or one failed; it says who is not as before.
    """
    from svcctl.application.tree.reloading import reload_tree  # noqa: PLC0415 (not needed until something reloads)

    await reload_tree(_top(root), limit)


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
    top = _top(root)
    records = walk(top)
    if top.state in RUNNING:  # what has finished does not count any more
        records = [each for each in records if each.state is not STOPPED or each.start_task is not None]
    ready = sum(1 for record in records if record.state in RUNNING)
    waiting = waiting_for(records)
    return Progress(ready, len(records), path_of(waiting) if waiting is not None else "")


def waiting_for(records: list[Record]) -> Record | None:
    """Return whom everybody waits for, among the services of a whole tree.

    That is the first of the innermost that are starting, or about to; else of those that wait before they start alone;
    else whoever is being bound.
    """
    starting = [record for record in records if record.state in (STARTING, BACKING_OFF)]
    around = {record.parent for record in starting}
    alone = (record for record in records if record.start_task is not None)
    binding = (record for record in reversed(records) if record.busy)
    innermost = next((record for record in starting if record not in around), None)
    return innermost or next(alone, None) or next(binding, None)


def _inspect(top: Record) -> None:
    """Refuse a tree that is too deep or whose dependencies cannot be kept; work out the order of the others."""
    level, depth, stated = [top], 0, top.ordered
    while level := [child for each in level if each.collection for child in children_of(each)]:
        depth += 1
        if depth > DEEPEST:
            raise LifecycleError(
                f"the tree of {path_of(top)} is deeper than {DEEPEST} levels",
                hint="put services side by side instead of into each other",
            )
        stated = stated or any(
            child.ordered or getattr(child.service, "after", None) is not None for child in level
        )
    beside = top.parent is not None and top.parent.ordered  # those who said something may have left
    if stated or beside or top.follows or getattr(top.service, "after", None) is not None:
        from svcctl.application.tree.graph import arrange  # noqa: PLC0415 (only where somebody comes after somebody)

        arrange(top)


def refuse_parent(service: Any, parent: Any) -> None:  # noqa: ANN401 (services need no common class)
    """Refuse to add a service that is in a collection already, or that the collection is in.

    Raises:
        ParentError: It is.
    """
    present = getattr(service, "parent", None)
    if present is not None and present is not parent:
        raise ParentError(
            f"{path_of(record_of(service))} has a parent already",
            hint="take it out with disownServiceParent() first",
        )
    if present is not None and any(child is service for child in parent):
        raise ParentError(f"{path_of(record_of(service))} is in that collection already")
    above = parent
    while above is not None:
        if above is service:
            raise ParentError(f"{path_of(record_of(service))} cannot be below itself")
        above = getattr(above, "parent", None)


def refuse_removal(parent: Record, child: Record) -> None:
    """Refuse to take out of a running tree what others in it come after.

    Raises:
        DependencyError: They are named.
    """
    if _is_in_use(parent) and (parent.ordered or root_of(parent).crossing):
        from svcctl.application.tree.graph import refuse_departure  # noqa: PLC0415 (only where somebody comes after somebody)

        refuse_departure(child)


def _is_in_use(collection: Record) -> bool:  # or the tree around it is up, or on its way up or down
    return collection.state not in RESTING or root_of(collection).state not in RESTING


def position_of(collection: Any, service: Any) -> int:  # noqa: ANN401 (services need no common class)
    """Return where a child is among the others.

    Raises:
        NotChildError: It is no child of the collection.
    """
    children = collection.services
    if children and children[-1] is service:  # whoever removes many begins at the end, or at the front
        return len(children) - 1
    for position, child in enumerate(children):
        if child is service:
            return position
    raise NotChildError(f"{service!r} is no child of {collection.path}")


def take_out(collection: Any, service: Any, position: int = -1) -> None:  # noqa: ANN401 (the same)
    """Take a child out of the books of its collection, and leave it as it is."""
    del collection.services[position]
    named = collection.namedServices
    holder: Any = named.get(service.name)
    if holder is service:
        del named[service.name]
    else:  # it has no name, or another one than it was added with
        for name in [name for name, child in named.items() if child is service]:
            del named[name]
    service.parent = None


def added(parent: Record, child: Record) -> Awaitable[None]:
    """Start a child that was added to a running collection; return what to await for its readiness.

    Raises:
        DependencyError: It comes after what is not there.
        LifecycleError: The tree has become too deep.
    """
    child.parent, child.root = parent, parent.root
    if not _is_in_use(parent):
        return DONE
    said = child.follows or getattr(child.service, "after", None) is not None  # before it left, or now
    try:
        if parent.ordered or said or child.collection:
            _inspect(child)
        if is_ending(parent) or stays_started(child) or parent.state not in RUNNING:
            return DONE  # the start of the collection finds the child
        from svcctl.application.tree.outcome import starting  # noqa: PLC0415 (only for trees that change while they run)

        return starting(child)
    except SvcctlError:
        _cut_off(child)
        raise


def removed(child: Record) -> Awaitable[None]:
    """Stop a child that was removed from its collection; return what to await for its end."""
    former = child.parent
    members = _cut_off(child)
    child.ended = child.served = False
    if former is not None:
        above: Record | None = former
        while above is not None:
            above.removals += 1
            above = above.parent
        if former.supervisor is not None:
            former.supervisor.dismiss(child)
    if all(is_at_rest(each) for each in members):
        for each in members:
            forget(each)
        return DONE
    from svcctl.application.tree.outcome import leaving  # noqa: PLC0415 (only for trees that change while they run)

    return leaving(child, former)


def _cut_off(child: Record) -> list[Record]:
    """Make a service the root of a tree of its own; return who is in it."""
    child.parent, child.root = None, child
    return walk(child)
