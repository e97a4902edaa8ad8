"""Those who wait for the end of a reload of the whole application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from svcctl.runtime.control.errors import OURS, CallError
from svcctl.runtime.machine import Fact, Phase, ReloadFailed

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process

_ENDING = (Phase.STOPPING, Phase.STOPPED, Phase.FAILED)


class Reloads:
    """Asks the process to reload and tells what became of it.

    A reload that has begun already may have read the old settings, so who asks meanwhile waits for the next one.

    Args:
        process: The process.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._present: list[asyncio.Future[str]] = []
        self._next: list[asyncio.Future[str]] = []

    async def reload(self) -> None:
        """Reload, and return when it is done.

        Raises:
            CallError: It failed, or the process is about to end.
        """
        phase = self._process.state.phase
        if phase in _ENDING:
            raise self._not_running()
        waiting = asyncio.get_running_loop().create_future()
        (self._present if phase is Phase.READY else self._next).append(waiting)
        self._process.feed(Fact.RELOAD_REQUESTED)
        reason = await waiting
        if reason:
            raise CallError(f"{OURS}.Failed", path=self._process.application.name, reason=reason)

    def told(self, event: object) -> None:
        """Take note that the process has dealt with an event."""
        phase = self._process.state.phase
        if phase in _ENDING:
            for each in (*self._present, *self._next):
                if not each.done():
                    each.set_exception(self._not_running())
            self._present, self._next = [], []
        elif event is Fact.RELOADED or isinstance(event, ReloadFailed):
            for each in self._present:
                if not each.done():
                    each.set_result(event.reason if isinstance(event, ReloadFailed) else "")
            self._present = []
        if phase is Phase.RELOADING and not self._present:
            self._present, self._next = self._next, []

    def _not_running(self) -> CallError:
        name = self._process.application.name
        reason = f"the application is {self._process.state.phase.value}"
        return CallError(f"{OURS}.NotRunning", path=name, reason=reason, hint="start it again first")
