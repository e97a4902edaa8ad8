from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import ApplicationLoadError
from svcctl.host import machine as machines
from svcctl.host.apply import digest
from svcctl.host.machine import Machine
from svcctl.manifest.model import Needs, Origin
from svcctl.operations import drift
from svcctl.operations.install import install
from svcctl.operations.request import InstallRequest
from svcctl.operations.status import status
from svcctl.plan.model import Diagnostic
from tests.fakes.describing import FakeDescribe
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine")


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Give an interpreter that says it is 3.11.2 and can import svcctl."""
    path = tmp_path / "python3"
    answer(path, "printf 3.11.2")
    return path


def answer(path: Path, command: str) -> None:
    """Let the interpreter do this whatever it is asked."""
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


@pytest.fixture
def installed(
    tmp_path: Path, python: Path, machine: Machine, describing: FakeDescribe, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Install an application from a file and return it."""
    assert machine.booted
    # The fake interpreter lies below a folder that only its owner may enter.
    monkeypatch.setattr(drift, "unprivileged_user", lambda: None)
    file = tmp_path / "echo.tac"
    file.write_text("first")
    origin = Origin(kind="tac", digest=digest(b"first"))
    describing.manifest = replace(describing.manifest, origin=origin)
    request = InstallRequest(application=str(file), python=str(python), scope="user")
    assert install(request).applied
    return file


def only(findings: tuple[Diagnostic, ...]) -> Diagnostic:
    """Return the one finding there is."""
    assert len(findings) == 1, findings
    return findings[0]


@pytest.mark.usefixtures("installed")
def test_the_state_of_a_running_service_is_shown(systemctl: FakeSystemctl) -> None:
    """What systemd knows, and what the service says."""
    systemctl.put("active", "echo.service", "echo.socket")
    systemctl.show(
        "echo.service", StatusText="2/2 ready", MainPID="42", NRestarts="3", ActiveEnterTimestamp="today"
    )
    result = status("echo")
    assert (result.service.active, result.status, result.pid, result.restarts) == (
        "active",
        "2/2 ready",
        42,
        3,
    )
    assert result.since == "today"
    assert [socket.unit for socket in result.sockets] == ["echo.socket"]
    assert not result.failed
    assert result.findings == ()


@pytest.mark.usefixtures("installed")
def test_a_socket_that_was_closed_has_the_way_back(systemctl: FakeSystemctl) -> None:
    """Both units, the socket last."""
    systemctl.show("echo.socket", ActiveState="failed", Result="trigger-limit-hit")
    result = status("echo")
    assert result.failed
    finding = only(result.findings)
    assert "trigger-limit-hit" in finding.message
    assert finding.hint.endswith(
        "systemctl reset-failed echo.socket echo.service && systemctl start echo.socket"
    )


@pytest.mark.usefixtures("installed")
def test_a_stopped_service_with_an_open_socket_is_explained(systemctl: FakeSystemctl) -> None:
    """The next client would start it again."""
    systemctl.show("echo.socket", SubState="listening")
    finding = only(status("echo").findings)
    assert "the next client starts it" in finding.message
    assert finding.hint == "to stop it altogether: svcctl stop echo"


def test_a_changed_file_with_the_same_needs_takes_effect_at_the_restart(
    installed: Path, describing: FakeDescribe
) -> None:
    """It is described again to know that."""
    installed.write_text("second")
    describing.manifest = replace(describing.manifest, origin=Origin(kind="tac", digest="1" * 64))
    finding = only(status("echo").findings)
    assert finding.severity == "note"
    assert "next restart" in finding.message


def test_a_changed_file_with_other_needs_names_the_installation_to_repeat(
    installed: Path, describing: FakeDescribe
) -> None:
    """The whole command."""
    installed.write_text("second")
    describing.manifest = replace(describing.manifest, needs=Needs(network="outbound"))
    finding = only(status("echo").findings)
    assert finding.severity == "warning"
    assert "no longer match its needs" in finding.message
    assert finding.hint == f"svcctl install {installed} --user --python {installed.parent}/python3"


def test_an_unchanged_file_is_not_executed(installed: Path, describing: FakeDescribe) -> None:
    """Its digest is enough."""
    before = len(describing.targets)
    assert status("echo").findings == ()
    assert len(describing.targets) == before
    assert installed.exists()


def test_a_changed_file_that_no_longer_loads_is_an_error(installed: Path, describing: FakeDescribe) -> None:
    """Before the restart that would show it."""
    installed.write_text("second")
    describing.error = ApplicationLoadError("line 1: oops")
    finding = only(status("echo").findings)
    assert (finding.severity, finding.subject) == ("error", "application")
    assert "oops" in finding.message


def test_a_missing_file_is_an_error(installed: Path) -> None:
    """With both ways on."""
    installed.unlink()
    finding = only(status("echo").findings)
    assert finding.severity == "error"
    assert "svcctl uninstall echo" in finding.hint


@pytest.mark.usefixtures("installed")
def test_a_missing_interpreter_is_named_with_the_mending_command(python: Path) -> None:
    """Instead of a service that does not start."""
    python.unlink()
    finding = only(status("echo").findings)
    assert finding.message == f"the interpreter {python} is gone"
    assert "svcctl install" in finding.hint
    assert "--python PYTHON" in finding.hint


@pytest.mark.usefixtures("installed")
def test_an_interpreter_without_svcctl_is_named(python: Path) -> None:
    """Such as an environment that was made anew."""
    answer(python, "echo \"ModuleNotFoundError: No module named 'svcctl'\" >&2; exit 1")
    finding = only(status("echo").findings)
    assert finding.message == f"{python} can no longer import svcctl"


@pytest.mark.usefixtures("installed")
def test_an_interpreter_of_another_version_is_named(python: Path) -> None:
    """An update of the patch level is none."""
    answer(python, "printf 3.11.9")
    assert status("echo").findings == ()
    answer(python, "printf 3.13.1")
    finding = only(status("echo").findings)
    assert "is now Python 3.13.1" in finding.message
    assert finding.hint.startswith("svcctl install ")


@pytest.mark.usefixtures("installed")
def test_changed_and_missing_units_are_named(root: Path) -> None:
    """Each with what to do."""
    units = root / "etc/systemd/system"
    (units / "echo.service").write_text("mine")
    (units / "echo.socket").unlink()
    findings = {item.subject: item.message for item in status("echo").findings}
    assert findings == {
        "/etc/systemd/system/echo.service": "was edited by hand; the next installation replaces it",
        "/etc/systemd/system/echo.socket": "is gone",
    }


@pytest.mark.usefixtures("installed")
def test_without_systemd_the_receipt_is_shown(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a note."""
    quiet = replace(machine, booted=False)
    monkeypatch.setattr(machines, "find", lambda *_, **__: quiet)
    result = status("echo")
    assert result.service.active == ""
    assert result.addresses == ("0.0.0.0:8007",)
    assert not result.failed
