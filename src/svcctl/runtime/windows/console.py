"""An orderly stop where the console's window is closed, or its user logs off; only Windows can import this.

Windows ends a process that has been told so as soon as that call returns, and after a few seconds in any case. So the
call, which comes in a thread of its own, returns when the application has stopped. Ctrl-C and Ctrl-Break are signals.
Source: ``SetConsoleCtrlHandler`` and "CTRL+CLOSE Signal" on learn.microsoft.com.
"""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable
from ctypes import c_uint32, c_void_p

from svcctl.windows.declaring import declare, windows

_CLOSED, _LOGGED_OFF, _SHUT_DOWN = 2, 5, 6
#: Windows waits no longer.
_LIMIT = 20.0

_Handler = windows.WINFUNCTYPE(c_uint32, c_uint32)
_set_handler = declare(
    windows.WinDLL("kernel32", use_last_error=True), "SetConsoleCtrlHandler", c_uint32, c_void_p, c_uint32
)


def attend() -> Callable[[], None]:
    """Stop this process as SIGTERM does when its console goes.

    Returns:
        To be called when it has stopped.
    """
    stopped = threading.Event()

    def told(event: int) -> int:
        if event not in {_CLOSED, _LOGGED_OFF, _SHUT_DOWN}:
            return 0
        _thread.interrupt_main(signal.SIGTERM)
        stopped.wait(_LIMIT)
        return 1

    handler = _Handler(told)
    _set_handler(handler, 1)

    def end() -> None:
        stopped.set()
        _set_handler(handler, 0)

    return end
