"""A service that is one coroutine."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from svcctl.application.arguments import check_callable
from svcctl.application.service import Service
from svcctl.application.tree.record import is_awaitable
from svcctl.errors import UsageError

_log = logging.getLogger(__name__)


class TaskService(Service):
    """Runs a coroutine function: called at each start, cancelled at the stop, which waits for its end.

    The service is ready as soon as the task exists, before the coroutine has run its first line. An exception, or
    a cancellation that nobody asked the service for, is a failure of the service. A return says that its work is
    done; what follows from that depends on ``restart``.

    Args:
        function: A coroutine function, or whatever returns something to await.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Raises:
        UsageError: ``function`` cannot be called; at the start: what it returned cannot be awaited.

    Example:
        >>> async def poll(seconds):
        ...     while True:
        ...         await asyncio.sleep(seconds)
        >>> TaskService(poll, 60).running
        False
    """

    kind = "task"
    _task: asyncio.Future[Any] | None = None

    def __init__(self, function: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (the function's own arguments)
        given: object = function
        if inspect.iscoroutine(given):
            given.close()  # nobody will await it, which is no second mistake to report
            raise UsageError(
                f"{function!r} can run only once",
                hint="give the function and its arguments, without calling it",
            )
        check_callable(function)
        self.call = (function, args, kwargs)

    def startService(self) -> Awaitable[None] | None:
        """Start the task.

        Raises:
            UsageError: What the function returned cannot be awaited.
        """
        function, args, kwargs = self.call
        result = function(*args, **kwargs)
        if not is_awaitable(result):
            name = getattr(function, "__qualname__", repr(function))
            raise UsageError(f"{name} returned {result!r}, which cannot be awaited", hint="make it async")
        self._task = asyncio.ensure_future(result)
        self._task.add_done_callback(self._ended)
        return super().startService()

    def stopService(self) -> Awaitable[None] | None:
        """Cancel the task and wait for its end; what it raises meanwhile is an error of the stop."""
        task, self._task = self._task, None
        if task is None or task.done():
            return super().stopService()
        task.cancel()
        return self._finish(task)

    async def _finish(self, task: asyncio.Future[Any]) -> None:
        from svcctl.application.tree.budget import stack_of  # noqa: PLC0415 (loaded only when something stops)

        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            # The time is over. The driver's error says where this hook stood, which helps nobody.
            _log.error(
                "task goes on after it was cancelled",
                extra={"svcctl_path": self.path, "svcctl_stack": stack_of(task)},
            )
            raise
        super().stopService()
        if not task.cancelled():
            task.result()

    def _ended(self, task: asyncio.Future[Any]) -> None:
        if task is not self._task:
            return  # whoever stops the service waits for it, and sees how it went
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self.fail(error)
        else:
            self.finish()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        state.pop("_task", None)
        return state
