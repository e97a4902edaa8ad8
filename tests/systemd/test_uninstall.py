"""Taking an application off a machine again."""

from __future__ import annotations

from tests.systemd.apps import TOUCHED, App, put
from tests.systemd.machine import Machine


def test_uninstall_with_purge_leaves_the_files_that_were_there_before(pristine: Machine) -> None:
    """Units, receipt, links, state, user: nothing stays, and systemd has forgotten the units."""
    machine = pristine
    app = put(machine, "probe")
    before = _files(machine)
    _use(app)
    assert _files(machine) != before
    machine.run(["svcctl", "uninstall", "--purge", "--yes", app.name])
    assert _files(machine) == before
    assert machine.property(app.service, "LoadState") == "not-found"
    assert machine.property(app.socket, "LoadState") == "not-found"


def test_uninstall_keeps_the_state_and_names_it(machine: Machine) -> None:
    """Without --purge the units go, the state stays where it is and is named."""
    app = put(machine, "probe")
    _use(app)
    said = machine.run(["svcctl", "uninstall", "--yes", app.name])
    assert app.name not in machine.run(["svcctl", "list"]).stdout
    assert machine.property(app.service, "LoadState") == "not-found"
    assert machine.read(f"/var/lib/private/{app.name}/kept") == "written"
    assert f"/var/lib/{app.name}" in said.stdout + said.stderr


def test_uninstall_of_what_is_not_installed_says_so(machine: Machine) -> None:
    """One line, a status other than 0, nothing touched."""
    before = _files(machine)
    result = machine.run(["svcctl", "uninstall", "--yes", "nobody-knows-me"], check=False)
    assert result.returncode != 0
    assert "nobody-knows-me" in result.stderr
    assert "Traceback" not in result.stderr
    assert _files(machine) == before


def _use(app: App) -> None:
    """Install, start, and make it write its state."""
    app.install("--enable", "--now")
    assert app.ask("write STATE/kept") == "ok"


def _files(machine: Machine) -> tuple[str, ...]:
    """Return all files of the machine that an installation could touch."""
    return machine.files(*TOUCHED)
