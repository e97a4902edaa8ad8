"""Debian trees for packages: systems that they are installed on, and workshops with the tools that judge them.

Both are kept as those of ``tests.systemd.trees`` are; ``python -m tests.debian.trees`` builds them ahead of need.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.systemd.trees import SUITES, Suite, bootstrap, configure, kept

#: A system as an administrator has it: with its documents, and without anything of svcctl's.
SYSTEM = ("dbus", "iproute2", "libstdc++6", "procps", "python3", "systemd", "systemd-sysv", "util-linux")
WORKSHOP = ("dpkg-dev", "lintian", "piuparts", "python3")


def system(suite: Suite) -> Path:
    """Return the tree of a system that packages are installed on: with a network it needs nothing else."""
    return kept(f"{suite.name}-system", _recipe(suite, SYSTEM), lambda work: _system(suite, work))


def workshop(suite: Suite) -> Path:
    """Return the tree with a release's lintian, dpkg-dev and piuparts."""
    return kept(f"{suite.name}-workshop", _recipe(suite, WORKSHOP), lambda work: _workshop(suite, work))


def _recipe(suite: Suite, packages: tuple[str, ...]) -> str:
    return repr((suite, packages, Path(__file__).read_text()))


def _system(suite: Suite, work: Path) -> Path:
    bootstrap(suite, work / "root", SYSTEM)
    configure(work / "root")
    return work / "root"


def _workshop(suite: Suite, work: Path) -> Path:
    bootstrap(suite, work / "root", WORKSHOP)
    return work / "root"


if __name__ == "__main__":
    with ThreadPoolExecutor() as together:
        for made in [
            together.submit(make, suite) for suite in SUITES.values() for make in (system, workshop)
        ]:
            sys.stdout.write(f"{made.result()}\n")
