"""Machines for the tests of this folder: each worker boots one per Debian release, when a test first wants it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.systemd.equipped import equipped
from tests.systemd.machine import Machine
from tests.systemd.trees import SUITES, Suite, tree
from tests.systemd.twisted_environment import environment


def why_not_here() -> str:
    """Return why no machine can be booted here; empty if one can."""
    if sys.platform != "linux":
        return "systemd runs on Linux only"
    return "" if os.geteuid() == 0 else "booting a systemd needs root"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what wants a machine, and skip it where there can be none."""
    reason = why_not_here()
    for item in items:
        if {"machine", "pristine", "twisted_machine"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.systemd)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Machine]]:
    """Give the worker's machine of a release and layers above it, with svcctl in it."""
    machines: dict[tuple[str, tuple[Path, ...]], Machine] = {}

    def machine_of(name: str, *layers: Path) -> Machine:
        if (name, layers) not in machines:
            machines[name, layers] = machine = _machine(SUITES[name], tmp_path_factory.mktemp(name), *layers)
            machine.boot()
        return machines[name, layers]

    yield machine_of
    for machine in machines.values():
        machine.close()


def _machine(suite: Suite, folder: Path, *layers: Path) -> Machine:
    """Return a machine with svcctl in all environments that are there."""
    return Machine(suite, tree(suite), folder, equipped(suite, *layers), *layers)


@pytest.fixture(params=SUITES)
def pristine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """Give a machine of the test's own, on which nothing was ever installed."""
    machine = _machine(SUITES[request.param], tmp_path / request.param)
    machine.boot()
    yield machine
    machine.close()


@pytest.fixture(params=SUITES)
def machine(request: pytest.FixtureRequest, booted: Callable[..., Machine]) -> Iterator[Machine]:
    """Give a booted machine; if the test fails, what its systemd said meanwhile is shown."""
    yield from _watched(booted(request.param))


@pytest.fixture
def twisted_machine(request: pytest.FixtureRequest, booted: Callable[..., Machine]) -> Iterator[Machine]:
    """Give such a machine that has applications of Twisted's, too: of the older release, unless others are asked for."""
    name = getattr(request, "param", "bookworm")
    yield from _watched(booted(name, environment(SUITES[name])))


def _watched(machine: Machine) -> Iterator[Machine]:
    before = machine.console.stat().st_size
    yield machine
    machine.stop_applications()
    with machine.console.open("rb") as console:
        console.seek(before)
        print(console.read().decode(errors="replace"))  # noqa: T201 - pytest shows it with a failure
