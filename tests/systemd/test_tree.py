"""Trees with an order and with supervision, as systemd sees them: start, status, restarts."""

from __future__ import annotations

import pytest

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine


def test_a_start_waits_for_the_whole_graph_and_status_names_whom_it_waits_for(machine: Machine) -> None:
    """Those that come after nothing begin at once; nobody begins before, or stops after, what it comes after."""
    app = installed(machine, "graph")
    machine.systemctl("start", "--no-block", app.name)
    machine.wait_for_property(app.service, "StatusText", f"0/5 ready, waiting for {app.name}/db")
    _open(app, "db")
    machine.wait_for_property(app.service, "StatusText", f"1/5 ready, waiting for {app.name}/cache")
    assert app.property("ActiveState") == "activating"
    _open(app, "cache")
    machine.wait_for_property(app.service, "ActiveState", "active")
    assert app.property("StatusText") == "5/5 ready"
    machine.systemctl("stop", app.name)
    said = _said(app)
    assert set(said[:2]) == {"db begins", "cache begins"}
    assert said[2:6] == ["db is ready", "cache is ready", "web begins", "web stops"]
    assert set(said[6:]) == {"db stops", "cache stops"}


@pytest.mark.parametrize(("opened", "stopped", "hanging"), [("none", 0, "db"), ("db", 1, "cache")])
def test_a_start_that_hangs_fails_within_its_time_and_status_says_where(
    machine: Machine, opened: str, stopped: int, hanging: str
) -> None:
    """The service ends by itself with a status that is no permanent one, before systemd loses its patience."""
    options = ("--env", "START_TIMEOUT=3", "--env", f"OPENED={opened}", "--set", "Service.Restart=no")
    app = installed(machine, "graph", *options)
    assert machine.systemctl("start", app.name, check=False).returncode != 0
    assert app.property("Result") == "exit-code"
    assert app.property("ExecMainStatus") == "75"
    text = app.property("StatusText")
    assert text.startswith(f"{app.name}/{hanging} failed to start"), text
    assert app.path in text
    assert text in machine.systemctl("status", "--no-pager", "--full", app.name, check=False).stdout
    assert _said(app).count("db stops") == stopped


def test_a_supervised_worker_is_restarted_within_the_process_and_status_shows_it(machine: Machine) -> None:
    """Nobody else restarts anything meanwhile, and the others go on serving."""
    app = installed(machine, "workers", "--now")
    process = app.property("MainPID")
    assert app.property("StatusText") == "5/5 ready"
    machine.write(f"{_state(app)}/hold", "")
    assert app.ask("fail first 70") == "told"
    machine.wait_for_property(app.service, "StatusText", f"4/5 ready, waiting for {app.name}/workers/first")
    assert app.property("ActiveState") == "active"
    assert app.ask("hello") == "told"
    machine.run(["rm", f"{_state(app)}/hold"])
    machine.wait_for_property(app.service, "StatusText", "5/5 ready")
    assert app.property("MainPID") == process
    assert app.property("NRestarts") == "0"
    assert f"{app.name}/workers/first" in machine.journal(app.service)


def test_a_supervised_server_listens_again_on_the_socket_that_it_inherited(machine: Machine) -> None:
    """Within the process; a client that comes meanwhile waits in the socket's queue."""
    app = installed(machine, "workers", "--now")
    process = app.property("MainPID")
    assert app.ask("fail server 70") == "told"
    assert app.ask("hello") == "told"
    assert f"{app.name}/workers/server" in machine.journal(app.service)
    assert app.property("MainPID") == process
    assert app.property("NRestarts") == "0"


def test_a_worker_that_fails_too_often_ends_the_process_and_systemd_restarts_it(machine: Machine) -> None:
    """The process has the status of the last failure."""
    app = installed(machine, "workers", "--now")
    process = app.property("MainPID")
    _fail_once_too_often(app, 70)
    machine.wait_for_property(app.service, "NRestarts", "1")
    machine.wait_for_property(app.service, "ActiveState", "active")
    assert app.property("MainPID") != process
    assert app.ask("hello") == "told"
    assert "status=70" in machine.journal(app.service)


def test_a_worker_that_fails_for_good_ends_the_process_and_systemd_leaves_it_at_that(
    machine: Machine,
) -> None:
    """A mistake in the configuration does not go away by starting again."""
    app = installed(machine, "workers", "--now", "--no-sockets")
    _fail_once_too_often(app, 78)
    machine.wait_for_property(app.service, "ActiveState", "failed")
    assert app.property("ExecMainStatus") == "78"
    assert app.property("NRestarts") == "0"
    assert "a worker is broken" in app.property("StatusText")


def _fail_once_too_often(app: App, status: int) -> None:
    """Let a worker fail, let it be restarted, and let it fail again."""
    for _ in range(2):
        assert app.ask(f"fail first {status}") == "told"


def _state(app: App) -> str:
    """Return the folder of the service's state."""
    return f"/var/lib/private/{app.name}"


def _open(app: App, name: str) -> None:
    """Let one of the gates finish its start."""
    app.machine.run(["touch", f"{_state(app)}/{name}"])


def _said(app: App) -> list[str]:
    """Return what the services of the tree have said of themselves."""
    who = ("db ", "cache ", "web ")
    return [line for line in app.machine.journal(app.service).splitlines() if line.startswith(who)]
