"""Machines for the tests of this folder: each worker boots one per Debian release, when a test first wants it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.systemd.machine import Machine
from tests.systemd.trees import SUITES, tree
from tests.systemd.wheel import wheel

PIP = ("/opt/svcctl/bin/pip", "install", "--quiet", "--no-index", "--no-deps")


def why_not_here() -> str:
    """Return why no machine can be booted here; empty if one can."""
    if sys.platform != "linux":
        return "systemd runs on Linux only"
    return "" if os.geteuid() == 0 else "booting a systemd needs root"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what wants a machine, and skip it where there can be none."""
    reason = why_not_here()
    for item in items:
        if {"machine", "pristine"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.systemd)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Machine]]:
    """Give the worker's machine of a release, with svcctl in it."""
    machines: dict[str, Machine] = {}

    def machine_of(name: str) -> Machine:
        if name not in machines:
            machines[name] = machine = Machine(
                SUITES[name], tree(SUITES[name]), tmp_path_factory.mktemp(name)
            )
            machine.boot()
            install_svcctl(machine)
        return machines[name]

    yield machine_of
    for machine in machines.values():
        machine.close()


def install_svcctl(machine: Machine) -> None:
    """Install the checkout's wheel as a user would, into the environment of the tree."""
    built = wheel()
    machine.write(f"/root/{built.name}", built.read_bytes())
    machine.run([*PIP, f"/root/{built.name}"])


@pytest.fixture(params=SUITES)
def pristine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """Give a machine of the test's own, on which nothing was ever installed."""
    machine = Machine(SUITES[request.param], tree(SUITES[request.param]), tmp_path / request.param)
    machine.boot()
    install_svcctl(machine)
    yield machine
    machine.close()


@pytest.fixture(params=SUITES)
def machine(request: pytest.FixtureRequest, booted: Callable[[str], Machine]) -> Iterator[Machine]:
    """Give a booted machine; if the test fails, what its systemd said meanwhile is shown."""
    machine = booted(request.param)
    before = machine.console.stat().st_size
    yield machine
    machine.stop_applications()
    with machine.console.open("rb") as console:
        console.seek(before)
        print(console.read().decode(errors="replace"))  # noqa: T201 - pytest shows it with a failure
