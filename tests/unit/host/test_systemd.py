from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from svcctl.errors import CommandError, ConfigurationError
from svcctl.host import systemd
from svcctl.host.machine import Machine
from svcctl.plan.model import Action
from tests.fakes.machines import machine_in
from tests.fakes.systemctl import FakeSystemctl


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    """Give a fake systemctl that is all there is on the search path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeSystemctl(folder)


@pytest.fixture
def machine(tmp_path: Path, systemctl: FakeSystemctl) -> Machine:
    """Give a booted machine."""
    assert systemctl.folder.exists()
    return replace(machine_in(tmp_path), root="")


def test_properties_are_given_for_each_unit(machine: Machine, systemctl: FakeSystemctl) -> None:
    """Values may hold an equals sign."""
    systemctl.put("active", "a.service")
    systemctl.show("a.service", StatusText="x=1, y=2")
    shown = systemd.show(machine, ("a.service", "b.socket"), ("ActiveState", "StatusText"))
    assert shown["a.service"]["ActiveState"] == "active"
    assert shown["a.service"]["StatusText"] == "x=1, y=2"
    assert shown["b.socket"]["ActiveState"] == "inactive"
    assert systemd.show(machine, (), ("ActiveState",)) == {}


def test_only_what_runs_was_started_at_some_time(machine: Machine, systemctl: FakeSystemctl) -> None:
    """In UTC to the microsecond; the times of processes that have ended mean nothing."""
    at = "Sat 2026-11-21 09:04:51.250000 UTC"
    systemctl.put("active", "a.service", "none.service")
    systemctl.show("a.service", ExecMainStartTimestamp=at)
    systemctl.show("dead.service", ExecMainStartTimestamp=at)
    found = systemd.started(machine, ("dead.service", "none.service", "a.service"))
    assert found == {"a.service": datetime(2026, 11, 21, 9, 4, 51, 250_000, UTC).timestamp()}
    assert systemd.started(replace(machine, booted=False), ("a.service",)) == {}
    assert systemd.started(machine, ()) == {}


def test_scope_and_root_are_passed_to_systemctl(machine: Machine, systemctl: FakeSystemctl) -> None:
    """As its own options."""
    systemd.act(replace(machine, scope="user"), Action(kind="start", units=("a.service",)))
    systemd.act(replace(machine, root="/tree"), Action(kind="enable", units=("a.service",)))
    assert systemctl.changes() == ["--user start a.service", "--root=/tree enable a.service"]


def test_a_failed_start_says_what_the_unit_reported(machine: Machine, systemctl: FakeSystemctl) -> None:
    """Its result in words, its status text, and where to look."""
    systemctl.fail("start")
    systemctl.show("a.socket", Result="resources")
    systemctl.show("a.service", Result="exit-code", StatusText="a/db failed to start: no route")
    with pytest.raises(CommandError) as caught:
        systemd.change(machine, "start", ("a.socket", "a.service"))
    assert "a.socket: the system refused what it needs (is the address in use?)" in str(caught.value)
    assert "a.service: ended with an error: a/db failed to start: no route" in str(caught.value)
    assert caught.value.hint == "journalctl -n 30 -u a.socket"


def test_a_failure_that_no_unit_explains_has_the_words_of_systemctl(
    machine: Machine, systemctl: FakeSystemctl
) -> None:
    """Such as a unit that does not exist."""
    systemctl.fail("stop")
    with pytest.raises(CommandError, match="stop went wrong"):
        systemd.change(machine, "stop", ("a.service",))


def test_states_are_known_without_a_running_systemd(tmp_path: Path, systemctl: FakeSystemctl) -> None:
    """Nothing is active; what is enabled can be seen in another system's tree only."""
    systemctl.put("enabled", "a.service")
    elsewhere = machine_in(tmp_path, booted=False)
    assert systemd.active(elsewhere, ("a.service",)) == {"a.service": False}
    assert systemd.enabled(elsewhere, ("a.service", "b.service")) == {"a.service": True, "b.service": False}
    here = replace(elsewhere, root="")
    assert systemd.enabled(here, ("a.service",)) == {"a.service": False}


def test_instances_are_those_loaded_and_those_enabled(
    tmp_path: Path, machine: Machine, systemctl: FakeSystemctl
) -> None:
    """Each once."""
    systemctl.put("active", "web@1.service", "other.service")
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    for unit in ("web@1.service", "web@2.service", "other.service"):
        (wants / unit).symlink_to("../web@.service")
    here = replace(machine, root=str(tmp_path))
    assert systemd.instances(here, "web@.service") == ("web@1.service", "web@2.service")


@pytest.mark.parametrize(
    ("kind", "message"), [("enable", "systemctl is not there"), ("sysusers", "systemd-sysusers is not there")]
)
def test_a_missing_tool_is_named_with_the_way_around(
    kind: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below --root on a machine without systemd."""
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = machine_in(tmp_path, booted=False)
    action = Action(kind="enable" if kind == "enable" else "sysusers", units=("/etc/sysusers.d/a.conf",))
    with pytest.raises(ConfigurationError, match=message) as caught:
        systemd.act(machine, action)
    assert caught.value.hint
