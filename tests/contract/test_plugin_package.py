"""A plug-in of a separate package, installed by pip into an environment of its own: found, shown, made, run."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from svcctl.application.options.asked import HelpRequestedError
from svcctl.errors import UsageError
from svcctl.loading.describe import describe
from tests.fakes.init import PATIENCE, FakeInit
from tests.fakes.plugin_package import build

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a fresh environment with svcctl and that package."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv/bin/python"
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    # svcctl and what it needs are those of the tests; the plug-in is this environment's own.
    (packages / "svcctl.pth").write_text(f"{SOURCE}\n{sysconfig.get_path('purelib')}\n")
    wheel = build(folder)
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", str(wheel)], check=True)
    return python


def svcctl(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of svcctl in that environment."""
    return subprocess.run(
        [str(python), "-P", "-m", "svcctl", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "STATE_DIRECTORY": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def greeting(python: Path, folder: Path, *words: str) -> bytes:
    """Run something that listens at a path, and return what it sends."""
    with FakeInit(
        [str(python), "-P", "-m", "svcctl.runtime", *words], folder, {"STATE_DIRECTORY": str(folder)}
    ) as init:
        init.wait_for("READY")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(folder / "socket"))
            said = client.recv(100)
        assert init.stop() == 0, init.stderr
    return said


def test_it_is_found_and_what_is_broken_beside_it_is_named(python: Path, tmp_path: Path) -> None:
    """With the distribution; here nobody has it."""
    listed = svcctl(python, tmp_path, "plugins")
    assert "greet\tgreeting 1.5\tGreets whoever connects.\n" in listed.stdout
    assert "echo\t" in listed.stdout
    assert "bad of greeting 1.5 cannot be used" in listed.stderr
    assert listed.returncode == 78
    shown = json.loads(svcctl(python, tmp_path, "plugins", "greet", "--json").stdout)
    times = next(each for each in shown["options"] if each["option"] == "--times")
    assert (times["default"], times["units"]) == ("1", "greetings")


def test_it_is_run(python: Path, tmp_path: Path) -> None:
    """With its options."""
    where = f"--port=unix:{tmp_path / 'socket'}"
    assert greeting(python, tmp_path, "greet", where, "-lt2", "hi") == b"HI HI "


def test_it_is_made_and_run_from_the_file(python: Path, tmp_path: Path) -> None:
    """In either form, without the options."""
    where = f"--port=unix:{tmp_path / 'socket'}"
    for name, style in (("it.tap", "pickle"), ("it.tas", "source")):
        made = svcctl(python, tmp_path, "make", "-o", name, "-t", style, "greet", where)
        assert (made.returncode, made.stdout) == (0, f"{name}\n"), made.stderr
        assert greeting(python, tmp_path, name) == b"hello "


def test_it_is_described_as_it_is_for_an_installation(python: Path) -> None:
    """In a process of its own, with the arguments."""
    described = describe(
        "greet", ["--port=80"], python=str(python), user=None, environment={}, time_limit=PATIENCE
    )
    manifest = described.manifest
    assert manifest.origin.kind == "plugin"
    assert [each.endpoint for each in manifest.listeners()] == ["tcp:80"]
    assert manifest.application.description == "Greets whoever connects."
    with pytest.raises(UsageError, match="there is no option --prot"):
        describe("greet", ["--prot=80"], python=str(python), user=None, environment={}, time_limit=PATIENCE)


def test_its_help_comes_out_of_the_process_that_describes_it(python: Path) -> None:
    """Line by line, as it is without an installation."""
    with pytest.raises(HelpRequestedError) as caught:
        describe("greet", ["--help"], python=str(python), user=None, environment={}, time_limit=PATIENCE)
    assert str(caught.value).startswith("Usage: svcctl run greet [options] [WORD]\nOptions:\n")
    assert "-t, --times=GREETINGS" in str(caught.value)


def test_a_value_that_does_not_fit_is_one_line(python: Path, tmp_path: Path) -> None:
    """Status 64."""
    made = svcctl(python, tmp_path, "make", "greet", "--times", "twice")
    assert made.returncode == 64
    assert made.stderr.startswith("svcctl: --times: 'twice' is not a whole number of greetings\n")
    assert not (tmp_path / "greet.tap").exists()
