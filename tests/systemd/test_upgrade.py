"""A new process takes over while the old one serves, in the whole sandbox of a generated unit."""

from __future__ import annotations

import json

import pytest

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine, wait_until
from tests.systemd.under_load import under_load
from tests.systemd.upgrades import ASK

UPGRADES = 20
BROKEN = """
class Broken(Service):
    name = "broken"
    def startService(self):
        raise RuntimeError("no " + "such " * 1000 + "database")
Broken().setServiceParent(application)
"""
#: How the listeners come about.
WAYS = pytest.mark.parametrize("options", [(), ("--no-sockets",)], ids=["sockets", "no-sockets"])


def gone(app: App, pid: str) -> bool:
    """Return whether a process of the application has ended."""
    return app.machine.run(["test", "-d", f"/proc/{pid}"], check=False).returncode != 0


@WAYS
def test_the_new_process_becomes_the_main_process(machine: Machine, options: tuple[str, ...]) -> None:
    """It has the sockets and what was kept; the old one ends; the unit was never inactive, and goes on as any other."""
    app = installed(machine, "keeper", *options, "--now")
    assert app.ask("keep hello") == "True"
    first = app.ask("pid")
    since = app.property("ActiveEnterTimestampMonotonic")
    second = app.ask("upgrade")
    assert second.isdigit(), second
    assert wait_until(lambda: gone(app, first))
    assert app.property("MainPID") == second
    assert app.ask("pid") == second
    assert app.ask("kept") == "hello 5"
    assert app.property("DynamicUser") == "yes"
    assert app.property("ActiveState") == "active"
    assert app.property("ActiveEnterTimestampMonotonic") == since
    assert app.property("StatusText") == "3/3 ready"
    # A crash of the new one is seen, and mended.
    machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", app.name)
    assert app.ask("pid") not in {first, second}
    assert app.property("NRestarts") == "1"
    assert app.ask("kept") == "hello"
    machine.systemctl("stop", app.service)
    assert app.property("Result") == "success"


def test_what_is_in_flight_is_answered_by_the_old_process(machine: Machine) -> None:
    """The new one takes whatever comes later."""
    app = installed(machine, "keeper", "--now")
    first = app.ask("pid")
    with machine.socket() as slow:
        slow.connect(("127.0.0.1", app.port))
        slow.sendall(b"slow 2\n")
        second = app.ask("upgrade")
        assert app.ask("pid") == second
        assert not gone(app, first)
        assert slow.recv(100) == b"slow 2\n"
    assert wait_until(lambda: gone(app, first))


def test_a_stop_waits_for_the_old_process(machine: Machine) -> None:
    """It would be killed together with the main process."""
    app = installed(machine, "keeper", "--now")
    with machine.socket() as slow:
        slow.connect(("127.0.0.1", app.port))
        slow.sendall(b"slow 2\n")
        assert app.ask("upgrade").isdigit()
        machine.systemctl("stop", app.service, app.socket)
        assert slow.recv(100) == b"slow 2\n"
    assert app.property("Result") == "success"


@WAYS
def test_an_upgrade_to_a_broken_file_changes_nothing(machine: Machine, options: tuple[str, ...]) -> None:
    """The old process serves on, and says the whole reason."""
    app = installed(machine, "keeper", *options, "--now")
    assert app.ask("keep hello") == "True"
    first = app.ask("pid")
    machine.write(app.path, machine.read(app.path) + BROKEN)
    answer = app.ask("upgrade")
    assert answer.startswith(f"{app.name}/broken failed to start: RuntimeError: no such such")
    assert answer.endswith("such database (the new process ended with status 70)")
    assert app.ask("pid") == first == app.property("MainPID")
    assert app.property("StatusText").startswith(f"upgrade failed, going on as before: {app.name}/broken")
    assert "upgrade failed" in machine.journal(app.service)
    app.replace("keeper")
    machine.systemctl("restart", app.name)
    assert app.ask("kept") == "hello 5"


