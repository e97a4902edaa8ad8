"""Command lines that were written for twistd, to the options that mean the same."""

from __future__ import annotations

import os

import pytest

import svcctl
from svcctl.cli.main import run_command
from svcctl.errors import UsageError
from svcctl.operations.twistd import CommandLine, parse
from svcctl.runtime.loops import LOOPS
from svcctl.runtime.options import RunOptions

#: What every line in the background has.
DAEMON = {"pidfile": "twistd.pid", "logfile": "twistd.log", "log_rotate": "1000000", "umask": 0o77}
#: The same in front.
FRONT = {"pidfile": "twistd.pid", "logfile": "-"}


@pytest.mark.parametrize(
    ("line", "application", "options"),
    [
        ("-y daytime.tac", "daytime.tac", {**DAEMON, "kind": "python", "save": False}),
        ("-f otk-start.tap", "otk-start.tap", {**DAEMON, "kind": "saved", "save": None}),
        ("-s otk.tas", "otk.tas", {**DAEMON, "kind": "source", "save": None}),
        ("--no_save -f otk.tap", "otk.tap", {**DAEMON, "kind": "saved", "save": False}),
        ("--no-save -f otk.tap", "otk.tap", {**DAEMON, "kind": "saved", "save": False}),
        ("-of otk.tap --uid nobody", "otk.tap", {**DAEMON, "kind": "saved", "save": False, "uid": "nobody"}),
        ("-l log -f x.tap", "x.tap", {**DAEMON, "kind": "saved", "save": None, "logfile": "log"}),
        (
            "--pidfile= --umask 022",
            "twistd.tap",
            {**DAEMON, "kind": "saved", "save": None, "pidfile": "", "umask": 18},
        ),
        ("-y b -s c -f d", "b", {**DAEMON, "kind": "python", "save": False}),
        ("web --port 80 -n", "web", {**DAEMON, "save": False, "arguments": ("--port", "80", "-n")}),
        (
            "--syslog --prefix shop procmon /bin/sleep 9",
            "procmon",
            {
                "pidfile": "twistd.pid",
                "umask": 0o77,
                "save": False,
                "syslog": True,
                "prefix": "shop",
                "arguments": ("/bin/sleep", "9"),
            },
        ),
        (
            "--syslog -y a",
            "a",
            {
                "pidfile": "twistd.pid",
                "umask": 0o77,
                "kind": "python",
                "save": False,
                "syslog": True,
                "prefix": "twisted",
            },
        ),
        (
            "-d /srv --chroot /jail -g 5 --euid -e -f x",
            "x",
            {
                **DAEMON,
                "kind": "saved",
                "save": None,
                "rundir": "/srv",
                "chroot": "/jail",
                "gid": "5",
                "euid": True,
                "encrypted": True,
            },
        ),
    ],
)
def test_a_line_means_what_it_meant(line: str, application: str, options: dict[str, object]) -> None:
    """In the background."""
    expected = CommandLine("", application, RunOptions(**options), daemonize=True)  # type: ignore[arg-type]
    assert parse(line.split()) == expected


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("-noy shop.tac", {**FRONT}),
        ("-ny shop.tac --umask 27", {**FRONT, "umask": 0o27}),
        (
            "--nodaemon --python shop.tac --pidfile= --logger my.logger -r epoll",
            {"pidfile": "", "logger": "my.logger"},
        ),
        ("--nodaemon --pidfile= --logfile - --python shop.tac", {**FRONT, "pidfile": ""}),
        ("-b -y shop.tac", {**FRONT, "debug": True}),
        ("-n --spew --originalname -y shop.tac", {**FRONT, "spew": True, "originalname": True}),
        (
            "-n -p out --profiler cProfile --savestats -y shop.tac",
            {**FRONT, "profile": "out", "savestats": True},
        ),
        ("-n -r uvloop -y shop.tac", {**FRONT, "reactor": "uvloop"}),
        ("--nod --pyth shop.tac", {**FRONT}),
        ("--no-daemon -y shop.tac", {**FRONT}),
    ],
)
def test_a_line_for_the_foreground_stays_there(line: str, options: dict[str, object]) -> None:
    """And logs to stdout, unless it says where."""
    how = RunOptions(**{"kind": "python", "save": False, **options})  # type: ignore[arg-type]
    assert parse(line.split()) == CommandLine("", "shop.tac", how, daemonize=False)


@pytest.mark.parametrize(
    "line",
    [
        "-x",
        "--nothotshot -y a",
        "-y",
        "-y a --umask rw",
        "-y a web",
        "-y a -r nosuch",
        "-y a --logfile -",
        "-y a --profiler hotshot",
        "--n -y a",
    ],
)
def test_what_it_never_took_or_cannot_be_is_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two lines on stderr, status 64."""
    with pytest.raises(UsageError):
        parse(line.split())
    assert run_command(["twistd", *line.split()]) == 64
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [text.partition(":")[0] for text in shown.err.splitlines()] == ["svcctl", "hint"]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["-n", "--help", "web"]])
def test_it_has_a_help_of_its_own(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Also without any argument."""
    assert run_command(["twistd", *arguments]) == 0
    assert capsys.readouterr().out.startswith("Usage: svcctl twistd [OPTION]")


def test_the_version_and_the_event_loops_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout."""
    assert run_command(["twistd", "--version"]) == 0
    assert capsys.readouterr().out == f"twistd (svcctl) {svcctl.__version__}\n"
    assert run_command(["twistd", "--help-reactors"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(LOOPS)


def test_nothing_of_the_environment_is_read() -> None:
    """The same line is the same everywhere."""
    before = dict(os.environ)
    assert parse(["-ny", "a"]) == parse(["-n", "-y", "a"])
    assert dict(os.environ) == before
