"""Services that cannot start: they say why, and neither systemd nor waiting clients start them without end."""

from __future__ import annotations

import pytest

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine

#: A start is triggered by a waiting client at most this often within ten seconds (TriggerLimitBurst=).
TRIGGERED = 10
#: systemd starts a service without sockets at most this often within a minute (StartLimitBurst=).
STARTED = 20


def test_a_failed_start_is_never_active_names_path_and_reason_and_rolls_back(machine: Machine) -> None:
    """The output of systemctl status shows which service failed and why; those before it were stopped again."""
    app = installed(machine, "collapse", "--set", "Service.Restart=no")
    assert machine.systemctl("start", app.name, check=False).returncode != 0
    assert app.property("ActiveState") == "failed"
    status = machine.systemctl("status", "--no-pager", "--full", app.name, check=False).stdout
    assert f"{app.name}/database" in status
    assert "the database is on fire" in status
    said = machine.journal(app.service).splitlines()
    assert said.index("witness started") < said.index("witness stopped")
    assert not [line for line in said if line.startswith("Started ")]


@pytest.mark.parametrize("mistake", ["1 +", "raise RuntimeError('oh dear')", "applikation = 1"])
def test_a_mistake_in_the_file_is_not_repeated_by_systemctl_start(machine: Machine, mistake: str) -> None:
    """The service fails once, with the status for a wrong file, and is not restarted."""
    app = _broken(machine, mistake)
    assert machine.systemctl("start", app.name, check=False).returncode != 0
    assert app.property("ActiveState") == "failed"
    assert app.property("ExecMainStatus") == "65"
    assert app.property("NRestarts") == "0"
    status = machine.systemctl("status", "--no-pager", "--full", app.name, check=False).stdout
    assert app.path in status
    assert "svcctl/" not in "".join(line for line in status.splitlines() if 'File "' in line)


def test_a_mistake_in_the_file_is_not_repeated_without_end_by_a_queued_client(machine: Machine) -> None:
    """A client that waits in the socket's queue triggers a handful of starts, then the socket gives up."""
    app = _broken(machine, "raise RuntimeError('oh dear')")
    machine.systemctl("start", app.socket)
    with machine.socket(timeout=60) as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(b"hello\n")
        machine.wait_for_property(app.socket, "ActiveState", "failed", timeout=60)
    starts = machine.journal(app.service).count(f"Starting {app.service}")
    assert 1 <= starts <= TRIGGERED + 1
    assert machine.property(app.socket, "Result") == "trigger-limit-hit"


def test_status_names_the_way_back_after_the_sockets_limit_was_hit(machine: Machine) -> None:
    """Mended and started as status advises, the service answers again."""
    app = _broken(machine, "raise RuntimeError('oh dear')")
    machine.systemctl("start", app.socket)
    with machine.socket(timeout=60) as client:
        client.connect(("127.0.0.1", app.port))
        machine.wait_for_property(app.socket, "ActiveState", "failed", timeout=60)
    shown = machine.run(["svcctl", "status", app.name], check=False).stdout
    assert f"hint: mend the cause, then: svcctl start {app.name}\n" in shown
    app.replace("echo")
    machine.run(["svcctl", "start", app.name])
    assert machine.property(app.socket, "ActiveState") == "active"
    assert app.ask("mended") == "mended"


def test_svcctl_start_starts_a_mended_service_whose_limit_of_starts_was_hit(machine: Machine) -> None:
    """Without sockets it is the service that systemd refuses to start again, within a minute."""
    app = installed(machine, "echo", "--no-sockets")
    machine.write(app.path, "raise RuntimeError('oh dear')\n")
    for _ in range(STARTED):
        assert machine.systemctl("start", app.name, check=False).returncode != 0
    app.replace("echo")
    assert machine.systemctl("start", app.name, check=False).returncode != 0
    machine.run(["svcctl", "start", app.name])
    assert app.ask("mended") == "mended"


def test_status_of_a_service_that_is_started_again_and_again_is_a_failure(machine: Machine) -> None:
    """It was active once, and has not been since; the time is that of its present state."""
    app = installed(machine, "echo", "--now", "--set", "Service.RestartSec=20s")
    machine.write(
        app.path, machine.read(app.path).replace("application =", "import os; os.abort()\napplication =")
    )
    machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", app.name)
    machine.wait_for_property(app.service, "SubState", "auto-restart")
    shown = machine.run(["svcctl", "status", app.name], check=False)
    assert shown.returncode == 3
    assert f"error: {app.service}: does not stay up (signal)" in shown.stdout
    since = app.property("InactiveExitTimestamp")
    assert f"  activating since {since}" in shown.stdout
    machine.run(["svcctl", "stop", app.name])


def _broken(machine: Machine, mistake: str) -> App:
    """Install an application, then make a mistake in its file."""
    app = installed(machine, "echo")
    machine.write(app.path, f"{mistake}\n")
    return app
