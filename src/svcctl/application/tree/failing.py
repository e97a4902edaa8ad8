"""What happens when a service fails, or ends, by itself: who has to know, and who may mend it."""

from __future__ import annotations

import logging

from svcctl.application.events import ServiceFinished
from svcctl.application.tree.record import (
    FAILED,
    RESTING,
    RUNNING,
    STARTING,
    STOPPING,
    Record,
    announce,
    is_ending,
    move,
    path_of,
    root_of,
)
from svcctl.errors import ServiceEndedError, ServiceFailedError

_log = logging.getLogger(__name__)

PERMANENT, TRANSIENT, TEMPORARY = KINDS = ("permanent", "transient", "temporary")


def kind_of(record: Record) -> str:
    """Return what kind of child a service is; one that says nothing, or has something else of that name, is permanent."""
    kind = getattr(record.service, "restart", PERMANENT)
    return kind if isinstance(kind, str) else PERMANENT


def fail(record: Record, error: BaseException) -> None:
    """Take note that a service has failed by itself, and tell those above; while it starts, its start fails."""
    if record.state in RUNNING and not record.ended:
        move(record, FAILED, error)
        escalate(record, error)
    elif record.state is STARTING and record.error is None:
        record.error = error
    else:
        _outside(record, error)


def finish(record: Record) -> None:
    """Take note that a service has done its work: one that is permanent has failed, others are stopped."""
    if record.ended or record.state not in (*RUNNING, STARTING) or is_ending(record):
        return
    departing = record.parent.departing or {} if record.parent is not None else {record.stop_task: record}
    if record.stop_task is not None and record.stop_task in departing:
        return  # it has been removed, though it may be back already
    if kind_of(record) == PERMANENT or record.parent is None:
        fail(record, ServiceEndedError("it ended by itself", hint='restart = "transient" allows that'))
        return
    from svcctl.application.tree.outcome import leaving  # noqa: PLC0415 (only where something ends by itself)

    record.ended = True
    _log.info("service has finished", extra={"svcctl_path": path_of(record)})
    announce(record, ServiceFinished(path_of(record)))
    leaving(record, None)


def escalate(record: Record, error: BaseException) -> None:
    """Have a failure mended by the nearest collection above that supervises, or tell the tree's owner.

    A collection that does not supervise fails with its child, so what is restarted is the whole branch below the
    one that does. A temporary service fails alone. What is being stopped, or has failed already, does not fail again.
    """
    child = record
    while (parent := child.parent) is not None and not is_ending(parent):
        if child.ended or (child is not record and child.state in RESTING):
            _outside(record, error)
            return
        if kind_of(child) == TEMPORARY:
            _end(child, record, error)
            return
        if getattr(parent.service, "supervision", None) is not None:
            _restart(parent, child, error if child is record else ServiceFailedError(path_of(record), error))
            return
        child = parent
    if parent is None or root_of(parent).state is STOPPING:
        report(record, error)
    else:
        _outside(record, error)


def _end(child: Record, record: Record, error: BaseException) -> None:
    from svcctl.application.tree.outcome import leaving  # noqa: PLC0415 (only where something fails)

    child.ended = True
    _log.error("temporary service failed", exc_info=error, extra={"svcctl_path": path_of(record)})
    leaving(child, None, failure=error)


def _restart(parent: Record, child: Record, cause: BaseException) -> None:
    from svcctl.application.supervision import supervisor_of  # noqa: PLC0415 (only where something failed)

    if child.state in RUNNING:
        move(child, FAILED, cause)
    supervisor = supervisor_of(parent)
    if parent.state in RESTING or supervisor.knows(child):
        _outside(child, cause)
        return
    supervisor.failed(child, cause)


def _outside(record: Record, error: BaseException) -> None:
    _log.error(
        "service failed outside of its running time",
        exc_info=error,
        extra={"svcctl_path": path_of(record), "svcctl_state": record.state.value},
    )


def report(record: Record, error: BaseException) -> None:
    """Tell the tree's owner of a failure that nobody mends; log it if there is no owner."""
    failure = ServiceFailedError(path_of(record), error)
    failure.__cause__ = error
    callbacks = root_of(record).failure_callbacks
    if not callbacks:
        _log.error("service failed", exc_info=error, extra={"svcctl_path": failure.path})
    for callback in tuple(callbacks or ()):
        callback(failure)
