"""Keeps the init system's watchdog quiet for as long as the loop runs.

The pings come from the loop itself, so a loop that stands still sends none. Source: sd_watchdog_enabled(3),
systemd.service(5) ``WatchdogSec=``.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, MutableMapping

_log = logging.getLogger(__name__)

VARIABLES = ("WATCHDOG_USEC", "WATCHDOG_PID")

#: Seconds: no ping more often than this, however short the limit.
SHORTEST = 0.001


def from_environment(environ: MutableMapping[str, str]) -> float | None:
    """Return the limit in seconds within which a ping is due, and remove the variables that set it.

    Returns:
        ``None`` if there is no limit, or it is for another process, or it is not a positive number, which is
        logged.
    """
    limit, pid = (environ.pop(name, None) for name in VARIABLES)
    if limit is None or (pid is not None and pid != str(os.getpid())):
        return None
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:20]) < 2**64 - 1):
        _log.error(
            "WATCHDOG_USEC is no number of microseconds, no pings are sent",
            extra={"svcctl_value": limit[:80]},
        )
        return None
    return int(limit[:20]) / 1_000_000


def start(limit: float, ping: Callable[[], object]) -> Callable[[], None]:
    """Call ``ping`` now and then at half the limit, from the running loop.

    Args:
        limit: Seconds within which a ping is due.
        ping: What to call.

    Returns:
        What ends it.
    """
    loop = asyncio.get_running_loop()
    interval = max(limit / 2, SHORTEST)
    pending: asyncio.TimerHandle

    def beat() -> None:
        nonlocal pending
        pending = loop.call_later(interval, beat)
        ping()

    def end() -> None:
        pending.cancel()  # the timer of the latest beat, not of the first

    beat()
    return end
