"""Applications that reach beyond their listeners: the programs and connections that their descriptions tell of."""

from __future__ import annotations

import re
from pathlib import Path

from tests.systemd.apps import App, installed, put
from tests.systemd.machine import Machine, wait_until


def test_programs_run_within_the_sandbox_are_restarted_and_none_is_left_after_the_stop(
    machine: Machine,
) -> None:
    """The description allows them; the service itself ends those that do not listen to SIGTERM, and their children."""
    app = installed(machine, "crew", "--now")
    assert wait_until(lambda: _commands(app) == ["python", "sh", "sh", "sleep"]), _commands(app)
    assert app.property("NoExecPaths") == "/"
    process, patient = app.property("MainPID"), _pid_of(app, "sleep")
    machine.run(["kill", "-KILL", patient])
    assert wait_until(lambda: "sleep" in _commands(app) and _pid_of(app, "sleep") != patient)
    assert app.property("MainPID") == process
    group = _group(app)
    machine.systemctl("stop", app.name)
    assert machine.run(["test", "-e", group], check=False).returncode == 1
    assert app.property("Result") == "success"
    said = machine.journal(app.service)
    assert re.search(r"stubborn \d+", said)
    assert re.search(r"child \d+", said)
    assert "Killing process" not in said


def test_a_client_gets_a_network_by_its_description_alone(machine: Machine) -> None:
    """Both ways to connect reach a server of the machine, whose answers come back."""
    app = put(machine, "uplinks")
    machine.write("/etc/hosts", "127.0.0.1 localhost\n")  # one of the releases has none in its smallest form
    with machine.socket() as server:
        server.bind(("127.0.0.1", app.port))
        server.listen()
        app.install("--now")
        for _ in range(2):
            accepted, _peer = server.accept()
            with accepted:
                accepted.settimeout(20)
                accepted.sendall(b"welcome " + accepted.recv(100).strip())
    assert wait_until(lambda: _all_said(app)), machine.journal(app.service)
    assert app.property("PrivateNetwork") == "no"
    assert app.property("ActiveState") == "active"


def _all_said(app: App) -> bool:
    """Return whether both clients have logged the answer."""
    said = app.machine.journal(app.service)
    return "keeper got welcome keeper" in said and "once got welcome once" in said


def _group(app: App) -> str:
    """Return the folder of the service's control group."""
    return f"/sys/fs/cgroup{app.property('ControlGroup')}"


def _processes(app: App) -> dict[str, str]:
    """Return the processes of the service: number and command."""
    numbers = app.machine.read(f"{_group(app)}/cgroup.procs").split()
    shown = app.machine.run(["ps", "-o", "pid=,comm=", "-p", ",".join(numbers)], check=False).stdout
    return dict(line.split(None, 1) for line in shown.splitlines())


def _commands(app: App) -> list[str]:
    """Return the commands of the service's processes, sorted."""
    return sorted(Path(command).name.rstrip("3.1") for command in _processes(app).values())


def _pid_of(app: App, command: str) -> str:
    """Return the number of the only process of the service with a command."""
    (number,) = [number for number, each in _processes(app).items() if each == command]
    return number
