"""Services of a user's own manager."""

from __future__ import annotations

import pytest

from tests.systemd.apps import App, named
from tests.systemd.machine import Machine, wait_until

USER = "ann"


@pytest.fixture
def home(machine: Machine) -> str:
    """Give a user whose manager runs without a session, and the user's home folder."""
    if machine.run(["id", USER], check=False).returncode != 0:
        machine.run(["useradd", "--create-home", "--shell", "/bin/sh", USER])
    machine.run(["loginctl", "enable-linger", USER])
    machine.systemctl("start", f"user@{machine.run(['id', '-u', USER]).stdout.strip()}.service")
    return f"/home/{USER}"


def test_an_application_in_a_home_folder_runs_in_user_scope(machine: Machine, home: str) -> None:
    """Installed, started, answered, stopped and uninstalled by an unprivileged user."""
    app = _application(machine, home)
    before = machine.files(home)
    said = machine.run_as(USER, ["svcctl", "install", "--user", "--now", app.path]).stderr
    # That is on for this user.
    assert "enable-linger" not in said
    machine.run_as(USER, ["sh", "-c", f"echo A=b >{home}/.config/{app.name}.env"])
    assert app.ask("mine") == "mine"
    assert wait_until(lambda: _property(app, "ActiveState") == "active")
    machine.run_as(USER, ["svcctl", "stop", "--user", app.name])
    assert _property(app, "ActiveState") == "inactive"
    machine.run_as(USER, ["svcctl", "uninstall", "--user", "--purge", "--yes", app.name])
    assert [file for file in machine.files(home) if app.name in file] == [
        file for file in before if app.name in file
    ]


def test_the_log_names_the_command_for_the_users_own_services(machine: Machine, home: str) -> None:
    """Where the units no longer fit."""
    app = _application(machine, home)
    machine.run_as(USER, ["svcctl", "install", "--user", "--now", app.path])
    text = machine.read(app.path)
    changed = text.replace(f'Application("{app.name}"', f'Application("{app.name}", stop_timeout=3')
    machine.write(app.path, changed)
    machine.run_as(USER, ["svcctl", "restart", "--user", app.name])
    search = ["journalctl", "--output=cat", f"SYSLOG_IDENTIFIER={app.name}"]
    found = f"`svcctl status --user {app.name}` shows the installation to repeat"
    assert wait_until(lambda: found in machine.run(search).stdout)
    machine.run_as(USER, ["svcctl", "uninstall", "--user", "--purge", "--yes", app.name])


def test_an_application_in_a_home_folder_is_refused_in_system_scope(machine: Machine, home: str) -> None:
    """The hint names the way out: user scope."""
    app = _application(machine, home)
    result = app.install(check=False)
    assert result.returncode != 0
    assert "--user" in result.stderr
    assert machine.property(app.service, "LoadState") == "not-found"


def test_a_user_who_is_not_root_is_told_how_to_install(machine: Machine, home: str) -> None:
    """Without root and without --user nothing is written; both ways are named."""
    app = _application(machine, home)
    result = machine.run_as(USER, ["svcctl", "install", app.path], check=False)
    assert result.returncode == 77
    assert "sudo" in result.stderr
    assert "--user" in result.stderr
    assert "Traceback" not in result.stderr


def _application(machine: Machine, home: str) -> App:
    """Put an application of the user's own into the home folder."""
    app = named(machine, "mine", folder=f"{home}/apps")
    app.replace("echo")
    machine.run(["chown", "-R", f"{USER}:{USER}", f"{home}/apps"])
    return app


def _property(app: App, name: str) -> str:
    """Return a property of the service in the user's manager."""
    shown = app.machine.run_as(
        USER, ["systemctl", "--user", "show", "--value", f"--property={name}", app.service]
    )
    return shown.stdout.strip()
