"""Tells the service host how the application is, and hears from it; only Windows can import this.

What the messages of sd_notify mean is said by events; what has none, as a text for people, is not said.
"""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Sequence
from ctypes import c_void_p
from typing import TYPE_CHECKING

from svcctl.runtime.machine import Fact
from svcctl.runtime.notify import Notifier
from svcctl.runtime.windows import calls, events
from svcctl.runtime.windows.events import Name

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process

_MEANINGS = {"READY": Name.READY, "EXTEND_TIMEOUT_USEC": Name.PROGRESS, "WATCHDOG": Name.ALIVE}


class HostNotifier(Notifier):
    """The connection to the service host.

    Args:
        prefix: What the names of the events begin with.

    Raises:
        OSError: There are no such events.
    """

    __slots__ = ("_events",)

    def __init__(self, prefix: str) -> None:
        super().__init__(None)
        self._events = events.join(prefix)

    @property
    def connected(self) -> bool:
        """Whether there is a host; there is."""
        return True

    def attend(self, process: Process) -> None:
        """Have a request to stop end the process as SIGTERM does elsewhere, and one to reload reload it."""
        threading.Thread(target=self._listen, args=(process,), name="service host", daemon=True).start()

    def send(self, text: str, *, stamped: bool = False, descriptors: Sequence[int] = ()) -> bool:
        """Say what the message means; see :meth:`Notifier.send`."""
        del stamped, descriptors
        for line in text.split("\n"):
            name = _MEANINGS.get(line.partition("=")[0])
            if name is not None:
                self._events.set(name)
        return True

    def barrier(self, limit: float) -> bool:
        """Wait for nothing: an event is there as soon as it is set."""
        del limit
        return True

    def close(self) -> None:
        """Say no more. The handles end with the process, since a thread may be waiting for them."""

    def _listen(self, process: Process) -> None:
        handles = (c_void_p * 2)(self._events.handles[Name.STOP], self._events.handles[Name.RELOAD])
        while calls.wait_for_any(2, handles, False, calls.INFINITE):  # noqa: FBT003 (C's order)
            if hasattr(process, "loop"):  # before that, it reads everything anyway
                process.loop.call_soon_threadsafe(process.feed, Fact.RELOAD_REQUESTED)
        _thread.interrupt_main(signal.SIGTERM)
