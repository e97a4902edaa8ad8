from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
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
    assert finding.hint == "mend the cause, then: svcctl start echo"
    systemctl.show("echo.socket", ActiveState="failed", Result="trigger-limit-hit")
    assert only(status("echo", scope="user").findings).hint.endswith(": svcctl start --user echo")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("sub", "restarts", "told"),
    [
        ("auto-restart", "0", "systemd is about to start it again"),
        ("auto-restart-queued", "7", "systemd has started it again 7 times"),
        ("start", "7", "systemd has started it again 7 times"),
        ("start", "1", "systemd has started it again once"),
    ],
)
def test_a_service_that_is_started_again_and_again_has_failed(
    sub: str, restarts: str, told: str, systemctl: FakeSystemctl
) -> None:
    """Between two starts as well as during one."""
    systemctl.show(
        "echo.service",
        ActiveState="activating",
        SubState=sub,
        Result="exit-code",
        NRestarts=restarts,
        ActiveEnterTimestamp="long ago",
        InactiveExitTimestamp="just now",
    )
    result = status("echo")
    assert result.failed
    assert result.since == "just now"
    finding = only(result.findings)
    assert finding.severity == "error"
    assert finding.message == f"does not stay up (exit-code): {told}"
    assert finding.hint == "journalctl -n 30 -u echo.service"


@pytest.mark.usefixtures("installed")
def test_a_first_start_is_no_failure(systemctl: FakeSystemctl) -> None:
    """However long it takes."""
    systemctl.show("echo.service", ActiveState="activating", SubState="start", NRestarts="0")
    result = status("echo")
    assert not result.failed
    assert result.findings == ()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("state", "since"),
    [
        ("active", "a"),
        ("reloading", "a"),
        ("deactivating", "b"),
        ("inactive", "c"),
        ("failed", "c"),
        ("maintenance", "e"),
    ],
)
def test_the_time_is_that_of_the_present_state(state: str, since: str, systemctl: FakeSystemctl) -> None:
    """Not that of the last one in which it served."""
    systemctl.show(
        "echo.service",
        ActiveState=state,
        ActiveEnterTimestamp="a",
        ActiveExitTimestamp="b",
        InactiveEnterTimestamp="c",
        InactiveExitTimestamp="d",
        StateChangeTimestamp="e",
    )
    assert status("echo").since == since


@pytest.mark.usefixtures("installed")
def test_a_stopped_service_with_an_open_socket_is_explained(systemctl: FakeSystemctl) -> None:
    """The next client would start it again."""
    systemctl.show("echo.socket", SubState="listening")
    finding = only(status("echo").findings)
    assert "the next client starts it" in finding.message
    assert finding.hint == "to stop it altogether: svcctl stop echo"


def started(systemctl: FakeSystemctl, unit: str, changed: float, *, after: float) -> None:
    """Let a service run whose process was started so many seconds after a change."""
    at = datetime.fromtimestamp(changed + after, UTC)
    systemctl.put("active", unit)
    systemctl.show(unit, ExecMainStartTimestamp=f"{at:%a %Y-%m-%d %H:%M:%S.%f} UTC")


def changed(path: Path, describing: FakeDescribe) -> float:
    """Change the text of an application and nothing else of it; return when that was."""
    path.write_text("second")
    describing.manifest = replace(describing.manifest, origin=Origin(kind="tac", digest="1" * 64))
    return path.stat().st_ctime


def test_a_changed_file_with_the_same_needs_takes_effect_at_the_restart(
    installed: Path, describing: FakeDescribe, systemctl: FakeSystemctl
) -> None:
    """After which there is nothing to say."""
    at = changed(installed, describing)
    started(systemctl, "echo.service", at, after=-0.5)
    finding = only(status("echo").findings)
    assert (finding.severity, finding.subject) == ("note", "echo.service")
    assert "next restart" in finding.message
    assert finding.hint == "svcctl restart --user echo"
    started(systemctl, "echo.service", at, after=0.5)
    assert status("echo").findings == ()


def test_a_changed_file_of_a_service_that_does_not_run_is_not_worth_a_word(
    installed: Path, describing: FakeDescribe
) -> None:
    """Its next start takes it as it is."""
    changed(installed, describing)
    assert status("echo").findings == ()


def test_a_link_that_was_changed_is_a_change(
    installed: Path, describing: FakeDescribe, systemctl: FakeSystemctl
) -> None:
    """The file it leads to may be an old one."""
    release = installed.with_name("release.tac")
    release.write_text("second")
    started(systemctl, "echo.service", release.stat().st_ctime, after=0.005)
    while not installed.is_symlink() or installed.lstat().st_ctime < release.stat().st_ctime + 0.01:
        installed.unlink()
        installed.symlink_to(release)
    describing.manifest = replace(describing.manifest, origin=Origin(kind="tac", digest="1" * 64))
    assert "next restart" in only(status("echo").findings).message


def test_instances_that_run_the_old_file_are_named_one_by_one(
    tmp_path: Path,
    python: Path,
    describing: FakeDescribe,
    systemctl: FakeSystemctl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each has a restart of its own."""
    monkeypatch.setattr(drift, "unprivileged_user", lambda: None)
    file = tmp_path / "web.tac"
    file.write_text("first")
    describing.manifest = replace(describing.manifest, origin=Origin(kind="tac", digest=digest(b"first")))
    install(InstallRequest(application=str(file), python=str(python), scope="user", instances=True))
    at = changed(file, describing)
    started(systemctl, "web@1.service", at, after=-0.5)
    started(systemctl, "web@2.service", at, after=0.5)
    started(systemctl, "web@3.service", at, after=-0.5)
    findings = status("web").findings
    assert [(item.subject, item.hint) for item in findings] == [
        ("web@1.service", "svcctl restart --user web@1"),
        ("web@3.service", "svcctl restart --user web@3"),
    ]
    assert status("web@2").findings == ()


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
    assert "svcctl uninstall --user echo" in finding.hint


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


@pytest.fixture
def begun(tmp_path: Path, python: Path, describing: FakeDescribe, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install an application that was saved to a file, and return the file."""
    monkeypatch.setattr(drift, "unprivileged_user", lambda: None)
    file = tmp_path / "echo-start.tap"
    file.write_bytes(b"first")
    file.chmod(0o600)
    describing.manifest = replace(describing.manifest, origin=Origin(kind="saved", digest=digest(b"first")))
    assert install(InstallRequest(application=str(file), python=str(python), scope="user")).applied
    return file


def test_a_saved_application_that_was_saved_anew_is_not_started_from(
    begun: Path, describing: FakeDescribe
) -> None:
    """Until the installation is repeated; no restart takes it up."""
    assert not status("echo-start", scope="user").findings
    begun.write_bytes(b"second")
    origin = Origin(kind="saved", digest=digest(b"second"))
    describing.manifest = replace(describing.manifest, origin=origin)
    finding = only(status("echo-start", scope="user").findings)
    assert (finding.severity, finding.subject) == ("warning", "application")
    assert "no service starts from it before that is repeated" in finding.message
    assert finding.hint.startswith("svcctl install")


def test_who_may_not_read_a_saved_application_is_told_nothing_of_it(
    begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold secrets; that it is gone is told all the same."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    begun.write_bytes(b"second")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        assert not status("echo-start", scope="user").findings
    begun.unlink()
    finding = only(status("echo-start", scope="user").findings)
    assert (finding.severity, finding.subject) == ("error", "application")
