"""Mistakes: each is one line with a hint and the status of the table, never a traceback, and leaves no trace."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.systemd.apps import TOUCHED, installed, named, on, put
from tests.systemd.machine import Machine, Result

pytestmark = on("bookworm")  # no systemd gets to see what is refused

GOOD = "from svcctl.application.service import Application\n"
FILES = {
    "a syntax error": ("application = (", 65),
    "an exception": (f"{GOOD}raise RuntimeError('oh dear')", 65),
    "no application": (f"{GOOD}service = Application('x')", 65),
    "a wrong type": ("application = 'x'", 65),
    "a binary file": ("\x7fELF\x02\x01\x01\x00\x00\x00", 65),
}
NAMES = ("a\nb", "a/b", "100%", "..", "x" * 300)


@pytest.mark.parametrize("mistake", FILES)
def test_a_file_that_gives_no_application_is_refused(machine: Machine, mistake: str) -> None:
    """What is wrong is said, with the file's name."""
    text, status = FILES[mistake]
    app = named(machine, "wrong")
    machine.write(app.path, text)
    result = _refused(machine, [app.path])
    assert result.returncode == status
    assert app.path in result.stderr


def test_a_file_that_is_not_there_is_refused(machine: Machine) -> None:
    """The path is named."""
    result = _refused(machine, ["/srv/app/nothing.tac"])
    assert result.returncode == 66
    assert "/srv/app/nothing.tac" in result.stderr


def test_a_folder_is_refused(machine: Machine) -> None:
    """It cannot be an application."""
    machine.run(["mkdir", "-p", "/srv/app/folder.tac"])
    result = _refused(machine, ["/srv/app/folder.tac"])
    assert result.returncode == 66
    assert "/srv/app/folder.tac" in result.stderr


def test_a_file_that_the_services_user_cannot_read_is_refused(machine: Machine) -> None:
    """Root could read it, but the service could not."""
    app = put(machine, "echo")
    machine.run(["chmod", "600", app.path])
    result = _refused(machine, [app.path])
    assert result.returncode == 66
    assert app.path in result.stderr


@pytest.mark.parametrize("name", NAMES, ids=["newline", "slash", "percent", "dots", "300 characters"])
def test_a_hostile_name_is_refused(machine: Machine, name: str) -> None:
    """Neither a file outside of systemd's folder nor a second directive comes of it."""
    app = put(machine, "echo")
    assert _refused(machine, ["--name", name, app.path]).returncode == 64


def test_a_second_application_of_the_same_name_is_refused(machine: Machine) -> None:
    """The first one's file is named and stays installed."""
    app = installed(machine, "echo")
    other = app._replace(path=f"/srv/other/{app.name}.tac")
    other.replace("echo")
    result = _refused(machine, [other.path])
    assert app.path in result.stderr
    assert app.name in machine.run(["svcctl", "list"]).stdout


def test_a_port_of_an_installed_but_stopped_application_is_refused(machine: Machine) -> None:
    """Its owner is named."""
    owner = installed(machine, "echo")
    other = named(machine, "second")._replace(port=owner.port)
    other.replace("echo")
    result = _refused(machine, [other.path])
    assert owner.name in result.stderr


def test_a_port_in_use_is_refused_when_the_service_is_to_be_started(machine: Machine) -> None:
    """Who uses it is found out before anything is written."""
    owner = installed(machine, "busy", "--no-sockets", "--now")
    machine.run(["rm", "-r", *_receipts(machine, owner.name)])
    # If it was the last one, svcctl would have removed their folder with it.
    machine.run(["rmdir", "--parents", "--ignore-fail-on-non-empty", "/var/lib/svcctl/receipts"])
    other = named(machine, "third")._replace(port=owner.port)
    other.replace("echo")
    result = _refused(machine, ["--now", other.path])
    assert str(owner.port) in result.stderr


def test_a_port_in_use_at_the_start_is_reported_with_its_status(machine: Machine) -> None:
    """A service that binds its own port fails with the status for addresses, and says which."""
    app = installed(machine, "echo", "--no-sockets", "--set", "Service.Restart=no")
    with machine.socket() as other:
        other.bind(("127.0.0.1", app.port))
        other.listen()
        assert machine.systemctl("start", app.name, check=False).returncode != 0
    assert app.property("ExecMainStatus") == "69"
    assert str(app.port) in app.property("StatusText")


def test_a_port_that_needs_privileges_is_refused_without_sockets(machine: Machine) -> None:
    """The hint names the socket unit, with which the same port works."""
    app = put(machine, "echo")._replace(port=81)
    app.replace("echo")
    result = _refused(machine, ["--no-sockets", app.path])
    assert "81" in result.stderr
    app.install("--now")
    assert app.ask("privileged") == "privileged"


def test_an_environment_that_has_moved_is_named_by_status(machine: Machine) -> None:
    """The service cannot start any more; status says why and how to mend it."""
    machine.run(["cp", "-a", "/opt/svcctl", "/opt/moving"])
    app = installed(machine, "echo", "--python", "/opt/moving/bin/python")
    machine.run(["mv", "/opt/moving", "/opt/moved"])
    shown = machine.run(["svcctl", "status", app.name], check=False)
    said = shown.stdout + shown.stderr
    machine.run(["rm", "-r", "/opt/moved"])
    assert "/opt/moving/bin/python" in said
    assert "svcctl install" in said


def test_a_changed_listener_is_named_by_status_and_in_the_journal(machine: Machine) -> None:
    """The file asks for another port than the installed socket has: both say to install again."""
    app = installed(machine, "echo", "--now")
    moved = app._replace(port=machine.free_port())
    moved.replace("echo")
    machine.systemctl("restart", app.name, check=False)
    shown = machine.run(["svcctl", "status", app.name], check=False)
    assert "svcctl install" in shown.stdout + shown.stderr
    assert "svcctl install" in machine.journal(app.service)


def _refused(machine: Machine, arguments: Sequence[str]) -> Result:
    """Run ``svcctl install``; it has to fail in one line with a hint, and leave the machine as it was."""
    before = machine.files(*TOUCHED)
    result = machine.run(["svcctl", "install", *arguments], check=False)
    assert result.returncode != 0
    # What went wrong in the user's own code is shown by their own frames.
    assert "\nhint: " in result.stderr or f'File "{arguments[-1]}"' in result.stderr
    assert "site-packages/svcctl" not in result.stderr
    assert machine.files(*TOUCHED) == before
    return result


def _receipts(machine: Machine, name: str) -> list[str]:
    """Return where the receipt of an application is."""
    found = machine.run(["find", "/var/lib/svcctl", "-name", f"{name}*"]).stdout.split()
    assert found
    return found
