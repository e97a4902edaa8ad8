from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from svcctl.cli import options, present
from svcctl.cli.main import run_command
from svcctl.host import analyze
from svcctl.operations import check as checking
from tests.fakes.describing import FakeDescribe
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine", "describing")

INSTALL = ["install", "/srv/echo.tac", "--python", "/usr/bin/python3"]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_the_plan_and_the_next_step_are_talk(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr; a script is never asked."""
    assert run_command(INSTALL) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "  + /etc/systemd/system/echo.service" in shown.err
    assert "svcctl start echo" in shown.err
    assert (root / "etc/systemd/system/echo.service").exists()


def test_a_dry_run_is_a_result(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout, with marks for new, changed and removed files."""
    assert run_command(INSTALL) == 0
    capsys.readouterr()
    assert run_command([*INSTALL, "--no-sockets", "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = [line.strip() for line in shown.out.splitlines()]
    assert lines[0] == "echo would be installed:"
    assert "~ /etc/systemd/system/echo.service" in lines
    assert "- /etc/systemd/system/echo.socket" in lines
    assert "! daemon-reload" in lines
    assert (root / "etc/systemd/system/echo.socket").exists()


def test_a_second_time_there_is_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Which is no failure."""
    assert run_command(INSTALL) == 0
    capsys.readouterr()
    assert run_command(INSTALL) == 0
    assert capsys.readouterr().err == "echo is installed already, just so: nothing to do\n"


@pytest.mark.parametrize(
    ("answer", "status", "there"), [("y\n", 0, True), ("n\n", 1, False), ("", 1, False), ("\n", 1, False)]
)
def test_somebody_at_a_terminal_is_asked(
    answer: str,
    status: int,
    there: bool,  # noqa: FBT001 (a table)
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a yes is one."""
    talk = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", talk)
    assert run_command(INSTALL) == status
    assert "Do it? [y/N] " in talk.getvalue()
    assert (root / "etc/systemd/system/echo.service").exists() is there


def test_who_keeps_an_application_is_not_told_what_would_stay_of_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it does."""
    run_command(INSTALL)
    (root / "etc/systemd/system/echo.service.d").mkdir()
    talk = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    monkeypatch.setattr(sys, "stderr", talk)
    assert run_command(["uninstall", "echo"]) == 1
    assert talk.getvalue().endswith("Do it? [y/N] nothing was changed\n")


def test_who_interrupts_the_question_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a line of its own, and nothing was done."""

    def interrupt() -> str:
        raise KeyboardInterrupt

    talk, answers = Terminal(), Terminal()
    monkeypatch.setattr(answers, "readline", interrupt)
    monkeypatch.setattr(sys, "stdin", answers)
    monkeypatch.setattr(sys, "stderr", talk)
    assert run_command(INSTALL) == 130
    # Some versions of Click end the line in which ^C stands once more.
    assert talk.getvalue().rstrip().endswith("Do it? [y/N] \nnothing was changed")
    assert not (root / "etc/systemd/system/echo.service").exists()


def test_yes_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is shown all the same."""
    talk = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    monkeypatch.setattr(sys, "stderr", talk)
    assert run_command([*INSTALL, "--yes"]) == 0
    assert "Do it?" not in talk.getvalue()
    assert "+ /etc/systemd/system/echo.service" in talk.getvalue()


def test_every_option_arrives_in_the_unit(root: Path, tmp_path: Path) -> None:
    """Through the whole of it."""
    (tmp_path / "env").write_text("C=d\n")
    arguments = ["--env", "A=b c", "--env-file", str(tmp_path / "env"), "--set", "Service.MemoryMax=1G"]
    arguments += ["--after", "postgresql.service", "--requires", "redis.service", "--listen", "tcp-8007=9000"]
    assert run_command([*INSTALL, *arguments, "--name", "other"]) == 0
    service = (root / "etc/systemd/system/other.service").read_text()
    for line in ("MemoryMax=1G", f"EnvironmentFile={tmp_path}/env"):
        assert line in service.splitlines()
    assert "A=b c" in service
    assert "postgresql.service" in service
    assert "Requires=redis.service" in service.replace("Requires=other.socket ", "Requires=")
    assert "ListenStream=0.0.0.0:9000" in (root / "etc/systemd/system/other.socket").read_text()


def test_results_are_json_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """One document on stdout, of all commands whose result is data."""
    assert run_command([*INSTALL, "--json"]) == 0
    installed = json.loads(capsys.readouterr().out)
    assert installed["receipt"]["service"] == "echo.service"
    assert "[Service]" in installed["preview"]["plan"]["files"][0]["content"]
    for arguments, key in (
        (["list", "--json"], "entries"),
        (["status", "echo", "--json"], "receipt"),
        (["check", "/srv/echo.tac", "--json"], "reasons"),
        (["describe", "/srv/echo.tac", "--json"], "tree"),
        (["uninstall", "echo", "--json"], "kept"),
    ):
        run_command(arguments)
        assert key in json.loads(capsys.readouterr().out)


def test_instances_are_counted(systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str]) -> None:
    """One is no plural, in a list and in the status."""
    run_command([*INSTALL, "--instances"])
    systemctl.put("active", "echo@8007.service")
    capsys.readouterr()
    run_command(["list"])
    run_command(["status", "echo"])
    listed, shown, *_ = capsys.readouterr().out.splitlines()
    assert listed.split("\t")[1] == "1 instance"
    assert shown == "echo: 1 instance"


def test_list_has_one_line_for_each_application(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fields are separated by tabs; damaged receipts are told on stderr and in the status."""
    run_command(INSTALL)
    (root / "var/lib/svcctl/receipts/bad.json").write_text("{")
    capsys.readouterr()
    assert run_command(["list"]) == 78
    shown = capsys.readouterr()
    assert shown.out == "echo\tinactive\tdisabled\t0.0.0.0:8007\t/srv/echo.tac\n"
    assert "bad.json is damaged" in shown.err


def test_a_removal_names_what_stays(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr."""
    run_command(INSTALL)
    (root / "etc/systemd/system/echo.service.d").mkdir()
    capsys.readouterr()
    assert run_command(["uninstall", "echo"]) == 0
    assert "stays: /etc/systemd/system/echo.service.d" in capsys.readouterr().err


def test_status_says_how_it_is(systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str]) -> None:
    """The service, its words, its sockets; 3 for a failed one as systemctl has it."""
    run_command(INSTALL)
    capsys.readouterr()
    systemctl.put("active", "echo.service")
    systemctl.show(
        "echo.service", StatusText="1/1 ready", MainPID="42", Result="success", UnitFileState="enabled"
    )
    run_command(["status", "echo"])
    shown = capsys.readouterr().out
    assert shown.startswith("echo: active (running), enabled\n  says: 1/1 ready\n  process: 42")
    systemctl.show("echo.service", ActiveState="failed", Result="exit-code")
    assert run_command(["status", "echo"]) == 3
    assert "error: echo.service: failed (exit-code)" in capsys.readouterr().out


def test_status_of_a_service_that_is_started_again_and_again_is_that_of_a_failed_one(
    systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the time of its present state, whether a process is there just now or not."""
    run_command(INSTALL)
    state = {"ActiveState": "activating", "Result": "exit-code", "NRestarts": "7", "ExecMainStatus": "70"}
    times = {"ActiveEnterTimestamp": "long ago", "InactiveExitTimestamp": "now"}
    systemctl.show("echo.service", SubState="auto-restart", **state, **times)
    capsys.readouterr()
    assert run_command(["status", "echo"]) == 3
    shown = capsys.readouterr().out
    assert "\n  activating since now, restarted 7 times\n  last exit status: 70\n" in shown
    assert "long ago" not in shown
    systemctl.show("echo.service", SubState="start", MainPID="42", **state, **times)
    assert run_command(["status", "echo"]) == 3
    assert "\n  process: 42, activating since now, restarted 7 times\n" in capsys.readouterr().out
    systemctl.show("echo.service", SubState="start", MainPID="42", **{**state, "NRestarts": "1"}, **times)
    run_command(["status", "echo"])
    assert "\n  process: 42, activating since now, restarted once\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "told"), [("enable", "echo starts at boot"), ("disable", "echo no longer starts at boot")]
)
def test_control_says_what_is_so_now(command: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a line of talk."""
    run_command(INSTALL)
    capsys.readouterr()
    assert run_command([command, "echo"]) == 0
    assert capsys.readouterr() == ("", f"{told}\n")


def test_check_explains_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    """And says whether systemd accepts it."""
    assert run_command(["check", "/srv/echo.tac", "--python", "/usr/bin/python3", "--explain"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("echo can be installed\n")
    assert "PrivateNetwork=yes\n    " in shown
    assert "units: systemd has not looked at them: there is no systemd-analyze here" in shown


def test_check_fails_for_what_cannot_be_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if only systemd says so."""
    assert run_command(["check", "/home/u/echo.tac"]) == 65
    assert "cannot be installed as it is" in capsys.readouterr().out
    monkeypatch.setattr(checking, "_why_unverified", lambda *_: "")
    monkeypatch.setattr(analyze, "verify", lambda *_: ("echo.service:1: bad",))
    assert run_command(["check", "/srv/echo.tac"]) == 65
    shown = capsys.readouterr().out
    assert "error: systemd-analyze: echo.service:1: bad" in shown
    assert "systemd does not accept them" in shown


def test_describe_draws_the_tree(describing: FakeDescribe, capsys: pytest.CaptureFixture[str]) -> None:
    """Services below their collections, listeners below their services."""
    assert describing.error is None
    assert run_command(["describe", "/srv/echo.tac"]) == 0
    assert capsys.readouterr().out.splitlines()[:5] == [
        "echo",
        "  Gibt zurück, was kommt",
        "echo (collection, svcctl.MultiService)",
        "  tcp (stream-server, svcctl.application.internet.TCPServer)",
        "    listens on tcp:8007, descriptor tcp-8007",
    ]


def test_installed_names_are_completed() -> None:
    """In the shell."""
    run_command(INSTALL)
    assert options.installed_names("ec") == ["echo"]
    assert options.installed_names("x") == []


def test_talk_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    present.say("hello")
    assert capsys.readouterr() == ("", "hello\n")
