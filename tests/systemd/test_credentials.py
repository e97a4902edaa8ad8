"""Secrets and settings of services: each gets its own, nobody else does, and what is missing is told."""

from __future__ import annotations

import hashlib

import pytest

from tests.systemd.apps import App, installed, on, put
from tests.systemd.machine import Machine, Result, wait_until

SECRET = "hunter2-is-the-word"  # noqa: S105 (to be looked for)
STATUS_OF_MISTAKES = "78"


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["encrypted", "plain"])
def test_a_credential_reaches_its_service_and_nobody_else(machine: Machine, options: tuple[str, ...]) -> None:
    """Put in place before the first start; also where that was before the installation."""
    app = put(machine, "vault")
    said = _set(app, SECRET, *options).stderr
    assert said.endswith(f"{app.name} gets it at its next start\n")
    app.install("--now")
    assert app.ask("secret") == _digest(SECRET)
    assert app.property("DynamicUser") == "yes"
    store = f"/etc/credstore{'' if options else '.encrypted'}"
    held = machine.run(["stat", "--format=%a %U", f"{store}/{app.name}@db-password", store]).stdout
    assert held == "600 root\n700 root\n"
    assert (SECRET in machine.read(f"{store}/{app.name}@db-password")) is bool(options)
    _assert_hidden(app, SECRET)


def test_another_credential_takes_effect_at_the_next_start_and_not_at_a_reload(machine: Machine) -> None:
    """These versions hand credentials over when a service starts; an encrypted one may follow a plain one."""
    app = put(machine, "vault")
    _set(app, "first", "--plain")
    app.install("--now")
    for secret, options in (("second", ()), ("third", ("--plain",)), ("fourth", ())):
        before = app.ask("secret")
        _set(app, secret, *options)
        machine.systemctl("reload", app.name)
        assert app.ask("secret") == before
        machine.run(["svcctl", "restart", app.name])
        assert app.ask("secret") == _digest(secret)


def test_a_missing_credential_is_told_before_the_start_and_fails_it(machine: Machine) -> None:
    """By check, install and status; the service says how to give it and is not started again and again."""
    app = put(machine, "vault")
    told = "warning: credential db-password: is missing: the service finds none of that name when it starts\n"
    command = f"svcctl credential set {app.name} db-password"
    assert told in machine.run(["svcctl", "check", app.path]).stdout
    assert command in app.install().stderr
    assert told in machine.run(["svcctl", "status", app.name], check=False).stdout.replace(
        "  warning", "warning"
    )
    failed = machine.run(["svcctl", "start", app.name], check=False)
    assert "the credential db-password is missing" in failed.stderr
    assert app.property("ExecMainStatus") == STATUS_OF_MISTAKES
    assert app.property("NRestarts") == "0"
    assert "hint: for a service: svcctl credential set NAME db-password" in machine.journal(app.service)
    _set(app, SECRET)
    machine.run(["svcctl", "start", app.name])
    assert app.ask("secret") == _digest(SECRET)
    assert "credential db-password" not in machine.run(["svcctl", "status", app.name]).stdout


def test_a_credential_of_another_machine_is_refused_and_told(machine: Machine) -> None:
    """It was encrypted for somebody else: systemd does not start the service, and status says what to do."""
    app = put(machine, "vault")
    _set(app, SECRET)
    app.install()
    machine.write(f"/etc/credstore.encrypted/{app.name}@db-password", "bm90IGZvciB1cw==\n", mode=0o600)
    assert machine.run(["svcctl", "start", app.name], check=False).returncode != 0
    assert (app.property("ExecMainStatus"), app.property("NRestarts")) == ("243", "0")
    said = machine.run(["svcctl", "status", app.name], check=False).stdout
    assert "systemd could not hand it its credentials" in said


@on("bookworm")
def test_credentials_are_listed_and_removed_and_go_with_a_purge(machine: Machine) -> None:
    """Those of an application are its own, whatever others are called."""
    app = installed(machine, "vault")
    other = put(machine, "vault")
    for each in (app, other):
        _set(each, SECRET)
    _set(app, SECRET, "--plain", key="spare")
    listed = machine.run(["svcctl", "credential", "list", app.name]).stdout
    assert listed == (
        f"db-password: encrypted (/etc/credstore.encrypted/{app.name}@db-password)\n"
        f"spare: not encrypted (/etc/credstore/{app.name}@spare); not asked for\n"
    )
    machine.run(["svcctl", "credential", "remove", app.name, "spare"])
    assert "spare" not in machine.run(["svcctl", "credential", "list", app.name]).stdout
    machine.run(["svcctl", "uninstall", "--purge", "--yes", app.name])
    left = machine.files("/etc")
    assert not [file for file in left if app.name in file]
    assert [file for file in left if f"{other.name}@db-password" in file]


