"""The process itself: processor time, memory, descriptors. Source: proc(5)."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

#: When this module was loaded, for systems that cannot tell when the process began.
_LOADED = time.time()


class Usage(NamedTuple):
    """What the process has used.

    Attributes:
        cpu_seconds: Processor time of its own, in user and kernel mode.
        resident_bytes: Memory in use; 0 if the system does not tell.
        virtual_bytes: Address space; 0 if the system does not tell.
        open_descriptors: Open descriptors; 0 if the system does not tell.
        most_descriptors: How many it may have open; 0 if the system does not tell.
        started: When it began, in seconds since 1970.
    """

    cpu_seconds: float
    resident_bytes: int
    virtual_bytes: int
    open_descriptors: int
    most_descriptors: int
    started: float


def usage() -> Usage:
    """Return what this process has used so far."""
    times = os.times()
    virtual, resident = _memory()
    return Usage(
        round(times.user + times.system, 3), resident, virtual, _descriptors(), _limit(), started_at()
    )


def started_at() -> float:
    """Return when this process began, in seconds since 1970."""
    try:
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 (a special file)
            fields = file.read().rpartition(")")[2].split()
        since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return round(time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot), 2)
    except (OSError, AttributeError, IndexError, ValueError):
        return _LOADED


def _memory() -> tuple[int, int]:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 (a special file)
            pages = file.read().split()
        size = os.sysconf("SC_PAGE_SIZE")
        return int(pages[0]) * size, int(pages[1]) * size
    except (OSError, IndexError, ValueError):
        return 0, 0


def _descriptors() -> int:
    try:
        return len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 (a special folder); one is that of the listing
    except OSError:
        return 0


def _limit() -> int:
    try:
        import resource  # noqa: PLC0415 (not on every system)
    except ImportError:
        return 0
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(0, soft)
