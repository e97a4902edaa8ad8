from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.cli.main import run_command
from svcctl.errors import UsageError
from svcctl.host.machine import Machine
from svcctl.manifest.model import Needs
from svcctl.operations.diff import diff
from svcctl.operations.install import install
from svcctl.operations.request import InstallRequest
from tests.fakes.describing import FakeDescribe
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine", "describing")

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3")
INSTALL = ["install", "/srv/echo.tac", "--python", "/usr/bin/python3"]
SERVICE = "/etc/systemd/system/echo.service"


def contents(root: Path) -> dict[str, bytes]:
    """Return every file of the machine."""
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_what_was_just_installed_does_not_differ(
    root: Path, systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither for diff nor for install --check, and nothing is done."""
    install(REQUEST)
    before, changes = contents(root), systemctl.changes()
    assert run_command(["diff", "echo"]) == 0
    assert capsys.readouterr().out == "echo is installed as its application is\n"
    assert run_command([*INSTALL, "--check"]) == 0
    assert capsys.readouterr().out.startswith("echo would be installed: nothing to do\n")
    assert (contents(root), systemctl.changes()) == (before, changes)


def test_an_application_that_has_changed_differs_line_by_line(
    root: Path, systemctl: FakeSystemctl, describing: FakeDescribe, capsys: pytest.CaptureFixture[str]
) -> None:
    """As diff -u shows it; an installation would do just that."""
    install(REQUEST)
    describing.manifest = replace(describing.manifest, needs=Needs(network="outbound"))
    before, changes = contents(root), systemctl.changes()
    assert run_command(["diff", "echo"]) == 1
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[:2] == [f"--- {SERVICE}", f"+++ {SERVICE} (as it would be)"]
    assert "-PrivateNetwork=yes" in lines
    assert "+PrivateNetwork=no" in lines
    assert "to be done: daemon-reload" in lines
    assert shown.err == ("to bring it up to date: svcctl install /srv/echo.tac --python /usr/bin/python3\n")
    assert run_command([*INSTALL, "--check"]) == 1
    assert f"  ~ {SERVICE}\n" in capsys.readouterr().out
    assert (contents(root), systemctl.changes()) == (before, changes)
    assert run_command(INSTALL) == 0
    assert diff("echo").differs is False


def test_a_socket_that_goes_and_one_that_comes_are_shown(root: Path) -> None:
    """Whole, against nothing."""
    install(REQUEST)
    file = root / "var/lib/svcctl/receipts/echo.json"
    receipt = json.loads(file.read_text())
    receipt["options"].append("--no-sockets")
    file.write_text(json.dumps(receipt))
    found = {each.path: each for each in diff("echo").files}
    gone = found["/etc/systemd/system/echo.socket"]
    assert gone.change == "removed"
    assert gone.text.startswith("--- /etc/systemd/system/echo.socket\n+++ /dev/null\n")
    (root / "etc/systemd/system/echo.service").unlink()
    new = {each.path: each for each in diff("echo").files}[SERVICE]
    assert new.change == "new"
    assert new.text.startswith(f"--- /dev/null\n+++ {SERVICE} (as it would be)\n")


def test_what_was_edited_by_hand_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what an installation would take back."""
    install(REQUEST)
    unit = root / "etc/systemd/system/echo.service"
    unit.write_text(unit.read_text() + "# mine\n")
    assert run_command(["diff", "echo"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "-# mine" in lines
    assert f"edited by hand: {SERVICE}" in lines
    assert not [line for line in lines if "svcctl-saved" in line]


def test_a_mode_that_was_changed_is_a_difference(root: Path) -> None:
    """Although the text is the same."""
    install(REQUEST)
    (root / "etc/systemd/system/echo.service").chmod(0o600)
    (file,) = diff("echo").files
    assert file.text == f"{SERVICE}: mode 0600, would be 0644\n"
    assert not file.edited


def test_drop_ins_are_shown_and_are_no_difference(
    root: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are where changes belong, and an installation leaves them alone."""
    install(REQUEST)
    folder = root / "etc/systemd/system/echo.service.d"
    folder.mkdir()
    (folder / "override.conf").write_text("[Service]\nMemoryMax=1G\n")
    (folder / "notes.txt").touch()
    assert folder.parent.as_posix().endswith(machine.unit_directory)
    assert run_command(["diff", "echo"]) == 0
    assert capsys.readouterr().out == (
        f"drop-in, which stays: {SERVICE}.d/override.conf\necho is installed as its application is\n"
    )


def test_another_version_of_the_interpreter_is_remembered_otherwise(
    describing: FakeDescribe, capsys: pytest.CaptureFixture[str]
) -> None:
    """The units stay as they are, the receipt would not."""
    install(REQUEST)
    describing.version = "3.11.9"
    result = diff("echo")
    assert (result.differs, result.remembered) == (True, ("python_version",))
    assert run_command([*INSTALL, "--check"]) == 1
    assert "  ~ what svcctl remembers of it\n" in capsys.readouterr().out


def test_what_is_not_installed_yet_would_change_all(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For diff it is an error, for install --check a list."""
    with pytest.raises(UsageError, match="no application named echo"):
        diff("echo")
    before = contents(root)
    assert run_command([*INSTALL, "--check"]) == 1
    assert f"  + {SERVICE}\n" in capsys.readouterr().out
    assert contents(root) == before


def test_what_is_only_to_be_enabled_is_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    """The question is about all that the command would do."""
    install(REQUEST)
    assert run_command([*INSTALL, "--check", "--enable"]) == 1
    assert "! enable " in capsys.readouterr().out


def test_programs_get_the_same_as_json(describing: FakeDescribe, capsys: pytest.CaptureFixture[str]) -> None:
    """With the same status."""
    install(REQUEST)
    describing.manifest = replace(describing.manifest, needs=Needs(network="outbound"))
    assert run_command(["diff", "--json", "echo"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["differs"]
    assert (SERVICE, "changed") in [(each["path"], each["change"]) for each in result["files"]]
    assert run_command([*INSTALL, "--check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["preview"]["changes"]
