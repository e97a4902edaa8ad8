"""Real Debian systems for the tests of this folder: booted ones, and trees with a release's own tools."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from svcctl.generate.debian import compression
from tests.debian.apps import App
from tests.debian.build import REPEATER, Program
from tests.debian.trees import system
from tests.systemd.conftest import why_not_here
from tests.systemd.machine import Machine
from tests.systemd.trees import SUITES, Suite

_HERE = Path(__file__).parent
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder, and skip it where there can be no trees."""
    reason = why_not_here()
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.debian)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(params=SUITES)
def suite(request: pytest.FixtureRequest) -> Suite:
    """Give a release."""
    return SUITES[request.param]


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Suite], Machine]]:
    """Give the worker's machine of a release; there is nothing of svcctl's on it."""
    machines: dict[str, Machine] = {}

    def machine_of(suite: Suite) -> Machine:
        if suite.name not in machines:
            machine = Machine(suite, system(suite), tmp_path_factory.mktemp(f"{suite.name}-system"))
            machine.boot()
            # No test is about a machine that loses its power: nothing has to wait for the disk.
            machine.write("/etc/dpkg/dpkg.cfg.d/unsafe", "force-unsafe-io\n")
            machines[suite.name] = machine
        return machines[suite.name]

    yield machine_of
    for machine in machines.values():
        machine.close()


@pytest.fixture
def hastily(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compress packages as fast as can be: nobody keeps what a test installs."""
    monkeypatch.setitem(compression._LZMA2, "preset", 0)


@pytest.fixture
def app(
    suite: Suite,
    booted: Callable[[Suite], Machine],
    tmp_path: Path,
    hastily: None,  # noqa: ARG001 (what it does is enough)
) -> Iterator[App]:
    """Give an application that no other test has, for a machine; it is gone from there when the test ends."""
    machine = booted(suite)
    before = machine.console.stat().st_size
    name = f"repeater{next(_numbers)}"
    app = App(machine, Program(REPEATER, name, machine.free_port()), tmp_path)
    yield app
    app.dpkg("--purge", "--force-all", name, check=False)
    with machine.console.open("rb") as console:
        console.seek(before)
        print(console.read().decode(errors="replace"))  # noqa: T201 - pytest shows it with a failure
