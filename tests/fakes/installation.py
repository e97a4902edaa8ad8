"""A machine to install on: a temporary tree, a fake systemctl, applications that need no file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.host import machine as machines
from svcctl.host.machine import Machine
from svcctl.operations import preparation
from svcctl.plan.model import Scope
from tests.fakes.describing import FakeDescribe
from tests.fakes.machines import machine_in
from tests.fakes.systemctl import FakeSystemctl


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the tree of the machine."""
    tree = tmp_path / "root"
    (tree / "etc/systemd/system").mkdir(parents=True)
    return tree


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    """Give a fake systemctl that is all there is on the search path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeSystemctl(folder)


@pytest.fixture
def machine(root: Path, systemctl: FakeSystemctl, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Give a booted machine and let every operation find it."""
    assert systemctl.folder.exists()
    made = machine_in(root)

    def find(scope: Scope, _root: str = "", *, version: int | None = None) -> Machine:
        return replace(made, scope=scope, version=version or made.version)

    monkeypatch.setattr(machines, "find", find)
    return made


@pytest.fixture
def describing(monkeypatch: pytest.MonkeyPatch) -> FakeDescribe:
    """Let every application be what this fake says."""
    fake = FakeDescribe()
    monkeypatch.setattr(preparation, "describe", fake)
    return fake
