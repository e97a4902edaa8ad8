"""Who it is that everybody waits for, when a start does not go on. Loaded only then."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from svcctl.application.lifecycle import waiting_for
from svcctl.application.tree.budget import stack_of
from svcctl.application.tree.record import Record, path_of, record_of, walk
from svcctl.errors import StartError, StartTimeoutError

#: Name of the method by which a service that stands for another object tells where that waits, as :func:`stack_of` does.
STANDS_AT = "_svcctl_stands_at"

#: Frames of the driver say nothing about the application.
_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120 (a prefix)


def hanging(root: Any, task: asyncio.Task[Any] | None, limit: float) -> StartError | None:  # noqa: ANN401 (services need no common class)
    """Return the error for a start that takes too long; ``None`` if no service is starting.

    Args:
        root: The tree's root.
        task: What starts it.
        limit: How long nothing has become ready, in seconds.
    """
    record = waiting_for(walk(record_of(root)))
    if record is None:
        return None
    task = _task_of(record) or task
    stands_at = getattr(record.service, STANDS_AT, None)
    stack = stands_at() if stands_at is not None else ""
    if not stack and task is not None:
        stack = stack_of(task, leave_out=_OURS)
    cause = StartTimeoutError(limit, stack)
    error = StartError(path_of(record), "bind" if record.busy else "start", cause)
    error.__cause__ = cause
    return error


def _task_of(record: Record | None) -> asyncio.Task[Any] | None:
    """Return the task in which a service starts, if it is not that of the whole tree."""
    while record is not None:
        if record.start_task is not None:
            return record.start_task
        if record.parent is not None and record.parent.branches and record in record.parent.branches:
            return record.parent.branches[record]
        record = record.parent
    return None
