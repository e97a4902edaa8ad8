"""What happens when a service fails, or ends, by itself: who has to know, and who may mend it."""

from __future__ import annotations

import logging

from svcctl.application.events import ServiceFinished
from svcctl.application.record import RESTING, RUNNING, Record, State, announce, move, path_of, root_of
from svcctl.errors import ServiceEndedError, ServiceFailedError

_log = logging.getLogger(__name__)

PERMANENT, TRANSIENT, TEMPORARY = KINDS = ("permanent", "transient", "temporary")


def kind_of(record: Record) -> str:
    """Return what kind of child a service is; one that says nothing, or has something else of that name, is permanent."""
    kind = getattr(record.service, "restart", PERMANENT)
    return kind if isinstance(kind, str) else PERMANENT


def fail(record: Record, error: BaseException) -> None:
    """Take note that a service has failed by itself, and tell those above; while it starts, its start fails."""
    if record.state in RUNNING:
        move(record, State.FAILED, error)
        escalate(record, error)
    elif record.state is State.STARTING and record.error is None:
        record.error = error
    else:
        _log.error(
            "service failed outside of its running time",
            exc_info=error,
            extra={"svcctl_path": path_of(record), "svcctl_state": record.state.value},
        )


def finish(record: Record) -> None:
    """Take note that a service has done its work: one that is permanent has failed, others are stopped."""
    if record.state in RESTING or record.state is State.STOPPING:
        return
    if kind_of(record) == PERMANENT or record.parent is None:
        fail(record, ServiceEndedError("it ended by itself", hint='restart = "transient" allows that'))
    else:
        from svcctl.application.outcome import leaving  # noqa: PLC0415 (only where something ends by itself)

        _log.info("service has finished", extra={"svcctl_path": path_of(record)})
        announce(record, ServiceFinished(path_of(record)))
        leaving(record, None)


def escalate(record: Record, error: BaseException) -> None:
    """Have a failure mended by the nearest collection above that supervises, or tell the tree's owner.

    A collection that does not supervise fails with its child, so what is restarted is the whole branch below the
    one that does. A temporary service fails alone.
    """
    child = record
    while (parent := child.parent) is not None and not _ends(parent):
        if kind_of(child) == TEMPORARY:
            from svcctl.application.outcome import leaving  # noqa: PLC0415 (only where something fails)

            _log.error("temporary service failed", exc_info=error, extra={"svcctl_path": path_of(record)})
            leaving(child, None, failure=error)
            return
        policy = getattr(parent.service, "supervision", None)
        if policy is not None:
            from svcctl.application.supervision import supervisor_of  # noqa: PLC0415 (only where something failed)

            cause = error if child is record else ServiceFailedError(path_of(record), error)
            if child.state in RUNNING:
                move(child, State.FAILED, cause)
            supervisor_of(parent).failed(child, cause)
            return
        child = parent
    report(record, error)


def _ends(record: Record | None) -> bool:
    while record is not None:
        if record.state is State.STOPPING:
            return True
        record = record.parent
    return False


def report(record: Record, error: BaseException) -> None:
    """Tell the tree's owner of a failure that nobody mends; log it if there is no owner."""
    failure = ServiceFailedError(path_of(record), error)
    failure.__cause__ = error
    callbacks = root_of(record).failure_callbacks
    if not callbacks:
        _log.error("service failed", exc_info=error, extra={"svcctl_path": failure.path})
    for callback in tuple(callbacks or ()):
        callback(failure)
