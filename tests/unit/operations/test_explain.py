from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from svcctl.cli.main import run_command
from svcctl.errors import UsageError
from svcctl.host import addresses, journal
from svcctl.operations.explain import explain
from svcctl.operations.explaining import runs
from svcctl.operations.install import install
from svcctl.operations.request import InstallRequest
from tests.fakes.journalctl import FakeJournalctl
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine", "describing")

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3")
NEVER = "it has not been started since the machine was booted"
FAILED = {
    "ActiveState": "failed",
    "SubState": "failed",
    "Result": "exit-code",
    "InvocationID": "a1",
    "ExecMainCode": "1",
    "ExecMainStatus": "69",
    "StatusText": "echo/a failed to bind: cannot listen on tcp:8007: Address already in use",
}


@pytest.fixture(autouse=True)
def journalctl(systemctl: FakeSystemctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeJournalctl:
    """Give a journal that journalctl alone can read, and nobody who has an address."""
    (tmp_path / "journal/machine").mkdir(parents=True)
    (tmp_path / "journal/machine/system.journal").touch()
    monkeypatch.setattr(journal, "FOLDERS", (str(tmp_path / "journal"),))
    monkeypatch.setattr(addresses, "holder", lambda _: "")
    monkeypatch.setitem(sys.modules, "systemd", None)
    monkeypatch.setenv("TZ", "UTC")
    return FakeJournalctl(systemctl.folder)


def test_a_fault_is_explained_line_by_line(
    systemctl: FakeSystemctl, journalctl: FakeJournalctl, capsys: pytest.CaptureFixture[str]
) -> None:
    """What, when, where; the evidence; what mends it; status 3."""
    install(REQUEST)
    systemctl.show("echo.service", **FAILED)
    journalctl.add(
        f"{FAILED['StatusText']} code=start path=echo/a", PRIORITY="3", _SYSTEMD_INVOCATION_ID="a1"
    )
    journalctl.add(
        "echo.service: Main process exited, code=exited, status=69/UNAVAILABLE",
        _PID="1",
        MESSAGE_ID=runs.EXITED,
        INVOCATION_ID="a1",
        EXIT_CODE="exited",
        EXIT_STATUS="69",
    )
    assert run_command(["explain", "echo"]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "echo: it does not run: it failed",
        "",
        "what has happened, 2026-01-31 12:00:00, while its listeners were opened, echo/a:",
        "  it cannot listen on tcp:8007, because another process does",
        f"  | {FAILED['StatusText']}",
        "  | echo.service: Main process exited, code=exited, status=69/UNAVAILABLE",
        "  - see which one, and stop it or change the address; then start:",
        "      ss -lnp 'sport = :8007'",
        "  - then start it:",
        "      svcctl start echo",
    ]


def test_who_has_the_address_is_named(systemctl: FakeSystemctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as the caller may see that."""
    install(REQUEST)
    systemctl.show("echo.service", **FAILED)
    monkeypatch.setattr(addresses, "holder", lambda address: f"nginx at {address}")
    message = explain("echo").explanations[0].message
    assert message == "it cannot listen on tcp:8007, because nginx at 0.0.0.0:8007 does"


def test_without_the_right_to_read_the_journal_the_way_is_named(
    systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what systemd shows is explained all the same."""
    install(REQUEST)
    systemctl.show("echo.service", **FAILED)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert run_command(["explain", "echo"]) == 3
    shown = capsys.readouterr()
    assert "it cannot listen on tcp:8007" in shown.out
    assert shown.err == (
        "less is known than could be: the journal is not for you to read\n"
        "hint: try with sudo, or join the group systemd-journal\n"
    )


def test_what_is_well_has_the_status_0(systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str]) -> None:
    """Running, or only listening."""
    install(REQUEST)
    systemctl.show("echo.socket", ActiveState="active", SubState="listening")
    assert run_command(["explain", "echo"]) == 0
    systemctl.put("active", "echo.service")
    assert run_command(["explain", "echo"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"echo: {NEVER}; its sockets are open, the next client starts it; nothing is known to be wrong",
        "echo: it runs; nothing is known to be wrong",
    ]


def test_the_credentials_that_the_unit_asks_for_are_named(systemctl: FakeSystemctl) -> None:
    """From the unit with its drop-ins, since systemd does not show them."""
    install(REQUEST)
    (systemctl.folder / "cat").write_text(
        "[Service]\nLoadCredential=db-password\nLoadCredential=key:/etc/key\n"
    )
    systemctl.show("echo.service", **{**FAILED, "ExecMainStatus": "243"})
    commands = [mend.command for mend in explain("echo").explanations[0].mends]
    assert commands[:2] == ["svcctl credential set echo db-password", "ls -l /etc/key"]


def test_one_of_the_instances_is_named_by_the_caller() -> None:
    """The template itself never runs."""
    install(InstallRequest(application="/srv/web.tac", python="/usr/bin/python3", instances=True))
    with pytest.raises(UsageError, match="web has instances") as caught:
        explain("web")
    assert caught.value.hint == "name one: svcctl explain web@INSTANCE"
    assert explain("web@8001").service == "web@8001.service"


def test_what_is_not_installed_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that there are not far."""
    assert run_command(["explain", "echo"]) == 64
    assert "no application named echo is installed" in capsys.readouterr().err


def test_programs_get_the_same_as_json(systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str]) -> None:
    """With the same status."""
    install(REQUEST)
    systemctl.show("echo.service", **FAILED)
    assert run_command(["explain", "--json", "echo"]) == 3
    result = json.loads(capsys.readouterr().out)
    assert result["fault"]
    assert result["explanations"][0]["cause"] == "address-in-use"
    assert result["explanations"][0]["phase"] == "binding"
    assert result["before"] is None
