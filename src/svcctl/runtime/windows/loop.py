"""A loop that notices signals where the system's waiting is not interrupted by them, as on Windows."""

from __future__ import annotations

import asyncio
import signal

from svcctl.runtime.windows.pairing import pair

_CHUNK = 4096


class SignalledLoop(asyncio.SelectorEventLoop):
    """Python's loop that waits for sockets, and wakes for signals by a pair of them.

    It has to be made in the main thread. Source: Python, ``signal.set_wakeup_fd``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._woken, self._waker = pair()
        for end in (self._woken, self._waker):
            end.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        self.add_reader(self._woken, self._wake)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        """Close the loop; signals wake nobody any more."""
        if not self.is_closed():
            signal.set_wakeup_fd(-1)
            self.remove_reader(self._woken)
            self._woken.close()
            self._waker.close()
        super().close()

    def _wake(self) -> None:
        """Take what signals have left; their handlers run before the loop waits again."""
        self._woken.recv(_CHUNK)
