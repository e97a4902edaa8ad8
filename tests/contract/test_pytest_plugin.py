"""The fixture that svcctl brings into pytest, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.contract.running import ECHO, HEAD
from tests.fakes.init import PATIENCE

ROOT = Path(__file__).parents[2]
PLUGIN = "svcctl.testing.pytest_plugin"


def run_pytest(folder: Path, text: str, *options: str) -> str:
    """Run tests of this text, and return what pytest prints."""
    (folder / "shop.tac").write_text(HEAD + ECHO.replace("TCPServer(0", "TCPServer(8007"))
    (folder / "test_shop.py").write_text(text)
    # By name, and nothing else that is installed here: it does the same where its entry point is found.
    command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, *options]
    environ = {"PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    return result.stdout + result.stderr


def test_the_fixture_runs_an_application(tmp_path: Path) -> None:
    """With sockets of the test's own."""
    text = """
def test_echo(fake_init):
    with fake_init("shop.tac", sockets={"tcp-8007-127.0.0.1": "tcp:0:interface=127.0.0.1"}) as service:
        with service.connect("tcp-8007-127.0.0.1") as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"hello"
        assert service.stop().code == 0
"""
    assert "1 passed" in run_pytest(tmp_path, text)


def test_a_failed_test_shows_the_transcript_and_leaves_nothing_running(tmp_path: Path) -> None:
    """Even if the test has not waited for the end."""
    text = """
import os
def test_wrong(fake_init):
    service = fake_init("shop.tac")
    service.start()
    open("pid", "w").write(str(service.pid))
    assert service.status == "something else"
"""
    printed = run_pytest(tmp_path, text)
    assert "1 failed" in printed
    assert "< READY=1 MAINPID=" in printed
    assert not Path("/proc", (tmp_path / "pid").read_text()).exists()


def test_nothing_is_imported_before_a_test_asks_for_it(tmp_path: Path) -> None:
    """So that nobody's tests become slower for svcctl being installed."""
    text = """
import sys
def test_lean():
    assert sorted(name for name in sys.modules if name.startswith("svcctl")) == [
        "svcctl", "svcctl.testing", "svcctl.testing.pytest_plugin"
    ]
"""
    assert "1 passed" in run_pytest(tmp_path, text)


def test_the_one_fixture_is_all_there_is(tmp_path: Path) -> None:
    """No option, no marker, no hook."""
    printed = run_pytest(tmp_path, "", "--fixtures")
    assert printed.count(f"fixtures defined from {PLUGIN}") == 1
    _, _, ours = printed.partition(f"fixtures defined from {PLUGIN}")
    assert [line.split()[0] for line in ours.splitlines() if " -- " in line] == ["fake_init"]
    assert "svcctl" not in run_pytest(tmp_path, "", "--help").partition("usage:")[2]


def test_pytest_finds_it_by_its_entry_point() -> None:
    """And svcctl itself does not need pytest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"svcctl": PLUGIN}
    assert not any(each.startswith("pytest") for each in project["dependencies"])
