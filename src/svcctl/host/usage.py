"""What a running process uses: processor, memory, descriptors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process, with all that it has started, uses.

    Attributes:
        cpu_seconds: Processor time so far.
        cpu_percent: Of one processor, since the last look at the same process; 0.0 at the first.
        memory: Resident memory in bytes.
        descriptors: Open descriptors; ``None`` if that may not be seen.
        threads: Threads.
        processes: How many processes it is.
    """

    cpu_seconds: float
    cpu_percent: float
    memory: int
    descriptors: int | None
    threads: int
    processes: int


def usage_of(pid: int) -> Usage | None:
    """Return what a process uses; ``None`` if there is none of that number."""
    import psutil  # noqa: PLC0415 (only for whoever looks)

    try:
        main = _process(pid)
        if not main.is_running():
            _process.cache_clear()
            main = _process(pid)
        family = [main, *(_process(each.pid) for each in main.children(recursive=True))]
    except psutil.NoSuchProcess:
        _process.cache_clear()
        return None
    seconds = percent = 0.0
    memory = threads = 0
    descriptors: int | None = 0
    for process in family:
        try:
            with process.oneshot():
                times = process.cpu_times()
                seconds += times.user + times.system
                percent += process.cpu_percent(None)
                memory += process.memory_info().rss
                threads += process.num_threads()
        except psutil.Error:  # it has ended meanwhile
            continue
        opened = _descriptors(process)
        descriptors = None if opened is None or descriptors is None else descriptors + opened
    return Usage(
        cpu_seconds=round(seconds, 2),
        cpu_percent=round(percent, 1),
        memory=memory,
        descriptors=descriptors,
        threads=threads,
        processes=len(family),
    )


@cache  # its processor time since the last look is known to the object alone
def _process(pid: int) -> psutil.Process:
    import psutil  # noqa: PLC0415 (only for whoever looks)

    return psutil.Process(pid)


def _descriptors(process: psutil.Process) -> int | None:
    import psutil  # noqa: PLC0415 (only for whoever looks)

    try:
        return process.num_fds()
    except (psutil.Error, AttributeError):  # not ours to see, or another system
        return None
