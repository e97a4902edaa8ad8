"""``svcctl diff`` and ``svcctl install --check`` on real installations, by root and by somebody without rights."""

from __future__ import annotations

import pytest

from tests.systemd.apps import TOUCHED, App, installed, on, put
from tests.systemd.machine import Machine

pytestmark = on("trixie")  # systemd's part is one of test_install
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.mark.parametrize("as_whom", [(), NOBODY], ids=["root", "nobody"])
def test_what_was_just_installed_does_not_differ(machine: Machine, as_whom: tuple[str, ...]) -> None:
    """Also while it runs, with what its options say; nothing is changed."""
    options = ("--set", "Service.MemoryMax=1G", "--env", "A=b")
    app = installed(machine, "echo", *options, "--now")
    before = machine.files(*TOUCHED)
    shown = machine.run([*as_whom, "svcctl", "diff", app.name])
    assert shown.stdout == f"{app.name} is installed as its application is\n"
    checked = machine.run([*as_whom, "svcctl", "install", "--check", app.path, *options])
    assert checked.stdout.startswith(f"{app.name} would be installed: nothing to do\n")
    assert machine.files(*TOUCHED) == before
    assert app.ask("still") == "still"


@pytest.mark.parametrize("as_whom", [(), NOBODY], ids=["root", "nobody"])
def test_an_application_that_has_changed_differs_until_it_is_installed_again(
    machine: Machine, as_whom: tuple[str, ...]
) -> None:
    """The lines that an installation changes then are those that were shown."""
    app = installed(machine, "echo")
    text = machine.read(app.path)
    machine.write(app.path, text.replace(f'"{app.name}"', f'"{app.name}", needs={{"network": "outbound"}}'))
    before = machine.files(*TOUCHED)
    shown = machine.run([*as_whom, "svcctl", "diff", app.name], check=False)
    assert shown.returncode == 1
    lines = shown.stdout.splitlines()
    assert f"--- /etc/systemd/system/{app.service}" in lines
    assert "-PrivateNetwork=yes" in lines
    assert "+PrivateNetwork=no" in lines
    assert _checked(app, as_whom) == 1
    assert machine.files(*TOUCHED) == before
    old = machine.read(f"/etc/systemd/system/{app.service}").splitlines()
    app.install()
    new = machine.read(f"/etc/systemd/system/{app.service}").splitlines()
    assert "PrivateNetwork=no" in new
    assert {line[1:] for line in lines if line.startswith("+") and "+++" not in line} >= set(new) - set(old)
    assert machine.run([*as_whom, "svcctl", "diff", app.name]).returncode == 0
    assert _checked(app, as_whom) == 0


def test_edits_and_drop_ins_are_told_apart(machine: Machine) -> None:
    """An edited unit is a difference, a drop-in is not."""
    app = installed(machine, "echo")
    drop_in = f"/etc/systemd/system/{app.service}.d/override.conf"
    machine.write(drop_in, "[Service]\nMemoryMax=1G\n")
    shown = machine.run(["svcctl", "diff", app.name])
    assert shown.stdout.splitlines()[0] == f"drop-in, which stays: {drop_in}"
    unit = f"/etc/systemd/system/{app.service}"
    machine.write(unit, machine.read(unit) + "# mine\n")
    edited = machine.run(["svcctl", "diff", app.name], check=False)
    assert edited.returncode == 1
    assert "-# mine" in edited.stdout.splitlines()
    assert f"edited by hand: {unit}" in edited.stdout.splitlines()


def test_what_is_not_installed_or_does_not_load_is_told(machine: Machine) -> None:
    """A list of all that would be written; a mistake with the status that it has everywhere."""
    app = put(machine, "echo")
    checked = machine.run([*NOBODY, "svcctl", "install", "--check", app.path], check=False)
    assert checked.returncode == 1
    assert f"  + /etc/systemd/system/{app.service}\n" in checked.stdout
    assert machine.run(["svcctl", "diff", app.name], check=False).returncode == 64
    app.install()
    machine.write(app.path, "1 +\n")
    assert machine.run(["svcctl", "diff", app.name], check=False).returncode == 65
    assert _checked(app, ()) == 65


def _checked(app: App, as_whom: tuple[str, ...]) -> int:
    return app.machine.run([*as_whom, "svcctl", "install", "--check", app.path], check=False).returncode
