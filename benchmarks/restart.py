"""Restarts and upgrades under load, on real systemds: ``python -m benchmarks.restart [RESTARTS [UPGRADES]]`` as root.

200 restarts and 20 upgrades of a service in its whole sandbox, with sockets that systemd opens and with sockets of its
own, while twenty clients send one request per connection without pause: none may be refused, reset or left without
its own answer, and at least 200 of them have to be answered each second. Then upgrades of a package, without haste:
nobody waits for longer than 0.5 s where a new process takes over, nor, where the unit changes, for longer than the
longest of the service's starts in the same run and 0.2 s.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from tests.debian.apps import App
from tests.debian.build import REPEATER, Program
from tests.debian.trees import system
from tests.debian.upgrading import upgrades
from tests.systemd.apps import installed
from tests.systemd.equipped import equipped
from tests.systemd.machine import Machine
from tests.systemd.trees import SUITES, tree
from tests.systemd.under_load import Load, under_load
from tests.systemd.upgrades import ASK

RESTARTS = 200
UPGRADES = 20
LEAST_PER_SECOND = 200
LIMIT = 1000.0
#: The longest wait, in milliseconds: for a process that takes over, and beside the start of one that is restarted.
OVERLAPPING = 500.0
BESIDE_START = 200.0


def report(what: str, wanted: int, load: Load) -> bool:
    """Print what became of the requests, and return whether all is well."""
    well = (load.done, load.others) == (wanted, {}) and load.per_second >= LEAST_PER_SECOND
    print(
        f"{what}: {load.done}/{wanted} done, {load.answered} answered, others {load.others or 'none'}, "
        f"{load.per_second}/s over {load.seconds} s, longest wait {load.longest_ms} ms: {'ok' if well else 'FAILED'}",
        flush=True,
    )
    return well


def measure(machine: Machine, restarts: int, upgrades: int) -> bool:
    """Restart and upgrade a service of each kind; return whether nothing was lost."""
    well = True
    for name, options in (("sockets of systemd", ()), ("sockets of its own", ("--no-sockets",))):
        unlimited = ("--set", "Unit.StartLimitIntervalSec=0") if options else ()
        app = installed(machine, "keeper", *options, *unlimited, "--now")
        restart = ("systemctl", "restart", app.service)
        load = under_load(machine, app.port, restarts, *restart, timeout=LIMIT)
        well &= report(f"{machine.suite.name}, {name}, restarts", restarts, load)
        load = under_load(machine, app.port, upgrades, "python3", "-c", ASK, str(app.port), timeout=LIMIT)
        well &= report(f"{machine.suite.name}, {name}, upgrades", upgrades, load)
        machine.stop_applications()
    return well


def packages(machine: Machine, folder: Path, times: int) -> bool:
    """Upgrade a package of each kind; return whether nothing was lost and nobody waited for too long."""
    app = App(machine, Program(REPEATER, "repeater", machine.free_port()), folder)
    first, same = app.build("1.0.0"), app.build("1.0.1")
    other = app.build("1.0.2", ('["state"]', '["state", "cache"]'))
    well = True
    for what, second, beside in (("taken over", same, OVERLAPPING), ("restarted", other, BESIDE_START)):
        load, starts = upgrades(app, first, second, times)
        goal = beside if second == same else starts[-1] + beside
        fine = (load.done, load.others) == (times, {}) and load.longest_ms <= goal
        took = f"{statistics.median(starts):.0f} ms, the longest {starts[-1]:.0f} ms" if starts else "none"
        print(
            f"{machine.suite.name}, package, {what}: {load.done}/{times} done, {load.answered} answered, "
            f"others {load.others or 'none'}, starts {took}, longest wait {load.longest_ms} ms "
            f"(goal {goal:.0f} ms): {'ok' if fine else 'FAILED'}",
            flush=True,
        )
        well &= fine
    return well


def main(restarts: int = RESTARTS, times: int = UPGRADES) -> int:
    """Measure on each release; return the exit status."""
    well = True
    for suite in SUITES.values():
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(suite, tree(suite), Path(folder), equipped(suite))
            machine.boot()
            try:
                well &= measure(machine, restarts, times)
            finally:
                machine.close()
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(suite, system(suite), Path(folder, "machine"))
            machine.boot()
            try:
                well &= packages(machine, Path(folder), times)
            finally:
                machine.close()
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
