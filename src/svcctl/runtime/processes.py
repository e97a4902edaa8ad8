"""Tells a process from every other one, also from a later one of the same number.

Source: proc_pid_stat(5), proc_pid_status(5), random(4) for the boot's identity.
"""

from __future__ import annotations

import os
from typing import NamedTuple

#: States of processes that have ended and wait for their parent to take note.
_ENDED = "ZXx"


class Process(NamedTuple):
    """One living process.

    Attributes:
        pid: Its number, which another process may have later.
        began: When it was started, as a text without blanks; with the number, it tells it from all others.
        age: Seconds for which it has lived.
        uid: The user it runs as.
    """

    pid: int
    began: str
    age: float
    uid: int


def find(pid: int) -> Process | None:
    """Return the process of a number if there is one that has not ended."""
    return _from_proc(pid) if os.path.exists("/proc/self/stat") else _from_psutil(pid)  # noqa: PTH110 (pathlib is slow to import)


def _from_proc(pid: int) -> Process | None:
    try:
        stat, status = _read(f"/proc/{pid}/stat"), _read(f"/proc/{pid}/status")
        boot, uptime = _read("/proc/sys/kernel/random/boot_id"), _read("/proc/uptime")
    except OSError:
        return None  # it is gone
    # The second field is the name, in parentheses, and may have blanks and parentheses of its own.
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in _ENDED:
        return None
    ticks = int(fields[19])
    age = float(uptime.split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    uids = next(line for line in status.splitlines() if line.startswith("Uid:"))
    return Process(pid, f"{boot.strip()}:{ticks}", age, int(uids.split()[1]))


def _from_psutil(pid: int) -> Process | None:
    import time  # noqa: PLC0415 (the same)

    import psutil  # noqa: PLC0415 (only where the system has no /proc)

    try:
        process = psutil.Process(pid)
        began, uid = process.create_time(), process.uids().real
        ended = process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return None if ended else Process(pid, f"{began:.2f}", time.time() - began, uid)


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 (the same as above)
        return file.read()
