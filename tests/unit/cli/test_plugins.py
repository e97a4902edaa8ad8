"""The commands about plug-ins, and what those of applications do with one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.cli.main import run_command
from svcctl.loading.plugins import GROUP
from svcctl.manifest.model import Origin
from tests.fakes.describing import FakeDescribe
from tests.unit.endpoints.conftest import Install, install
from tests.unit.persisting.conftest import folder

__all__ = ["folder", "install"]

Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _no_twisted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the plug-ins of twistd, of which an environment has as many as it has."""
    monkeypatch.setattr("svcctl.loading.plugins.find_spec", lambda _: None)


def test_plug_ins_are_listed_one_a_line(capsys: Shown) -> None:
    """Name, distribution and description."""
    assert run_command(["plugins"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["echo", "portforward", "procmon", "socks", "web"]
    assert all(line[1].startswith("svcctl ") and line[2] for line in lines)


def test_a_broken_one_is_told_on_stderr_and_by_the_status(install: Install, capsys: Shown) -> None:
    """The others are on stdout as always."""
    install("", "onions", GROUP, broken="onions_plugin:absent")
    assert run_command(["plugins"]) == 78
    shown = capsys.readouterr()
    assert "echo\t" in shown.out
    assert shown.err.startswith("svcctl: broken of onions 1.0 cannot be used: ")


def test_the_options_of_one_are_shown(capsys: Shown) -> None:
    """As its help has them, or as JSON."""
    assert run_command(["plugins", "socks"]) == 0
    assert "-t, --timeout=SECONDS" in capsys.readouterr().out
    assert run_command(["plugins", "socks", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["plugin"]["name"] == "socks"
    assert [each["option"] for each in shown["options"]] == ["--port", "--timeout", "--help"]


def test_the_options_of_all_are_shown_on_request(capsys: Shown) -> None:
    """Each under its name; JSON has them in any case."""
    assert run_command(["plugins", "--long"]) == 0
    blocks = capsys.readouterr().out.split("\n\necho (")[0]
    assert blocks.startswith("echo (svcctl ")
    assert "\n\nsocks (svcctl " in blocks
    assert blocks.count("--port=VALUE") == 4
    assert run_command(["plugins", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["broken"] == []
    assert [each["plugin"] for each in listed["details"]] == listed["plugins"]
    assert all(each["options"] for each in listed["details"])


def test_an_unknown_one_is_told_with_the_nearest(capsys: Shown) -> None:
    """Status 64."""
    assert run_command(["plugins", "sokcs"]) == 64
    assert capsys.readouterr().err == (
        "svcctl: there is no plug-in 'sokcs'\n"
        "hint: did you mean socks? svcctl plugins lists them; a file is written sokcs.tac or ./sokcs\n"
    )


def test_an_application_is_made_and_its_file_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    """What follows the plug-in is its own, ``-h`` and ``-o`` and all."""
    monkeypatch.chdir(tmp_path)
    words = [
        "make",
        "-o",
        "x.tap",
        "-n",
        "prog",
        "--uid",
        "7",
        "portforward",
        "-h",
        "example.org",
        "-d",
        "80",
    ]
    assert run_command(words) == 0
    assert capsys.readouterr().out == "x.tap\n"
    assert (tmp_path / "x.tap").exists()


def test_the_help_of_a_plug_in_is_a_result(capsys: Shown) -> None:
    """On stdout, with status 0; that of the command stands before the plug-in."""
    assert run_command(["make", "echo", "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("Usage: svcctl run echo [options]\n")
    assert shown.err == ""
    assert run_command(["make", "--help", "echo"]) == 0
    assert "svcctl make [OPTIONS]" in capsys.readouterr().out


def test_an_option_of_ours_behind_the_plug_in_is_told_where_it_belongs(capsys: Shown) -> None:
    """Most mistakes are this one."""
    assert run_command(["make", "echo", "--output", "x.tap"]) == 64
    assert capsys.readouterr().err == (
        "svcctl: there is no option --output\n"
        "hint: the options of svcctl make stand before the plug-in's name\n"
    )
    assert run_command(["make", "echo", "--outptu", "x.tap"]) == 64
    assert "--help lists the options" in capsys.readouterr().err


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("command", ["describe", "check", "install"])
def test_what_follows_a_plug_in_reaches_its_description(
    command: str, describing: FakeDescribe, capsys: Shown
) -> None:
    """And nothing of it is taken for an option of svcctl's."""
    describing.manifest = replace(describing.manifest, origin=Origin(kind="plugin", digest="0" * 64))
    python = ["--python", "/usr/bin/python3"]
    name = [] if command == "describe" else ["--name", "seven"]
    words = [command, *python, *name, "echo", "--port", "7", "--", "-n"]
    assert run_command(words) in {0, 65}, capsys.readouterr().err
    assert list(describing.arguments) == ["--port", "7", "--", "-n"]
    other = [] if command == "describe" else ["--name", "eight", "--no-sockets"]
    assert run_command([command, "/srv/echo.tac", *python, *other]) in {0, 65, 78}, capsys.readouterr().err
    assert list(describing.arguments) == []


@pytest.mark.usefixtures("machine")
def test_the_units_run_the_plug_in_with_its_arguments(root: Path, describing: FakeDescribe) -> None:
    """Byte by byte."""
    describing.manifest = replace(describing.manifest, origin=Origin(kind="plugin", digest="0" * 64))
    words = ["install", "--python", "/usr/bin/python3", "echo", "--port", "7", "a b%"]
    assert run_command(words) == 0
    unit = (root / "etc/systemd/system/echo.service").read_text()
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert line.endswith(' echo --port 7 "a b%%"')
