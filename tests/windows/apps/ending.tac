"""Has a service that gives its process the signal that HOW names: soon after the start, or at its second stop by hand."""

import asyncio
import ctypes
import os
import signal

from svcctl.application import service

_HOW = os.environ.get("HOW", "")
_STOPS = 2


class Ending(service.Service):
    """Does it."""

    stops = 0

    def startService(self) -> None:
        """Begin."""
        asyncio.get_running_loop().call_later(0.2, self._act)
        super().startService()

    def stopService(self) -> None:
        """Have the process end soon if this has happened often enough."""
        self.stops += 1
        if _HOW == "stop" and self.stops == _STOPS:
            asyncio.get_running_loop().call_later(0.2, signal.raise_signal, signal.SIGTERM)
        super().stopService()

    def _act(self) -> None:
        if _HOW == "console":
            ctypes.windll.kernel32.GenerateConsoleCtrlEvent(0, 0)  # type: ignore[attr-defined]  # on Windows
        elif _HOW == "break":
            signal.raise_signal(signal.SIGBREAK)  # type: ignore[attr-defined]  # the same


application = service.Application("ending")
ending = Ending()
ending.setName("ending")
ending.setServiceParent(application)
