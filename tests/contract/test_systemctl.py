from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from svcctl.host import systemd
from svcctl.host.machine import Machine
from svcctl.plan.model import Action
from tests.fakes.machines import machine_in
from tests.fakes.systemctl import FakeSystemctl

UNIT = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"


@pytest.fixture(params=["real", "fake"])
def machine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Give a tree with two units, and either systemctl to act on it."""
    root = tmp_path / "root"
    units = root / "etc/systemd/system"
    units.mkdir(parents=True)
    for name in ("a.service", "b.service", "t@.service"):
        (units / name).write_text(UNIT)
    if request.param == "fake":
        folder = tmp_path / "bin"
        folder.mkdir()
        FakeSystemctl(folder)
        monkeypatch.setenv("PATH", str(folder))
    elif shutil.which("systemctl") is None or os.geteuid() != 0:
        pytest.skip("there is no systemctl, or nobody who may write with it")
    return machine_in(root, booted=False)


def test_units_are_enabled_and_disabled(machine: Machine) -> None:
    """Each as it was asked for."""
    systemd.act(machine, Action(kind="enable", units=("a.service",)))
    assert systemd.enabled(machine, ("a.service", "b.service")) == {"a.service": True, "b.service": False}
    systemd.act(machine, Action(kind="disable", units=("a.service", "b.service")))
    assert systemd.enabled(machine, ("a.service",)) == {"a.service": False}


@pytest.mark.skipif(
    shutil.which("systemctl") is None or os.geteuid() != 0, reason="there is no systemctl to use"
)
def test_enabled_instances_are_found_where_systemctl_puts_them(tmp_path: Path) -> None:
    """Without the template, and none if there are none."""
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    (units / "t@.service").write_text(UNIT)
    machine = machine_in(tmp_path, booted=False)
    assert systemd.instances(machine, "t@.service") == ()
    systemd.act(machine, Action(kind="enable", units=("t@1.service", "t@2.service")))
    assert systemd.instances(machine, "t@.service") == ("t@1.service", "t@2.service")
