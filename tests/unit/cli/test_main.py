from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import svcctl
from svcctl.cli.main import application, run_command
from svcctl.errors import ApplicationLoadError, Problem, ProblemsError
from svcctl.runtime import logs, runner
from svcctl.runtime.loops import LOOPS
from svcctl.runtime.options import RunOptions
from tests.fakes.describing import FakeDescribe

COMMANDS = [
    "run",
    "install",
    "uninstall",
    "upgrade",
    "rollback",
    "list",
    "describe",
    "check",
    "simulate",
    "make",
    "deb",
    "plugins",
    "convert",
    "status",
    "explain",
    "diff",
    "top",
    "logs",
    "enable",
    "disable",
    "start",
    "stop",
    "restart",
    "reload",
    "kill",
    "tap2deb",
    "twistd",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout, without colours or frames."""
    assert run_command([command, "--help"]) == 0
    shown = capsys.readouterr()
    assert f"svcctl {command}" in shown.out
    assert shown.err == ""
    assert "\x1b" not in shown.out


def test_the_help_of_run_names_every_level_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """As the runner takes them."""
    run_command(["run", "--help"])
    words = set(re.findall(r"\w+", capsys.readouterr().out))
    assert words >= set(logs.LEVELS)


def test_the_help_of_uninstall_offers_no_instance(capsys: pytest.CaptureFixture[str]) -> None:
    """One alone cannot be uninstalled."""
    run_command(["uninstall", "--help"])
    assert "@INSTANCE" not in capsys.readouterr().out
    run_command(["start", "--help"])
    assert "NAME@INSTANCE" in capsys.readouterr().out


def test_the_commands_are_these(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order in which somebody needs them; also without any argument."""
    assert [command.name for command in application().registered_commands] == COMMANDS
    assert run_command([]) == 0
    assert "SVCCTL_TRACEBACK=1" in " ".join(capsys.readouterr().out.split())


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout."""
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"svcctl {svcctl.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["instal"], "No such command 'instal'", "svcctl --help"),
        (["install"], "Missing argument", "svcctl install --help"),
        (["list", "--bogus"], "No such option", "svcctl list --help"),
        (["install", "a.tac", "--systemd", "x"], "Invalid value", "svcctl install --help"),
        (["install", "a.tac", "--env", "x"], "--env: 'x' is not NAME=VALUE", "svcctl install --help"),
        (["check", "a.tac", "--set", "x=1"], "is not Section.Directive=VALUE", "svcctl check --help"),
        (["describe", "a.tac", "--env", "x"], "--env: 'x' is not NAME=VALUE", "svcctl describe --help"),
        (["install", "an echo"], "names no application", "an echo.tac"),
        (["run", "a.tac", "--umask", "rw"], "--umask 'rw' is no octal number", "write it as 027"),
        (["run", "a.tac", "-y", "b.tac"], "several applications are named", "give one of APP"),
        (["start", "../x"], "cannot be used", "svcctl list"),
        (["uninstall", "echo", "--root", ""], "--root is empty", "leave it out"),
        (["check", "a.tac", "--python="], "--python is empty", "leave it out"),
    ],
)
def test_a_wrong_command_line_is_told_in_two_lines(
    arguments: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, what to do; status 64 and nothing on stdout."""
    assert run_command(arguments) == 64
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("svcctl: ")
    assert message in lines[0]
    assert lines[1].startswith("hint: ")
    assert hint in lines[1]
    assert shown.out == ""


def test_an_error_in_the_application_shows_its_frames(
    describing: FakeDescribe, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the message, and none of ours."""
    describing.error = ApplicationLoadError(
        "x.tac, line 1: oops", hint="mend it", frames='  File "x.tac", line 1\n'
    )
    assert run_command(["describe", "x.tac"]) == 65
    assert capsys.readouterr().err.splitlines() == [
        '  File "x.tac", line 1',
        "svcctl: x.tac, line 1: oops",
        "hint: mend it",
    ]


def test_several_problems_are_told_one_a_line(
    describing: FakeDescribe, capsys: pytest.CaptureFixture[str]
) -> None:
    """And control characters in them do nothing."""
    problems = (Problem("a", "one\x1b[31m"), Problem("b", "two\nlines"))
    describing.error = ProblemsError("the description", problems)
    assert run_command(["describe", "x.tac"]) == 65
    assert capsys.readouterr().err.splitlines() == [
        "svcctl: the description:",
        "  a: one [31m",
        "  b: two lines",
    ]


@pytest.mark.parametrize("wanted", [False, True])
def test_an_internal_error_shows_a_traceback_only_when_asked(
    wanted: bool,  # noqa: FBT001 (a table)
    describing: FakeDescribe,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line that says whose fault it is."""
    monkeypatch.setenv("SVCCTL_TRACEBACK", "1" if wanted else "0")
    describing.error = ZeroDivisionError("division by zero")
    assert run_command(["describe", "x.tac"]) == 70
    shown = capsys.readouterr().err
    assert "svcctl: internal error: ZeroDivisionError: division by zero" in shown
    assert ("Traceback" in shown) is wanted


def test_an_interrupt_has_the_status_that_shells_give_it(
    describing: FakeDescribe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says nothing."""
    assert describing.error is None

    def interrupted(*_arguments: object, **_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    assert run_command(["run", "x.tac"]) == 130
    assert (
        "".join(capsys.readouterr()).strip() == ""
    )  # some versions of Click end the line in which ^C stands


def test_the_status_of_the_application_is_that_of_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the options that were given."""
    calls: list[tuple[str, dict[str, str]]] = []

    def run(target: str, **options: str) -> int:
        calls.append((target, options))
        return 69

    monkeypatch.setattr(runner, "run", run)
    assert run_command(["run", "x.tac", "--log-level", "debug"]) == 69
    assert calls == [("x.tac", {"log_level": "debug", "log_format": "auto"})]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """As in ``svcctl list | head``: quiet, whatever the status."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "svcctl", "list", "--root", str(tmp_path), "--json"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    os.close(write)
    assert done.stderr == b""
    assert done.returncode in {1, 141}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_is_written_to_a_closed_descriptor_is_lost_without_a_word(closed: str, tmp_path: Path) -> None:
    """As programs started by others have them; the status is what it would be, and a wrong command's, too."""
    listed = ["list", "--root", str(tmp_path)]
    statuses = []
    for arguments in (listed, ["no-such-command"]):
        shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "svcctl", *arguments]
        done = subprocess.run(shell, check=False, capture_output=True, text=True)
        assert "internal error" not in done.stderr
        statuses.append(done.returncode)
    assert statuses == [0, 64]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_stdout_that_takes_nothing_is_told(unbuffered: str, tmp_path: Path) -> None:
    """As a file on a full disk; it is no fault of ours."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "svcctl", "list", "--root", str(tmp_path), "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert done.stderr.startswith("svcctl: cannot write: No space left on device\nhint: ")
    assert done.stderr.count("\n") == 2
    assert done.returncode == 74


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            "describe x.tac",
            66,
            "'x.tac' cannot be found: the working directory is gone\nhint: give an absolute path",
        ),
        ("list --root .", 78, "the working directory is gone\nhint: change to another one"),
    ],
)
def test_a_working_directory_that_is_gone_is_told(
    arguments: str,
    status: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where a path counts from it; somebody has removed it meanwhile."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert run_command(arguments.split()) == status
    assert capsys.readouterr().err == f"svcctl: {said}\n"


def test_help_loads_no_operation() -> None:
    """Nor Rich, nor anything else that takes its time, besides what Typer itself loads."""
    code = (
        "import sys, typer; own = set(sys.modules); from svcctl.cli.main import run_command; "
        "run_command(['--help']); print(*set(sys.modules) - own)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = done.stdout.split()
    assert "svcctl.cli.main" in loaded
    for unwanted in (
        "svcctl.operations",
        "svcctl.host",
        "svcctl.generate",
        "svcctl.application",
        "asyncio",
        "rich",
    ):
        assert unwanted not in loaded


def test_a_command_loads_no_other() -> None:
    """Most of the time of a short one would go there."""
    code = (
        "import sys; from svcctl.cli.main import run_command; "
        "run_command(['stop', '--help']); print(*(name for name in sys.modules if name.startswith('svcctl.cli')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = done.stdout.split()
    assert "svcctl.cli.control" in loaded
    assert not {"svcctl.cli.install", "svcctl.cli.status", "svcctl.cli.credential"} & set(loaded)


def test_run_shows_the_version_and_the_event_loops(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an application; one that is not installed has a mark."""
    assert run_command(["run", "--version"]) == 0
    assert capsys.readouterr().out == f"svcctl {svcctl.__version__}\n"
    assert run_command(["run", "--help-reactors"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.removeprefix("! ").split()[0] for line in shown] == list(LOOPS)


def test_what_run_is_told_reaches_the_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short letters, too, before and behind the application; nothing else is told."""
    calls: list[tuple[str, RunOptions]] = []

    def run(target: str, **options: Any) -> int:  # noqa: ANN401 (as the runner takes them)
        calls.append((target, options["options"]))
        return 0

    monkeypatch.setattr(runner, "run", run)
    assert run_command(["run", "-n", "-o", "-u", "shop", "a.tac", "-d", "/srv", "--umask", "27"]) == 0
    assert run_command(["run", "-s", "a", "-e", "-g", "9", "-r", "uvloop", "-p", "x", "-b"]) == 0
    assert calls == [
        ("a.tac", RunOptions(save=False, uid="shop", rundir="/srv", umask=0o27)),
        ("a", RunOptions(kind="source", encrypted=True, gid="9", reactor="uvloop", profile="x", debug=True)),
    ]
