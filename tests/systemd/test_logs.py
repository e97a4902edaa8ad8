"""``svcctl logs`` on real journals and on the files of confined services."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from svcctl.host import journal
from svcctl.host.journal import Entry
from tests.systemd.apps import installed, named
from tests.systemd.machine import Machine, wait_until
from tests.systemd.test_user_scope import USER, home

__all__ = ["home"]

DEBIAN = Path("/usr/lib/python3/dist-packages/systemd")

#: Prints what journalctl tells svcctl, as the caller's own code sees it.
ENTRIES = """
import json, sys
from svcctl.host.journal import entries
for entry in entries(sys.argv[1], "system", lines=int(sys.argv[2]), follow=False):
    print(json.dumps(entry))
"""


def test_the_journal_of_a_unit_is_shown(machine: Machine) -> None:
    """What it says and what systemd says about it, and of nobody else."""
    app = installed(machine, "clerk", "--now")
    other = installed(machine, "clerk", "--now")
    assert [app.ask("sold 3"), other.ask("unheard of"), app.ask("closed")] == ["written"] * 3
    machine.run(["journalctl", "--sync"])
    shown = machine.run(["svcctl", "logs", app.name]).stdout
    assert f"warning {app.name}[{app.property('MainPID')}]: sold 3 path={app.name}/clerk" in shown
    assert "systemd[1]: Started" in shown
    assert "unheard of" not in shown
    last = machine.run(["svcctl", "logs", app.name, "-n", "1"]).stdout.splitlines()
    assert len(last) == 1
    assert "closed" in last[0]


def test_the_journal_is_followed(machine: Machine) -> None:
    """Until nobody reads any more."""
    app = installed(machine, "clerk", "--now")
    read = f"svcctl logs {app.name} -f -n 0 | head -n 1 >/root/{app.name}.said"
    machine.run(["systemd-run", "--unit", f"{app.name}-reader", "sh", "-c", read])

    def heard() -> bool:
        app.ask("sold 3")
        return "sold 3" in machine.run(["cat", f"/root/{app.name}.said"], check=False).stdout

    assert wait_until(heard)


def test_the_files_of_a_confined_service_are_shown(machine: Machine) -> None:
    """From its private folder, where only root and the service itself can look."""
    app = installed(machine, "clerk", "--now", "--env", "OWN_FILE=1")
    assert app.ask("sold 3") == "written"
    result = machine.run(["svcctl", "logs", app.name])
    assert result.stdout.splitlines()[-1].endswith("[clerk] sold 3")
    assert f"from /var/log/{app.name}/clerk.log" in result.stderr
    assert "systemd[1]: Started" in machine.run(["svcctl", "logs", "--journal", app.name]).stdout


def test_services_of_a_user_have_logs_of_their_own(machine: Machine, home: str) -> None:
    """Who may not read the journal is told so."""
    app = named(machine, "mine", folder=f"{home}/apps")
    app.replace("clerk")
    machine.run(["chown", "-R", f"{USER}:{USER}", f"{home}/apps"])
    machine.run_as(USER, ["svcctl", "install", "--user", "--now", app.path])
    assert app.ask("sold 3") == "written"
    machine.run(["journalctl", "--sync"])
    refused = machine.run_as(USER, ["svcctl", "logs", "--user", app.name], check=False)
    machine.run(["usermod", "--append", "--groups", "systemd-journal", USER])
    allowed = machine.run_as(USER, ["svcctl", "logs", "--user", app.name])
    machine.run(["gpasswd", "--delete", USER, "systemd-journal"])
    machine.run_as(USER, ["svcctl", "uninstall", "--user", "--purge", "--yes", app.name])
    assert "sold 3" in allowed.stdout
    if refused.returncode:  # where the journal is kept over reboots, each user has one
        assert refused.returncode == 77
        assert "svcctl: the journal is not for you to read" in refused.stderr
    else:
        assert "sold 3" in refused.stdout


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make Debian's systemd-python importable, and nothing else beside it, where there is no other."""
    if importlib.util.find_spec("systemd") is None and DEBIAN.is_dir():
        (tmp_path / "systemd").symlink_to(DEBIAN)
        monkeypatch.syspath_prepend(tmp_path)
    pytest.importorskip(
        "systemd.journal", reason="neither systemd-python nor python3-systemd for this Python"
    )
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "systemd"]:
        del sys.modules[name]


@pytest.mark.usefixtures("library")
def test_the_library_and_the_program_give_the_same_entries(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever is there, the same is shown."""
    from systemd import journal as real  # noqa: PLC0415 (not importable before the fixture)

    app = installed(machine, "clerk", "--now")
    for number in range(5):
        app.ask(f"sold {number}")
    machine.run(["journalctl", "--sync"])
    printed = machine.run(["/opt/svcctl/bin/python", "-c", ENTRIES, app.service, "4"]).stdout
    by_program = [Entry(*json.loads(line)) for line in printed.splitlines()]
    assert [entry.message.partition(" path=")[0] for entry in by_program] == [
        f"sold {number}" for number in (1, 2, 3, 4)
    ]
    folder = _journal(machine)
    monkeypatch.setattr(journal, "FOLDERS", (str(folder.parent),))
    there = SimpleNamespace(Reader=functools.partial(real.Reader, path=str(folder)))
    monkeypatch.setattr(sys.modules["systemd"], "journal", there)
    by_library = list(journal.entries(app.service, "system", lines=4, follow=False))
    assert by_library == by_program
    followed = journal.entries(app.service, "system", lines=1, follow=True)
    assert next(followed).message.startswith("sold 4")
    app.ask("sold 5")
    assert next(followed).message.startswith("sold 5")


def _journal(machine: Machine) -> Path:
    """Return the folder of the machine's journal as it is seen from here."""
    root = Path(f"/proc/{machine._leader}/root")
    (folder,) = [
        folder for kept in journal.FOLDERS for folder in Path(f"{root}{kept}").glob("*") if folder.is_dir()
    ]
    return folder
