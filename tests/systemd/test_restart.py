"""Restarts: after a crash, and by the operator while clients connect without pause."""

from __future__ import annotations

import pytest

from tests.systemd.apps import installed
from tests.systemd.machine import Machine
from tests.systemd.under_load import under_load

RESTARTS = 50


def test_kill_9_restarts_the_service(machine: Machine) -> None:
    """A killed process is replaced by another one that answers."""
    app = installed(machine, "echo", "--now")
    first = app.property("MainPID")
    machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", app.name)
    machine.wait_for_property(app.service, "NRestarts", "1")
    machine.wait_for_property(app.service, "ActiveState", "active")
    assert app.property("MainPID") != first
    assert app.ask("alive") == "alive"


def test_status_tells_of_a_changed_file_until_the_service_is_restarted(machine: Machine) -> None:
    """Not longer, although it is not as it was installed; and not for a service that does not run."""
    app = installed(machine, "echo", "--now")
    machine.write(app.path, machine.read(app.path) + "# changed\n")
    shown = machine.run(["svcctl", "status", app.name]).stdout
    assert f"note: {app.service}: was started before its application was changed" in shown
    assert f"hint: svcctl restart {app.name}\n" in shown
    machine.run(["svcctl", "restart", app.name])
    assert "changed" not in machine.run(["svcctl", "status", app.name]).stdout
    machine.write(app.path, machine.read(app.path) + "# changed again\n")
    machine.run(["svcctl", "stop", app.name])
    assert "changed" not in machine.run(["svcctl", "status", app.name]).stdout


@pytest.mark.timeout(280)
def test_fifty_restarts_under_load_lose_no_request_and_hit_no_start_limit(machine: Machine) -> None:
    """Twenty clients connect without pause: none is refused, reset or left without its own answer."""
    app = installed(machine, "busy", "--now")
    load = under_load(machine, app.port, RESTARTS, "systemctl", "restart", app.service)
    assert (load.done, load.others) == (RESTARTS, {})
    assert load.answered > 100 * RESTARTS
    assert app.property("ActiveState") == "active"
    assert machine.property(app.socket, "ActiveState") == "active"
