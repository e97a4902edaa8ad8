"""Restarts and upgrades under load, on real systemds: ``python -m benchmarks.restart [RESTARTS [UPGRADES]]`` as root.

200 restarts and 20 upgrades of a service in its whole sandbox, with sockets that systemd opens and with sockets of its
own, while twenty clients send one request per connection without pause: none may be refused, reset or left without
its own answer, and at least 200 of them have to be answered each second.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.systemd.apps import installed
from tests.systemd.conftest import install_svcctl
from tests.systemd.machine import Machine
from tests.systemd.trees import SUITES, tree
from tests.systemd.under_load import Load, under_load
from tests.systemd.upgrades import ASK

RESTARTS = 200
UPGRADES = 20
LEAST_PER_SECOND = 200
LIMIT = 1000.0


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


def main(restarts: int = RESTARTS, upgrades: int = UPGRADES) -> int:
    """Measure on each release; return the exit status."""
    well = True
    for suite in SUITES.values():
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(suite, tree(suite), Path(folder))
            machine.boot()
            try:
                install_svcctl(machine)
                well &= measure(machine, restarts, upgrades)
            finally:
                machine.close()
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
