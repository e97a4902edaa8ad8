"""What the init system has told this process beside where to notify it; read, and taken out, once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    import socket

    from svcctl.runtime.mode import Mode
    from svcctl.runtime.runner import Process
    from svcctl.runtime.store import Store

_SOCKETS = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES")

#: How many descriptors the init system keeps for its service; see :mod:`svcctl.runtime.store`.
STORE = "FDSTORE"


def watchdog_limit() -> float | None:
    """Return the seconds within which the init system wants a sign of life; ``None`` if it does not watch."""
    if "WATCHDOG_USEC" not in os.environ and "WATCHDOG_PID" not in os.environ:
        return None
    from svcctl.runtime import watchdog  # noqa: PLC0415 (only where an init system watches)

    return watchdog.from_environment(os.environ)


def open_control(process: Process) -> None:
    """Open the socket for live control where the init system gives a folder for it, or somebody has asked for it."""
    path = process.mode.options.control if process.mode is not None else ""
    if path or "RUNTIME_DIRECTORY" in os.environ or "SVCCTL_CONTROL" in os.environ:
        from svcctl.runtime.control import opening  # noqa: PLC0415 (only then)

        if process.notifier.provisional:  # until it takes over, the other process answers there
            from svcctl.runtime.succeeding import when_main  # noqa: PLC0415 (only in an upgrade)

            when_main(process, lambda: opening.open_control(process, path, replace=True))
        else:
            opening.open_control(process, path)


def loop_factory(mode: Mode | None) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop; ``None`` for Python's own choice.

    On Windows, Python's own loop cannot wait until a socket has something to accept, and the other one notices no signal.
    """
    if mode is not None and mode.loop_factory is not None:
        return mode.loop_factory
    if sys.platform == "win32":
        from svcctl.runtime.windows.loop import SignalledLoop  # noqa: PLC0415 (only there)

        return SignalledLoop
    return None


def attend_console(process: Process) -> Callable[[], None]:
    """Have the process stop in order when its console goes, where that is no signal; return what to call afterwards.

    Below a service host that says when to stop, users log off who have nothing to do with the service.
    """
    if sys.platform == "win32" and not process.notifier.connected:
        from svcctl.runtime.windows.console import attend  # noqa: PLC0415 (only there)

        return attend()
    return lambda: None


def handed_over(process: Process) -> tuple[list[tuple[str, socket.socket]], Store | None]:
    """Return the sockets that were handed over, with their names, and what keeps descriptors, if anything does."""
    sockets: list[tuple[str, socket.socket]] = []
    left: list[tuple[str, int]] = []
    if any(name in os.environ for name in _SOCKETS):
        from svcctl.runtime import activation  # noqa: PLC0415 (only where sockets are inherited)

        sockets = activation.from_environment(os.environ, lambda *each: left.append(each))
    if STORE not in os.environ and not left:
        return sockets, None
    from svcctl.runtime import store  # noqa: PLC0415 (only where there is one)

    return sockets, store.store_of(process, os.environ.pop(STORE, "0"), left)