@on("bookworm")
def test_settings_come_from_a_file_that_the_installation_writes_once(machine: Machine) -> None:
    """All commented out; what the administrator makes of it stays."""
    app = put(machine, "vault")
    _set(app, SECRET)
    app.install("--now")
    path = f"/etc/default/{app.name}"
    assert '#GREETING="hello world"\n' in machine.read(path)
    assert app.ask("?") == "Vault(greeting='hello world', attempts=3, patience=90.0)"
    machine.write(path, "GREETING=hi\nPATIENCE=2min\n")
    assert "nothing to do" in app.install().stderr
    machine.run(["svcctl", "restart", app.name])
    assert app.ask("?") == "Vault(greeting='hi', attempts=3, patience=120.0)"


@on("bookworm")
def test_wrong_settings_are_told_all_at_once_with_their_file(machine: Machine) -> None:
    """A start that cannot succeed is not tried again."""
    app = put(machine, "vault")
    _set(app, SECRET)
    app.install()
    machine.write(f"/etc/default/{app.name}", "ATTEMPTS=many\nPATIENCE=soon\n")
    failed = machine.run(["svcctl", "start", app.name], check=False)
    reasons = (
        "ATTEMPTS: expected a whole number, not 'many'; "
        "PATIENCE: expected a time such as 30, 1.5s, 100ms, 5min, 2h or 1d, not 'soon'"
    )
    assert reasons in failed.stderr
    assert app.property("ExecMainStatus") == STATUS_OF_MISTAKES
    assert app.property("NRestarts") == "0"
    assert f"hint: set them in /etc/default/{app.name}" in machine.journal(app.service)


def test_a_users_own_service_has_credentials_too(machine: Machine) -> None:
    """Not encrypted, in a folder of the user's own."""
    user = "kim"
    if machine.run(["id", user], check=False).returncode != 0:
        machine.run(["useradd", "--create-home", "--shell", "/bin/sh", user])
    machine.run(["loginctl", "enable-linger", user])
    machine.systemctl("start", f"user@{machine.run(['id', '-u', user]).stdout.strip()}.service")
    app = put(machine, "vault")
    machine.write("/srv/kims-secret", SECRET)
    command = ["svcctl", "credential", "set", "--user", app.name, "db-password", "--file", "/srv/kims-secret"]
    machine.run_as(user, command)
    machine.run_as(user, ["svcctl", "install", "--user", "--now", app.path])
    assert wait_until(lambda: app.ask("secret") == _digest(SECRET))
    held = f"/home/{user}/.config/credstore/{app.name}@db-password"
    assert machine.run(["stat", "--format=%a %U", held]).stdout == f"600 {user}\n"
    machine.run_as(user, ["svcctl", "uninstall", "--user", "--purge", "--yes", app.name])
    assert machine.run(["ls", held], check=False).returncode != 0


def _set(app: App, secret: str, *options: str, key: str = "db-password") -> Result:
    command = ["svcctl", "credential", "set", app.name, key, *options]
    return app.machine.run(command, text=secret)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _assert_hidden(app: App, secret: str) -> None:
    """Look for a secret wherever another user, or the next reader of a log, could."""
    machine = app.machine
    machine.run(["useradd", "--create-home", "other"], check=False)
    folder = f"/run/credentials/{app.service}"
    assert machine.run(["cat", f"{folder}/db-password"]).stdout == secret
    for command in (["cat", f"{folder}/db-password"], ["ls", folder]):
        assert machine.run_as("other", command, check=False).returncode != 0
    process = app.property("MainPID")
    shown = (
        machine.journal(app.service),
        machine.run(["journalctl", "--no-pager", "--output=verbose"]).stdout,
        machine.systemctl("show", app.service).stdout,
        machine.systemctl("cat", app.service).stdout,
        machine.run(["svcctl", "describe", app.path]).stdout,
        machine.run(["svcctl", "status", app.name, "--json"], check=False).stdout,
        machine.read(f"/var/lib/svcctl/receipts/{app.name}.json"),
        machine.read(f"/proc/{process}/environ"),
        machine.read(f"/proc/{process}/cmdline"),
    )
    assert not [text for text in shown if secret in text]
