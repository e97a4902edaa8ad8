"""Tasks that a service has in the background, for as long as it runs itself."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from svcctl.application.tree.failing import fail
from svcctl.application.tree.record import (
    RUNNING,
    STARTING,
    Record,
    path_of,
)
from svcctl.errors import LifecycleError


def spawn(record: Record, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Run a coroutine for a service; see :meth:`svcctl.application.service.Service.spawn`."""
    if record.state not in (*RUNNING, STARTING):
        coroutine.close()
        raise LifecycleError(
            f"{path_of(record)} is {record.state.value} and can have nothing in the background",
            hint="call spawn() in startService() or later",
        )
    task = asyncio.get_running_loop().create_task(coroutine)
    record.background = record.background or set()
    record.background.add(task)
    task.add_done_callback(partial(_ended, record))
    return task


def _ended(record: Record, task: asyncio.Task[Any]) -> None:
    if not record.background or task not in record.background:
        return  # the service stops, and whoever stops it looks after the task
    record.background.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        fail(record, error)
