"""Each example as a user runs it, with its sockets handed over so that no port of the machine is needed."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

import pytest

from tests.fakes.init import FakeInit

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
LIMIT = 10.0


def listener() -> socket.socket:
    """Return a socket that listens on some port of the loopback interface."""
    return socket.create_server(("127.0.0.1", 0))


def run(folder: Path, tac: Path, names: str = "", sockets: tuple[socket.socket, ...] = ()) -> FakeInit:
    """Start the runner on a file, with every listener inherited."""
    command = [sys.executable, "-P", "-m", "svcctl.runtime", "--inherit", f"{tac.stem}.service", str(tac)]
    return FakeInit(command, folder, {"LISTEN_FDNAMES": names} if names else {}, sockets)


def client(server: socket.socket) -> socket.socket:
    """Return a connection to a listener."""
    connection = socket.create_connection(server.getsockname(), timeout=LIMIT)
    connection.settimeout(LIMIT)
    return connection


def test_every_example_has_a_test_here() -> None:
    """A new example is tried like the others."""
    tested = {
        name.split("_")[1] for name in globals() if name.startswith("test_") and name.endswith("_example")
    }
    assert {tac.stem for tac in EXAMPLES.glob("*.tac")} == tested


def test_echo_example(tmp_path: Path) -> None:
    """It returns what it gets."""
    with listener() as server, run(tmp_path, EXAMPLES / "echo.tac", "tcp-8007", (server,)) as init:
        init.wait_for("READY")
        with client(server) as connection:
            connection.sendall(b"hello")
            assert connection.recv(100) == b"hello"
        assert init.stop() == 0


def test_timer_example(tmp_path: Path) -> None:
    """It logs at once, and needs no socket."""
    with run(tmp_path, EXAMPLES / "timer.tac") as init:
        init.wait_for("READY")
        init.wait_for_log("up for 0 s")
        assert init.stop() == 0


def test_chat_example(tmp_path: Path) -> None:
    """Who comes later sees what was said, and everybody hears what is said then."""
    with listener() as server, run(tmp_path, EXAMPLES / "chat.tac", "tcp-8010", (server,)) as init:
        init.wait_for("READY")
        with client(server) as first:
            first.sendall(b"anybody here?\n")
            assert first.recv(100) == b"anybody here?\n"
            with client(server) as second:
                assert second.recv(100) == b"anybody here?\n"
                second.sendall(b"me\n")
                assert first.recv(100) == b"me\n"
        assert init.stop() == 0


def test_web_example(tmp_path: Path) -> None:
    """It serves the folder beside it, and answers 404 for what is not there."""
    with listener() as server, run(tmp_path, EXAMPLES / "web.tac", "tcp-8080", (server,)) as init:
        init.wait_for("READY")
        for path, expected in (("/", "200"), ("/nothing", "404")):
            with client(server) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            assert answer.startswith(f"HTTP/1.1 {expected} ".encode())
        assert init.stop() == 0


@pytest.mark.parametrize("name", sorted(tac.name for tac in EXAMPLES.glob("*.tac")))
def test_an_example_tells_how_to_run_it(name: str) -> None:
    """The first lines of each file are its manual."""
    assert f"Run it:  svcctl run examples/{name}" in (EXAMPLES / name).read_text()


def test_the_application_of_the_readme_works_as_it_is_printed(tmp_path: Path) -> None:
    """The text of the first code block in Python, in a file of its own."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    tac = tmp_path / "echo.tac"
    tac.write_text(block[1])
    with listener() as server, run(tmp_path, tac, "tcp-8007", (server,)) as init:
        init.wait_for("READY")
        with client(server) as connection:
            connection.sendall(b"hello")
            assert connection.recv(100) == b"hello"
        assert init.stop() == 0
