"""Timers: the CPU time of 10 000 `TimerService`s of 1 s against bare, self-rescheduling `loop.call_at`, and their drift.

Both sets run in turn, in this process, for several rounds; what counts is the ratio of the medians, since machines
differ. The drift is measured in one round of 30 s: how much later the last calls come, after their dates, than the
first ones do.

    python benchmarks/timers.py [--timers 10000] [--rounds 5] [--seconds 5] [--drift 30] [--uvloop]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from svcctl.application import lifecycle
from svcctl.application.internet import TimerService
from svcctl.application.service import MultiService, Service

GOAL = 1.2
#: Seconds of lateness that the calls of the last second may have more than those of the first.
DRIFT_GOAL = 0.05
STEP = 1.0


class Work:
    """What both sets call: it counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        """Count."""
        self.calls += 1


class Bare(Service):
    """A timer as one writes it by hand: `call_at`, from date to date.

    It is a service for the sake of the comparison: started in the same way, its dates are as far apart as those of
    the others, so that the loop wakes up as often. Nothing of that is used while it is measured.
    """

    def __init__(self, step: float, work: Callable[[], None]) -> None:
        self.step = step
        self.work = work

    def startService(self) -> None:
        """Begin."""
        self.loop = asyncio.get_running_loop()
        self.due = self.loop.time()
        self.tick()

    def stopService(self) -> None:
        """End."""
        self.handle.cancel()

    def tick(self) -> None:
        """Call, and have it called again."""
        self.work()
        self.due += self.step
        self.handle = self.loop.call_at(self.due, self.tick)


async def started(timers: Sequence[Service]) -> MultiService:
    """Start timers one after the other over a step, as it is in life; return the collection they are in."""
    root = MultiService()
    await lifecycle.start(root)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for position, timer in enumerate(timers):
        if position % 100 == 0:
            await asyncio.sleep(max(0.0, began + STEP * position / len(timers) - loop.time()))
        await root.addService(timer)
    return root


async def cpu(kind: Callable[[float, Work], Service], count: int, seconds: float) -> float:
    """Return the CPU time of one call of timers of a kind."""
    work = Work()
    root = await started([kind(STEP, work) for _ in range(count)])
    gc.collect()
    gc.disable()
    calls, began = work.calls, time.process_time()
    await asyncio.sleep(seconds)
    used = time.process_time() - began
    gc.enable()
    used /= work.calls - calls
    await lifecycle.stop(root)
    return used


class Dates:
    """A function that keeps how late each of its calls was, by dates counted from the first one."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.began = 0.0

    def __call__(self) -> None:
        """Take note."""
        now = asyncio.get_running_loop().time()
        if not self.late:
            self.began = now
        self.late.append(now - self.began - len(self.late) * STEP)


async def drift(count: int, seconds: float) -> tuple[float, int]:
    """Return by how many seconds the calls of the timers come later at the end, and how many calls are missing."""
    dates = [Dates() for _ in range(count)]
    root = await started([TimerService(STEP, each) for each in dates])
    await asyncio.sleep(seconds - STEP / 2)
    await lifecycle.stop(root)
    first = statistics.median(each.late[1] for each in dates)
    last = statistics.median(each.late[-1] for each in dates)
    return last - first, sum(max(0, int(seconds / STEP) - len(each.late)) for each in dates)


async def measure(arguments: argparse.Namespace) -> bool:
    """Measure, print, and tell whether the goals are reached."""
    kinds: dict[str, Callable[[float, Work], Service]] = {"call_at": Bare, "TimerService": TimerService}
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for each in range(arguments.rounds + 1):
        for name, kind in kinds.items():
            used = await cpu(kind, arguments.timers, arguments.seconds)
            if each:  # the first round warms up
                times[name].append(used)
    medians = {name: statistics.median(used) for name, used in times.items()}
    for name, used in medians.items():
        print(f"{name:>13}: {1e6 * used:6.2f} µs of CPU time per call")
    ratio = medians["TimerService"] / medians["call_at"]
    print(f"{'ratio':>13}: {ratio:6.2f} (goal {GOAL})")
    late, missing = await drift(arguments.timers, arguments.drift)
    print(f"{'drift':>13}: {1000 * late:6.1f} ms after {arguments.drift:g} s (goal {1000 * DRIFT_GOAL:g} ms)")
    print(f"{'':>13}  {missing:6} calls missing (goal 0)")
    return ratio <= GOAL and late <= DRIFT_GOAL and not missing


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--timers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--drift", type=float, default=30.0, help="seconds of the measurement of the drift")
    parser.add_argument("--uvloop", action="store_true", help="on uvloop instead of asyncio's own loop")
    arguments = parser.parse_args()
    factory = None
    if arguments.uvloop:
        import uvloop  # noqa: PLC0415 (only on request)

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return 0 if runner.run(measure(arguments)) else 1


if __name__ == "__main__":
    sys.exit(main())
