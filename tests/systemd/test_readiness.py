"""Active means serving: not a moment earlier, and never for a service whose start fails."""

from __future__ import annotations

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine


def test_a_service_is_active_only_after_its_whole_tree_is_ready(machine: Machine) -> None:
    """While one of its services starts, systemd shows which; a client that came early is answered in the end."""
    app = installed(machine, "gate")
    machine.systemctl("start", "--no-block", app.name)
    machine.wait_for_property(app.service, "StatusText", f"1/3 ready, waiting for {app.name}/gate")
    assert app.property("ActiveState") == "activating"
    with machine.socket() as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(b"early\n")
        assert app.property("ActiveState") == "activating"
        _open(app)
        machine.wait_for_property(app.service, "ActiveState", "active")
        assert client.recv(100) == b"early\n"


def test_a_stop_ends_a_start_that_is_still_under_way(machine: Machine) -> None:
    """A service that waits for something in its start can be stopped in order."""
    app = installed(machine, "gate")
    machine.systemctl("start", "--no-block", app.name)
    machine.wait_for_property(app.service, "StatusText", f"1/3 ready, waiting for {app.name}/gate")
    machine.run(["svcctl", "stop", app.name])
    assert app.property("ActiveState") == "inactive"
    assert app.property("Result") == "success"


def _open(app: App) -> None:
    """Let the gate's service finish its start."""
    folder = f"/var/lib/private/{app.name}"
    app.machine.run(["test", "-d", folder])
    app.machine.run(["touch", f"{folder}/open"])
