"""What an init system says about its watchdog; what is done about it is in :mod:`svcctl.runtime.watching`.

Source: sd_watchdog_enabled(3), systemd.service(5) ``WatchdogSec=``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import MutableMapping

_log = logging.getLogger(__name__)

VARIABLES = ("WATCHDOG_USEC", "WATCHDOG_PID")

#: Microseconds; more are as good as none.
_ENDLESS = 2**64 - 1


def from_environment(environ: MutableMapping[str, str]) -> float | None:
    """Return the limit in seconds within which a ping is due, and remove the variables that set it.

    Returns:
        ``None`` if there is no limit, or it is for another process, or it is not a positive number, which is
        logged.
    """
    limit, pid = (environ.pop(name, None) for name in VARIABLES)
    if limit is None or (pid is not None and pid != str(os.getpid())):
        return None
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:20]) < _ENDLESS):
        _log.error(
            "WATCHDOG_USEC is no number of microseconds, no pings are sent",
            extra={"svcctl_value": limit[:80]},
        )
        return None
    return int(limit[:20]) / 1_000_000