@pytest.mark.timeout(280)
@WAYS
def test_upgrades_under_load_lose_no_request(machine: Machine, options: tuple[str, ...]) -> None:
    """Twenty clients connect without pause: none is refused, reset or left without its own answer."""
    app = installed(machine, "keeper", *options, "--now")
    load = under_load(machine, app.port, UPGRADES, "python3", "-c", ASK, str(app.port))
    assert (load.done, load.others) == (UPGRADES, {})
    assert load.per_second >= 200
    assert app.property("ActiveState") == "active"
    assert app.property("NRestarts") == "0"


def test_the_command_brings_code_and_units_in_without_a_restart(machine: Machine) -> None:
    """What the units were made from and their descriptions change; no client is refused, nothing is restarted."""
    app = installed(machine, "keeper", "--now")
    first = app.ask("pid")
    text = machine.read(app.path)
    for said in ("once", "twice"):
        machine.write(app.path, text.replace("said = line\n", f'said = "{said}"\n'))
        upgraded = machine.run(["svcctl", "upgrade", app.name])
        assert f"{app.name} is upgraded: process {app.property('MainPID')} has taken over" in upgraded.stderr
        assert app.ask("hello") == said
    assert app.ask("pid") != first
    assert app.property("NeedDaemonReload") == "no"
    assert "note:" not in machine.run(["svcctl", "status", app.name]).stdout
    told = json.loads(machine.run(["svcctl", "upgrade", app.name, "--json"]).stdout)
    assert (told["how"], told["applied"], told["reasons"]) == ("overlapping", False, [])


def test_another_sandbox_needs_a_restart_and_a_rollback_brings_the_old_one_back(machine: Machine) -> None:
    """With the directives that are the reason."""
    app = installed(machine, "keeper", "--now")
    assert app.ask("keep hello") == "True"
    unit = f"/etc/systemd/system/{app.service}"
    before = machine.read(unit)
    text = machine.read(app.path)
    machine.write(app.path, text.replace('"descriptors": 2', '"descriptors": 2, "home": True'))
    upgraded = machine.run(["svcctl", "upgrade", app.name])
    assert f"restarted, since no process could take over: {app.service}: ProtectHome=" in upgraded.stderr
    assert app.ask("kept") == "hello 5"
    assert app.property("ProtectHome") == "read-only"
    back = machine.run(["svcctl", "rollback", app.name])
    assert f"it runs on as it was until: svcctl restart {app.name}" in back.stderr
    assert machine.read(unit) == before
    assert app.property("ProtectHome") == "yes"
    machine.write(app.path, text)
    upgraded = machine.run(["svcctl", "upgrade", app.name])
    assert "ProtectHome=" in upgraded.stderr
    machine.run(["svcctl", "rollback", app.name])
    assert "ProtectHome=read-only" in machine.read(unit)


def test_a_new_version_that_does_not_start_leaves_units_and_process_alone(machine: Machine) -> None:
    """The command fails with the whole reason, whether it does not load or does not start."""
    app = installed(machine, "keeper", "--now")
    unit = f"/etc/systemd/system/{app.service}"
    before, first, text = machine.read(unit), app.ask("pid"), machine.read(app.path)
    machine.write(app.path, text + BROKEN)
    failed = machine.run(["svcctl", "upgrade", app.name], check=False)
    assert failed.returncode == 70
    assert (
        f"{app.name} serves on as before: {app.name}/broken failed to start: RuntimeError: no such"
        in failed.stderr
    )
    machine.write(app.path, "no python\n")
    failed = machine.run(["svcctl", "upgrade", app.name], check=False)
    assert failed.returncode == 65
    assert machine.read(unit) == before
    assert app.ask("pid") == first == app.property("MainPID")


def test_what_does_not_run_is_not_upgraded(machine: Machine) -> None:
    """Nor is what was never replaced brought back."""
    app = installed(machine, "keeper")
    refused = machine.run(["svcctl", "upgrade", app.name], check=False)
    assert refused.returncode == 78
    assert f"svcctl start {app.name}" in refused.stderr
    refused = machine.run(["svcctl", "rollback", app.name], check=False)
    assert refused.returncode == 78
    assert "nothing of" in refused.stderr
