"""``svcctl explain`` on services that went wrong, and on some that did not."""

from __future__ import annotations

import pytest

from tests.systemd.apps import installed, named
from tests.systemd.explained_cases import CASES, STAY_DOWN, explained, fault, fill, python
from tests.systemd.machine import Machine
from tests.systemd.test_user_scope import USER, home

__all__ = ["home"]

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.mark.parametrize("name", CASES)
def test_what_has_happened_is_explained(machine: Machine, name: str) -> None:
    """In words, with where and when, a few lines of the journal, and a command."""
    case = CASES[name]
    machine.write("/etc/faulty.env", "A=1\n")
    machine.run(["ln", "-sf", "python3", "/opt/svcctl/bin/another"])
    app = installed(machine, "faulty", *case.options)
    case.wrong(app)
    result = explained(app)
    assert result["fault"]
    first = result["explanations"][0]
    assert first["cause"] == case.cause, first
    assert fill(case.message, app) in first["message"]
    assert any(case.evidence in each for each in first["evidence"]), first["evidence"]
    assert any(fill(case.command, app) in each["command"] for each in first["mends"]), first["mends"]
    assert first["path"] == (f"{app.name}/{case.path}" if case.path else "")
    assert first["phase"] == case.phase
    assert abs(first["at"] - float(machine.run(["date", "+%s"]).stdout)) < 120
    machine.systemctl("stop", app.service, check=False)


def test_the_limit_of_a_socket_follows_from_what_is_explained_first(machine: Machine) -> None:
    """The mistake is the cause, the closed socket what came of it."""
    app = installed(machine, "faulty")
    machine.write(app.path, "raise RuntimeError('oh dear')\n")
    machine.systemctl("start", app.socket)
    with machine.socket(timeout=60) as client:
        client.connect(("127.0.0.1", app.port))
        machine.wait_for_property(app.socket, "ActiveState", "failed", timeout=60)
    machine.wait_for_property(app.service, "ActiveState", "failed")
    result = explained(app)
    assert [each["cause"] for each in result["explanations"]] == ["mistake-in-file", "trigger-limit"]
    assert result["explanations"][1]["unit"] == app.socket
    shown = machine.run(["svcctl", "explain", app.name], check=False)
    assert shown.returncode == 3
    assert "\nwhat follows from it, " in shown.stdout
    assert f"\n      svcctl start {app.name}\n" in shown.stdout
    app.replace("faulty")
    machine.run(["svcctl", "start", app.name])
    assert app.ask("mended") == "mended"
    well = machine.run(["svcctl", "explain", app.name])
    assert well.stdout.startswith(f"{app.name}: it runs; nothing is known to be wrong\n")
    assert "\nearlier, " in well.stdout


def test_a_service_that_systemd_has_started_again_is_explained(machine: Machine) -> None:
    """It runs, and why it did not is told."""
    app = installed(machine, "faulty", "--now")
    with machine.socket() as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(b"fail\n")
        machine.wait_for_property(app.service, "NRestarts", "1")
    machine.wait_for_property(app.service, "ActiveState", "active")
    result = explained(app)
    assert result["state"] == "it runs; systemd has started it again once"
    assert result["explanations"][0]["cause"] == "failed-service"


def test_what_a_sandbox_denies_a_service_that_runs_is_explained(machine: Machine) -> None:
    """A connection was lost by it, and nothing else shows."""
    app = installed(machine, "faulty", "--now")
    with machine.socket() as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(b"spoil\n")
        assert client.recv(10) == b""
    result = explained(app)
    assert result["state"] == "it runs"
    (found,) = result["explanations"]
    assert (found["cause"], found["phase"]) == ("sandbox", "serving")
    assert "(ProtectSystem=) does not let it write /etc/faulty" in found["message"]
    assert any("in spoil" in line for line in found["evidence"])


def test_services_of_a_user_are_explained(machine: Machine, home: str) -> None:
    """With commands for that user."""
    app = named(machine, "mine", folder=f"{home}/apps")
    app.replace("faulty")
    machine.run(["chown", "-R", f"{USER}:{USER}", f"{home}/apps"])
    machine.run_as(USER, ["svcctl", "install", "--user", app.path])
    machine.write(app.path, "raise RuntimeError('oh dear')\n")
    machine.run_as(USER, ["systemctl", "--user", "start", app.service], check=False)
    shown = machine.run_as(USER, ["svcctl", "explain", "--user", app.name], check=False)
    machine.run_as(USER, ["svcctl", "uninstall", "--user", "--purge", "--yes", app.name])
    assert shown.returncode == 3
    assert "line 1: RuntimeError: oh dear" in shown.stdout
    assert f"\n      svcctl start --user {app.name}\n" in shown.stdout


def test_what_is_well_is_said_to_be(machine: Machine) -> None:
    """Never started, running, stopped; what is not installed is an error."""
    app = installed(machine, "faulty")
    never = machine.run(["svcctl", "explain", app.name])
    assert never.stdout == (
        f"{app.name}: it has not been started since the machine was booted; nothing is known to be wrong\n"
    )
    machine.run(["svcctl", "start", app.name])
    runs = machine.run(["svcctl", "explain", app.name])
    assert runs.stdout == f"{app.name}: it runs; nothing is known to be wrong\n"
    machine.run(["svcctl", "stop", app.name])
    machine.run(["journalctl", "--sync"])
    rests = machine.run(["svcctl", "explain", app.name])
    assert rests.stdout == f"{app.name}: it is stopped; nothing is known to be wrong\n"
    unknown = machine.run(["svcctl", "explain", "nonesuch"], check=False)
    assert unknown.returncode == 64


def test_who_may_not_read_the_journal_is_told_what_systemd_shows_and_how_to_see_more(
    machine: Machine,
) -> None:
    """The status has the reason; the way to the rest is named."""
    app = installed(machine, "faulty", *STAY_DOWN)
    fault("denied")(app)
    shown = machine.run([*NOBODY, "svcctl", "explain", app.name], check=False)
    assert shown.returncode == 3
    assert "(ProtectSystem=) does not let" in shown.stdout
    assert "the journal is not for you to read" in shown.stderr
    assert "systemd-journal" in shown.stderr


def test_a_unit_that_was_removed_by_hand_is_explained(machine: Machine) -> None:
    """With the installation to repeat."""
    app = installed(machine, "faulty")
    machine.run(["rm", f"/etc/systemd/system/{app.service}"])
    machine.systemctl("daemon-reload")
    result = explained(app)
    assert result["explanations"][0]["cause"] == "no-unit"
    assert result["explanations"][0]["mends"][0]["command"] == (
        f"svcctl install {app.path} --python {python(app)}"
    )
