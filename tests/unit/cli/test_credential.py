"""``svcctl credential``: where the value comes from, and that it is not shown."""

from __future__ import annotations

import getpass
import io
import sys
from pathlib import Path

import pytest

from svcctl.cli.main import run_command
from svcctl.errors import EX_CONFIG, EX_USAGE

pytestmark = pytest.mark.usefixtures("machine", "describing")
WORD = "hunter2"
COMMAND = ["credential", "set", "--plain", "echo", "key"]


def test_the_value_comes_from_stdin_as_it_is(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And is not said again."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\0hunter2\n")))
    assert run_command(COMMAND) == 0
    assert (root / "etc/credstore/echo@key").read_bytes() == b"\0hunter2\n"
    said = capsys.readouterr()
    assert said.err == "/etc/credstore/echo@key holds it, not encrypted; echo gets it at its next start\n"
    assert WORD not in said.out


def test_the_value_comes_from_a_file(root: Path, tmp_path: Path) -> None:
    """Whatever stdin is."""
    (tmp_path / "secret").write_bytes(b"of the file")
    assert run_command([*COMMAND, "--file", str(tmp_path / "secret")]) == 0
    assert (root / "etc/credstore/echo@key").read_bytes() == b"of the file"
    assert run_command([*COMMAND, "--file", str(tmp_path / "none")]) == EX_USAGE


@pytest.mark.parametrize(("again", "status"), [(WORD, 0), ("other", EX_USAGE)])
def test_a_terminal_is_asked_twice_without_echo(
    again: str, status: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was mistyped is not stored."""
    answers = [WORD, again]
    monkeypatch.setattr(getpass, "getpass", lambda _prompt, _stream: answers.pop(0))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert run_command(COMMAND) == status
    assert (root / "etc/credstore/echo@key").exists() is (status == 0)


def test_nothing_is_no_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable of a script that is not set."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run_command(COMMAND) == EX_USAGE
    assert "nothing was given" in capsys.readouterr().err


def test_the_value_is_no_argument(capsys: pytest.CaptureFixture[str]) -> None:
    """The list of processes would show it."""
    assert run_command([*COMMAND, WORD]) != 0
    run_command(["credential", "set", "--help"])
    assert "VALUE" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["show"]], ids=["nothing", "show"])
def test_what_it_does_not_know_is_a_wrong_command_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and a hint."""
    assert run_command(["credential", *words]) == EX_USAGE
    said = capsys.readouterr().err
    assert said.splitlines()[1:] == ["hint: svcctl credential --help"]


def test_what_is_missing_shows_in_the_list_and_its_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a script that installs."""
    assert run_command(["credential", "list", "echo"]) == 0
    assert "has no credentials" in capsys.readouterr().err
    (tmp_path / "secret").write_bytes(b"x")
    run_command([*COMMAND, "--file", str(tmp_path / "secret")])
    assert run_command(["credential", "list", "echo"]) == 0
    assert capsys.readouterr().out == "key: not encrypted (/etc/credstore/echo@key)\n"
    assert run_command(["credential", "remove", "echo", "key"]) == 0
    assert run_command(["credential", "remove", "echo", "key"]) != EX_CONFIG
