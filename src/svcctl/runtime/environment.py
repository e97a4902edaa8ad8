"""What the init system has told this process beside where to notify it; read, and taken out, once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

_SOCKETS = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES")


def watchdog_limit() -> float | None:
    """Return the seconds within which the init system wants a sign of life; ``None`` if it does not watch."""
    if "WATCHDOG_USEC" not in os.environ and "WATCHDOG_PID" not in os.environ:
        return None
    from svcctl.runtime import watchdog  # noqa: PLC0415 (only where an init system watches)

    return watchdog.from_environment(os.environ)


def inherited_sockets() -> list[tuple[str, socket.socket]]:
    """Return the sockets that were handed over, with their names."""
    if not any(name in os.environ for name in _SOCKETS):
        return []
    from svcctl.runtime import activation  # noqa: PLC0415 (only where sockets are inherited)

    return activation.from_environment(os.environ)
