"""Stopping, starting and restarting one service of a running tree because somebody says so.

What is stopped like this stays down until somebody starts it, or its collection starts again: it has not failed, so
nobody restarts it. What others come after is stopped only with them. Loaded when somebody asks for any of it.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator

from svcctl.application.tree.failing import PERMANENT, kind_of
from svcctl.application.tree.outcome import leaving, starting
from svcctl.application.tree.record import (
    BACKING_OFF,
    FAILED,
    READY,
    RESTING,
    RUNNING,
    STOPPED,
    Record,
    children_of,
    is_at_rest,
    is_below,
    label,
    move,
    path_of,
    root_of,
    settled,
)
from svcctl.errors import DependencyError, LifecycleError, ServiceNotFoundError, StartError

_log = logging.getLogger(__name__)

#: So many names are compared with one that is not there: more would hold up the loop.
_COMPARED = 2000


class RefusedError(LifecycleError):
    """It is not done: others that are up come after the service, or it after others that are not, or it is the root.

    Args:
        message: What was refused.
        services: The paths of those others.
        hint: What to do about it.
    """

    code = "refused"

    def __init__(self, message: str, services: tuple[str, ...] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.services = services


class NoSuchServiceError(ServiceNotFoundError):
    """There is no service at a path.

    Args:
        path: The path.
        nearest: The paths of those whose names are most like it.
    """

    def __init__(self, path: str, nearest: tuple[str, ...]) -> None:
        hint = f"did you mean {nearest[0]}?" if nearest else "svcctl status shows the tree"
        super().__init__(f"there is no service {path!r}", hint=hint)
        self.path = path
        self.nearest = nearest


def find(root: Record, path: str) -> Record:
    """Return the record of a service.

    Args:
        root: The root of its tree.
        path: Its path, such as ``shop/storage/db``; with a ``/`` at its beginning it counts from below the root,
            and ``/`` itself is the root.

    Raises:
        NoSuchServiceError: There is none.
    """
    steps = path.strip("/").split("/") if path.strip("/") else []
    if not path.startswith("/"):
        if not steps or steps[0] not in {label(root.service, 0), root.service.name}:
            raise NoSuchServiceError(path, _nearest(root, steps[0] if steps else ""))
        del steps[0]
    found = root
    for step in steps:
        following = _child(found, step)
        if following is None:
            raise NoSuchServiceError(path, _nearest(found, step))
        found = following
    return found


async def stop_service(record: Record) -> None:
    """Stop a service and all below it; it stays down until it is started by hand or its collection starts again.

    Stopping what is down already only keeps it there.

    Raises:
        RefusedError: Services that are up come after it, or it is the root.
        LifecycleError: Something around it is not up.
        ExceptionGroup: It did not stop cleanly; it is down all the same.
    """
    _refuse_root(record, "stopped")
    if is_at_rest(record):
        record.ended = True
        return
    _refuse_unless_up_around(record)
    needing = [path_of(each) for each in followers(record)]
    if needing:
        raise RefusedError(
            f"{path_of(record)} is needed by {' and '.join(needing)}",
            tuple(needing),
            hint="stop first what comes after it, or restart it, which restarts them, too",
        )
    await _halt(record)


async def start_service(record: Record) -> None:
    """Start a service and all below it, now if it waits to be restarted. Starting what is ready does nothing.

    Raises:
        RefusedError: It comes after something that is not up.
        LifecycleError: Something around it is not up, it is restarted together with others at this moment, or
            somebody has stopped it meanwhile.
        StartError: It failed; it is down until somebody starts it.
    """
    if record.state in RUNNING:
        return
    if record.parent is None:
        raise LifecycleError(f"{path_of(record)} is {record.state.value}")
    _refuse_unless_up_around(record)
    if record.state is BACKING_OFF:
        _take_from_supervisor(record)
    elif record.start_task is not None:
        await settled(record)
        if record.state in RUNNING:
            return
    if record.state is FAILED and not is_at_rest(record):
        await _halt(record)
    await _bring_up(record)


async def restart_service(record: Record) -> None:
    """Stop a service with what comes after it, and start them again in order. It counts as no failure.

    What was down of them stays down, but for the service itself.

    Raises:
        RefusedError: It is the root.
        LifecycleError: Something around it is not up.
        StartError: One of them failed; it, and what comes after it, is down until somebody starts it.
        ExceptionGroup: One of them did not stop cleanly; all have been started again.
    """
    _refuse_root(record, "restarted")
    _refuse_unless_up_around(record)
    following = _in_order_of_start(record)
    errors: list[Exception] = []
    for each in (*reversed(following), record):
        if not is_at_rest(each) or each.state is BACKING_OFF:
            try:
                await _halt(each)
            except ExceptionGroup as group:
                errors += group.exceptions
    for position, each in enumerate((record, *following)):
        try:
            await _bring_up(each)
        except (StartError, LifecycleError, DependencyError):
            for left in following[position:]:
                _log.error("service stays down", extra={"svcctl_path": path_of(left)})
            raise
    if errors:
        raise ExceptionGroup(f"{path_of(record)} did not stop cleanly", errors)


async def reload_service(record: Record) -> None:
    """Reload a service and all below it.

    Raises:
        LifecycleError: It is not ready, or nothing of it can reload.
        ReloadError: It failed to.
    """
    from svcctl.application import lifecycle  # noqa: PLC0415 (it imports from this room)

    if record.state is not READY:
        raise LifecycleError(f"{path_of(record)} is {record.state.value}", hint="only what is ready reloads")
    if not any(getattr(each.service, "reload", None) is not None for each in _branch(record)):
        raise LifecycleError(f"{path_of(record)} has nothing to reload", hint="restart it instead")
    await lifecycle.reload(record.service)


def followers(record: Record) -> list[Record]:
    """Return the services that are up, or about to be, and come after a service, in another branch or beside it."""
    siblings = children_of(record.parent) if record.parent is not None else []
    found = [each for each in siblings if record in each.follows and _is_wanted_up(each)]
    for who, those in root_of(record).crossing.items():
        if is_below(who, record) or not _is_wanted_up(who):
            continue
        if not any(is_below(each, record) for each in those):
            continue
        if not any(is_below(who, each) for each in found):
            found.append(who)
    return found


def _in_order_of_start(record: Record) -> list[Record]:
    """Return all that is up and comes after a service, directly or not, each after what it comes after."""
    found: list[Record] = []
    visiting: set[Record] = set()

    def visit(each: Record) -> None:
        visiting.add(each)
        for follower in followers(each):
            if follower not in visiting:
                visit(follower)
        found.append(each)

    visit(record)
    order = found[-2::-1]  # the last one visited is the first to start; the service itself is no follower
    return [each for each in order if not any(each is not top and is_below(each, top) for top in order)]


async def _halt(record: Record) -> None:
    """Stop a service for good, whatever it does at this moment."""
    supervisor = record.parent.supervisor if record.parent is not None else None
    if supervisor is not None:
        supervisor.dismiss(record)
    stop = leaving(record, None)  # it cancels a start only of what has not ended, so this comes first
    record.ended = True
    await stop
    if record.state is FAILED and is_at_rest(record):
        move(record, STOPPED)


async def _bring_up(record: Record) -> None:
    for each in record.follows:
        if each.state not in RUNNING and each.ended and kind_of(each) == PERMANENT:
            raise RefusedError(
                f"{path_of(record)} comes after {path_of(each)}, which is {each.state.value}",
                (path_of(each),),
                hint=f"start {path_of(each)} first",
            )
    record.ended = False
    try:
        await starting(record)
    except BaseException:
        record.ended = True  # nobody but whoever asked for it tries again
        raise
    if record.state not in RUNNING:
        raise LifecycleError(f"{path_of(record)} is {record.state.value}: somebody has stopped it meanwhile")


def _take_from_supervisor(record: Record) -> None:
    supervisor = record.parent.supervisor if record.parent is not None else None
    if supervisor is None:
        return
    if supervisor.policy.strategy != "one_for_one":
        raise LifecycleError(
            f"{path_of(record)} is restarted together with others of {path_of(supervisor.record)}",
            hint="wait for them, or restart that collection",
        )
    supervisor.dismiss(record)


def _refuse_root(record: Record, what: str) -> None:
    if record.parent is None:
        raise RefusedError(
            f"{path_of(record)} is the whole application and cannot be {what} by itself",
            hint="let the init system do it: systemctl, or svcctl with the name alone",
        )


def _refuse_unless_up_around(record: Record) -> None:
    around = record.parent
    while around is not None:
        if around.state not in RUNNING:
            hint = f"start {path_of(around)} first" if around.ended else "try again when it is ready"
            raise LifecycleError(
                f"{path_of(around)}, which {path_of(record)} is in, is {around.state.value}", hint=hint
            )
        around = around.parent


def _is_wanted_up(record: Record) -> bool:
    return not record.ended and (record.state not in RESTING or record.start_task is not None)


def _child(record: Record, step: str) -> Record | None:
    for position, each in enumerate(children_of(record)):
        if step in {label(each.service, position), each.service.name}:
            return each
    return None


def _nearest(record: Record, step: str) -> tuple[str, ...]:
    names: dict[str, Record] = {}
    for position, each in enumerate(children_of(record)[:_COMPARED]):
        names[label(each.service, position)] = each
    if record.parent is None:
        names.setdefault(label(record.service, 0), record)
    close = difflib.get_close_matches(step, names, n=3, cutoff=0.5)
    return tuple(path_of(names[each]) for each in close)


def _branch(record: Record) -> Iterator[Record]:
    pending = [record]
    while pending:
        each = pending.pop()
        yield each
        pending.extend(children_of(each))
