"""The commands as they are on Windows."""

from __future__ import annotations

import json
from functools import partial

import pytest
import typer

from svcctl.cli import main
from svcctl.cli.main import application, run_command
from svcctl.cli.windows.options import installed_names
from svcctl.errors import EX_CONFIG, EX_NOINPUT, EX_NOPERM, EX_UNAVAILABLE, EX_USAGE, ConfigurationError
from svcctl.host.windows import machine as machines
from svcctl.host.windows.machine import Found, Status
from tests.fakes.windows import FakeWindows
from tests.unit.operations.windows.conftest import described, windows

__all__ = ["described", "windows"]

APPLICATION = r"C:\srv\echo.tac"
#: What has sense there, in the order in which somebody needs it.
COMMANDS = [
    *(
        "run",
        "install",
        "uninstall",
        "list",
        "describe",
        "make",
        "plugins",
        "convert",
        "status",
        "top",
        "logs",
    ),
    *("enable", "disable", "start", "stop", "restart", "reload"),
]


@pytest.fixture
def machine(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    """Have the commands be those of Windows, and this machine run it."""
    monkeypatch.setattr(main, "application", partial(application, windows=True))
    monkeypatch.setattr(machines, "here", lambda: windows.machine)
    windows.folders.files[APPLICATION] = ""
    return windows


def run(*words: str) -> int:
    """Run a command."""
    return run_command(list(words))


def test_the_commands_are_those_that_have_sense() -> None:
    """With the options that have some; ``generate`` is everywhere."""
    app = application(windows=True)
    assert [command.name for command in app.registered_commands] == COMMANDS
    assert [group.name for group in app.registered_groups] == ["generate"]
    for name, command in vars(typer.main.get_command(app))["commands"].items():
        if name not in {"run", "make", "convert", "generate", "describe", "plugins"}:
            given = {option for each in command.params for option in each.opts}
            assert not {"--user", "--root", "--systemd", "--set-section", "--instances"} & given


def test_a_service_from_its_installation_to_its_removal(
    machine: FakeWindows, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command says what it has done; results go to stdout."""

    def said(*words: str, status: int = 0) -> tuple[str, str]:
        assert run(*words) == status
        shown = capsys.readouterr()
        return shown.out, shown.err

    out, err = said("install", APPLICATION, "--check", status=1)
    assert out.startswith("echo would be installed:\n  + service echo, which runs as NT SERVICE\\echo")
    out, err = said("install", APPLICATION, "--enable")
    assert out == ""
    assert err.endswith("echo is installed\nstart it with: svcctl start echo\n")
    assert said("install", APPLICATION) == ("", "echo is installed already, just so: nothing to do\n")
    assert said("install", APPLICATION, "--check")[0].startswith("echo would be installed: nothing to do\n")
    assert said("start", "echo") == ("", "echo is started\n")
    assert said("list")[0].split("\t")[:3] == ["echo", "running", "enabled"]
    out, _ = said("status", "echo")
    assert out.splitlines()[0] == "echo: running, starts with Windows"
    assert "  process: 77, since 19" in out
    assert "tree: ready, 1/1 ready" in out
    assert said("restart", "echo/tcp")[1] == "echo/tcp is restarted\n"
    assert "did you mean echo/tcp?" in said("stop", "echo/nothing", status=EX_NOINPUT)[1]
    assert "tcp:8007" in said("top", "echo", "-n", "1")[0]
    assert "echo  running " in said("top", "-n", "1")[0]
    assert json.loads(said("status", "echo", "--json")[0])["state"] == "running"
    assert said("install", APPLICATION, "--depends", "Tcpip")[1].endswith(
        "it runs on as it was until: svcctl restart echo\n"
    )
    assert said("restart", "echo")[1] == "echo is restarted\n"
    assert said("disable", "echo")[1] == "echo no longer starts with Windows\n"
    assert said("enable", "echo")[1] == "echo starts with Windows\n"
    assert "nothing that you can read" in said("logs", "echo")[1]
    machine.folders.files[r"C:\ProgramData\echo\logs\echo.log"] = "one\n\x1b[31mtwo\n"
    assert said("logs", "echo", "-n", "1")[0] == "?[31mtwo\n"
    assert installed_names("e") == ["echo"]
    assert said("stop", "echo")[1] == "echo is stopped\n"
    assert "does not run" in said("reload", "echo/tcp", status=EX_UNAVAILABLE)[1]
    assert "- service echo" in said("uninstall", "echo", "--dry-run")[0]
    assert said("uninstall", "echo")[1].endswith("echo is removed\nstays: C:\\ProgramData\\echo\n")
    assert said("list") == ("", "")


def test_failures_have_statuses_of_their_own(
    machine: FakeWindows, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on other systems: 3 for a service that has failed, 69 for one that does not start, 77 for no right."""
    assert run("install", APPLICATION) == 0
    machine.services.outcomes["echo"] = Status(1, 1066, 42, 0, 0)
    assert run("start", "echo") == EX_UNAVAILABLE
    assert run("status", "echo") == 3
    assert "last exit status: 42" in capsys.readouterr().out
    assert run("status", "ecko") == EX_USAGE
    assert run("start", "echo", "--user") == EX_USAGE
    assert run("upgrade", "echo") == EX_USAGE
    machine.services.configured["torn"] = Found("x", "y", "manual", "{}", "{")
    assert run("list") == EX_CONFIG
    assert capsys.readouterr().err.endswith("hint: svcctl status NAME says what to do about it\n")
    machine.services.administrator = False
    assert run("install", APPLICATION) == EX_NOPERM
    assert run("uninstall", "echo") == EX_NOPERM
    machine.services.administrator = True

    def held(path: str) -> None:
        raise ConfigurationError(f"{path} is held", hint="see who has it open")

    monkeypatch.setattr(machine.folders, "remove", held)
    assert run("uninstall", "echo", "--purge", "--json") == EX_NOPERM
    assert "could not be removed" in capsys.readouterr().err


@pytest.mark.usefixtures("machine")
def test_the_help_of_run_shows_what_has_sense(capsys: pytest.CaptureFixture[str]) -> None:
    """A daemon, a user, a chroot have none: a service takes their place."""
    assert run("run", "--help") == 0
    shown = capsys.readouterr().out
    assert "--logfile" in shown
    for option in ("--daemonize", "--pidfile", "--uid", "--chroot", "--syslog", "--checkpoint"):
        assert option not in shown
    assert run("run", "--uid") == EX_USAGE
    assert run("run", "none.tac", "--log-level", "error") == EX_NOINPUT


def test_other_systems_are_told_what_works_there() -> None:
    """The verbs of Windows are not for them."""
    with pytest.raises(ConfigurationError, match="does not run Windows") as caught:
        machines.here()
    assert "generate" in caught.value.hint
