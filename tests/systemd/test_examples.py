"""Each example installs as it is, runs in the tightest sandbox and does what its first lines say."""

from __future__ import annotations

import pytest

from tests.systemd.apps import App
from tests.systemd.machine import Machine, wait_until
from tests.systemd.trees import REPOSITORY


@pytest.fixture
def examples(machine: Machine) -> str:
    """Put the examples on the machine and give their folder."""
    for file in (REPOSITORY / "examples").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            machine.write(f"/srv/examples/{file.relative_to(REPOSITORY / 'examples')}", file.read_bytes())
    return "/srv/examples"


def test_the_echo_example_returns_what_it_gets(machine: Machine, examples: str) -> None:
    """Bytes in, the same bytes out."""
    app = _run(machine, examples, "echo", 8007)
    assert app.ask("hello") == "hello"


def test_the_chat_example_shows_everybody_what_somebody_says(machine: Machine, examples: str) -> None:
    """A line of one guest reaches the other."""
    app = _run(machine, examples, "chat", 8010)
    with machine.socket() as first, machine.socket() as second:
        first.connect(("127.0.0.1", app.port))
        first.sendall(b"good evening\n")
        assert first.recv(100) == b"good evening\n"
        second.connect(("127.0.0.1", app.port))
        assert second.recv(100) == b"good evening\n"
        second.sendall(b"hello\n")
        assert first.recv(100) == b"hello\n"


def test_the_web_example_serves_the_files_of_its_folder_over_http(machine: Machine, examples: str) -> None:
    """The page is answered through a socket that systemd opened."""
    app = _run(machine, examples, "web", 8080)
    page = machine.read(f"{examples}/public/index.html")
    program = "import sys, urllib.request as u; sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())"
    fetched = machine.run(["python3", "-c", program, f"http://127.0.0.1:{app.port}/"])
    assert fetched.stdout == page


def test_the_timer_example_logs(machine: Machine, examples: str) -> None:
    """Without any listener it is a service like the others."""
    app = _run(machine, examples, "timer", 0)
    assert wait_until(lambda: "up for " in machine.journal(app.service))


def _run(machine: Machine, folder: str, name: str, port: int) -> App:
    """Install and start an example."""
    app = App(machine, name, port, f"{folder}/{name}.tac")
    machine.applications.append(name)
    app.install("--now")
    assert app.property("ActiveState") == "active"
    assert app.property("PrivateNetwork") == "yes"
    return app
