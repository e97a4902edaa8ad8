"""The runner's command line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import UsageError
from svcctl.runtime import options as run_options
from svcctl.runtime.__main__ import main, parse
from svcctl.runtime.options import RunOptions, resolved, to_arguments


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["a.tac"], ("a.tac", {})),
        (["--inherit", "echo", "--", "-odd.tac"], ("-odd.tac", {"inherit": "echo"})),
        (
            ["--log-level=debug", "a.tac", "--log-format", "json"],
            ("a.tac", {"log_level": "debug", "log_format": "json"}),
        ),
        (["--inherit=a=b", "m:x"], ("m:x", {"inherit": "a=b"})),
        (
            ["a.tac", "--umask=27", "--installed", "x-y", "--no-save"],
            ("a.tac", {"installed": "x-y", "options": RunOptions(umask=0o27, save=False)}),
        ),
        (
            ["--pidfile", "p", "web", "--port", "80", "--help"],
            ("web", {"options": RunOptions(pidfile="p", arguments=("--port", "80", "--help"))}),
        ),
        (["--pidfile=", "./a"], ("./a", {})),
        (["--rundir", "web", "--help", "a.tac"], ("", {})),
    ],
)
def test_options_are_read_in_both_forms(arguments: list[str], expected: tuple[str, dict[str, Any]]) -> None:
    """Before and after the application."""
    assert parse(arguments) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.tac", "b"],
        ["--wrong", "a"],
        ["-x", "a"],
        ["a.tac", "--inherit"],
        ["a.tac", "--log-level="],
        ["a.tac", "--rundir"],
        ["a.tac", "--rundir="],
        ["a.tac", "--umask", "rw"],
        ["a.tac", "--umask=1777"],
        ["a.tac", "--umask=-1"],
        ["a.tac", "--reactor=kqueue"],
        ["a.tac", "--profiler", "hotshot"],
        ["a.tac", "--checkpoint=often"],
        ["a.tac", "--checkpoint=nan"],
        ["a.tac", "--checkpoint=9", "--no-save"],
        ["a.tac", "--syslog", "--logfile=x"],
        ["a.tac", "--log-rotate=daily"],
        ["a.tac", "--log-rotate=weekly", "--logfile=x"],
        ["a.tac", "--log-keep=0", "--logfile=x"],
        ["a.tac", "--uid=a\nb"],
        ["a.tac", "--debug=yes"],
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    """Each with a message."""
    with pytest.raises(UsageError):
        parse(arguments)


@pytest.mark.parametrize("arguments", [["--wrong"], ["--log-level", "loud", "a.tac"], []])
def test_a_usage_error_is_two_lines_and_status_64(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, without a traceback."""
    assert main(arguments) == 64
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert first.startswith("svcctl: ")
    assert second.startswith("hint: ")


def test_help_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """It is what was asked for."""
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: ")


def test_the_help_of_a_plug_in_goes_to_stdout_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is logged, and nothing is wrong."""
    assert main(["echo", "--port=tcp:0", "--help"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Usage: svcctl run echo [options]\nOptions:\n")
    assert captured.err == ""


TEXTS = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), max_size=9)
OPTIONS = st.builds(
    RunOptions,
    arguments=st.just(()),
    syslog=st.just(value=False),
    passphrase=TEXTS,
    resume=TEXTS,
    log_rotate=st.just(""),
    log_keep=st.just(0),
    log_compress=st.just(value=False),
    detached=st.booleans(),
    kind=st.sampled_from(["", "python", "pickle", "source"]),
    encrypted=st.booleans(),
    save=st.sampled_from([None, True]),
    checkpoint=st.floats(0, 1e9),
    reactor=st.sampled_from(["asyncio", "uvloop", "epoll", "poll", "select"]),
    pidfile=TEXTS,
    control=TEXTS,
    rundir=TEXTS,
    chroot=TEXTS,
    uid=TEXTS,
    gid=TEXTS,
    euid=st.booleans(),
    umask=st.integers(-1, 0o777),
    originalname=st.booleans(),
    logfile=TEXTS,
    logger=TEXTS,
    prefix=TEXTS,
    debug=st.booleans(),
    spew=st.booleans(),
    profile=TEXTS,
    profiler=st.sampled_from(["cprofile", "profile"]),
    savestats=st.booleans(),
)


@given(OPTIONS)
def test_options_go_through_a_command_line_unchanged(options: RunOptions) -> None:
    """As they do on the way to a process in the background."""
    target, read = parse([*to_arguments(options), "--", "a.tac"])
    assert target == "a.tac"
    assert read.get("options", RunOptions()) == options


def test_the_help_names_every_option() -> None:
    """And no other."""
    words = {word.rstrip(",") for word in run_options.HELP.split() if word.startswith("--")}
    fields = set(RunOptions._fields) - {"arguments"}
    known = (
        {f"--{field.replace('_', '-')}" for field in fields}
        | set(run_options.PLAIN)
        | {"--no-save", "--help"}
    )
    assert words == known


def test_paths_count_from_where_the_command_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the folder to serve in counts from a new root folder."""
    monkeypatch.chdir("/usr")
    options = resolved(RunOptions(pidfile="a.pid", rundir="../etc", logfile="-"))
    assert options[:] == RunOptions(pidfile="/usr/a.pid", rundir="/etc", logfile="-")[:]
    options = resolved(RunOptions(chroot="lib", rundir="etc"))
    assert (options.chroot, options.rundir) == ("/usr/lib", "/etc")
