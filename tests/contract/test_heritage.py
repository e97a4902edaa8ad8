"""The applications of the framework's manuals run as they were ported, on the ports that stand in them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from svcctl.loading.describe import describe
from tests.contract.networks import client, needs_root, run
from tests.fakes.init import FakeInit

HERITAGE = Path(__file__).parents[2] / "examples/heritage"
APPLICATIONS = sorted(tac.name for tac in HERITAGE.glob("*.tac"))
ECHOES = ("echo.tac", "echo_server.tac", "echo_service.tac", "echo_short.tac")
#: Answered by real programs, in a file of their own.
WITH_PEERS = {"dns.tac", "service.tac"}
PORT = 7001
RUNNER = [sys.executable, "-P", "-m", "svcctl.runtime"]
LIMIT = 60.0

#: Where each application says that it listens, by the kind of the service.
LISTENERS = {
    "dns.tac": [("stream-server", "tcp:53"), ("datagram-server", "udp:53")],
    "echo.tac": [("stream-server", "tcp:7001")],
    "echo_server.tac": [("stream-server", "tcp:7001")],
    "echo_service.tac": [],  # it speaks to the reactor, and only when it starts
    "echo_short.tac": [("stream-server", "tcp:7001")],
    "interfaces.tac": [],
    "my.tac": [],
    "service.tac": [("asgi-server", "tcp:8080")],
}


def test_every_application_is_run() -> None:
    """Here, or where real programs are its clients."""
    peers = Path(__file__).with_name("test_peers.py").read_text()
    assert all(f'"{name}"' in peers for name in WITH_PEERS)
    assert set(APPLICATIONS) == {*ECHOES, "interfaces.tac", "my.tac"} | WITH_PEERS


@needs_root
@pytest.mark.parametrize("name", ECHOES)
def test_an_echo_of_the_manuals_returns_what_it_gets(name: str, tmp_path: Path) -> None:
    """Several clients at once, each its own bytes; then it stops in order."""
    with run(tmp_path, HERITAGE / name) as init:
        init.wait_for("READY")
        with client(init, PORT) as first, client(init, PORT) as second:
            first.sendall(b"hello")
            second.sendall(b"good evening")
            assert second.recv(100) == b"good evening"
            assert first.recv(100) == b"hello"
        assert init.stop() == 0


@needs_root
def test_the_application_of_the_interfaces_starts_and_stops(tmp_path: Path) -> None:
    """It has no services at all."""
    with run(tmp_path, HERITAGE / "interfaces.tac") as init:
        init.wait_for("READY")
        assert init.stop() == 0


def test_the_observer_that_the_manuals_set_on_an_application_gets_the_log(tmp_path: Path) -> None:
    """All of it, in a folder of the test's own instead of the one for everybody."""
    text = (HERITAGE / "my.tac").read_text()
    (tmp_path / "my.tac").write_text(text.replace('"/tmp"', repr(str(tmp_path))))
    with FakeInit([*RUNNER, "my.tac"], tmp_path) as init:
        init.wait_for("READY")
        assert init.stop() == 0
        assert init.stderr == ""
    lines = (tmp_path / "my.log").read_text().splitlines()
    assert lines[0].endswith("[svcctl.runtime.runner] application is ready")
    assert lines[-1].endswith("[svcctl.runtime.runner] application is stopped")


def test_the_logger_of_the_manuals_gets_the_log(tmp_path: Path) -> None:
    """From the module beside the application; the application's own observer gets nothing."""
    for name in ("my.tac", "my.py"):
        text = (HERITAGE / name).read_text().replace("my.log", f"{name}.log")
        (tmp_path / name).write_text(re.sub(r"(?<=\")/tmp", str(tmp_path), text))
    with FakeInit([*RUNNER, "--logger", "my.logger", str(tmp_path / "my.tac")], tmp_path) as init:
        init.wait_for("READY")
        assert init.stop() == 0
        assert init.stderr == ""
    assert "application is ready" in (tmp_path / "my.py.log").read_text()
    assert (tmp_path / "my.tac.log").read_text() == ""


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_of_the_manuals_is_described_without_a_problem(name: str) -> None:
    """With every server that it builds while it loads."""
    described = describe(
        str(HERITAGE / name), python=sys.executable, user=None, environment={}, time_limit=LIMIT
    )
    nodes = described.manifest.tree.walk()
    listeners = [(node.kind, listener.endpoint) for node in nodes for listener in node.listeners]
    assert listeners == LISTENERS[name]


def test_the_list_of_the_applications_has_each_of_them_and_its_repairs() -> None:
    """The page beside them."""
    page = (HERITAGE / "README.md").read_text()
    described = {
        row[0]: row[1] for row in re.findall(r"^\| `([\w./]+)` \| .* \| (.+) \|$", page, re.MULTILINE)
    }
    files = {path.name for path in HERITAGE.iterdir() if path.suffix in {".tac", ".py"}}
    assert set(described) == files | {"names/"}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_of_the_manuals_tells_how_to_run_it(name: str) -> None:
    """The first lines of each file are its manual."""
    assert f"Run it:  svcctl run examples/heritage/{name}" in (HERITAGE / name).read_text()
