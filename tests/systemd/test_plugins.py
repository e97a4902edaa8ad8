"""A plug-in of a separate package on a real systemd: listed, made, run, installed, restarted and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.plugin_package import build
from tests.systemd.apps import TOUCHED, on
from tests.systemd.equipped import PIP
from tests.systemd.machine import Machine, Result

pytestmark = on("bookworm")  # to systemd it is any application
FOLDER = "/srv/greetings"


@pytest.fixture
def greeting(machine: Machine, tmp_path: Path) -> Iterator[Machine]:
    """Install the package into the environment of the machine's svcctl; what is broken in it stays there no longer."""
    wheel = build(tmp_path)
    machine.write(f"/root/{wheel.name}", wheel.read_bytes())
    machine.run(["mkdir", "-p", FOLDER])
    machine.run([*PIP, f"/root/{wheel.name}"])
    yield machine
    machine.run([PIP[0], "uninstall", "--quiet", "--yes", "greeting"])
    machine.run(["rm", "-r", FOLDER, f"/root/{wheel.name}"])


def in_folder(machine: Machine, *arguments: str, check: bool = True) -> Result:
    """Run a command of svcctl in a folder of its own."""
    return machine.run(["env", f"--chdir={FOLDER}", "svcctl", *arguments], check=check)


def greeted(machine: Machine, port: int) -> bytes:
    """Connect, say nothing, and return what the other side says."""
    with machine.socket() as client:
        client.connect(("127.0.0.1", port))
        with client.makefile("rb") as reader:
            return reader.read()


def test_it_is_listed_and_the_broken_one_beside_it_is_named(greeting: Machine) -> None:
    """The rest works; the status says that something does not."""
    listed = in_folder(greeting, "plugins", check=False)
    assert "greet\tgreeting 1.5\tGreets whoever connects.\n" in listed.stdout
    assert "portforward\t" in listed.stdout
    long = in_folder(greeting, "plugins", "--long", check=False).stdout
    assert "greet (greeting 1.5): Greets whoever connects.\n" in long
    assert "-t, --times=GREETINGS     How often to greet. [default: 1 greetings]\n" in long
    assert [line for line in listed.stderr.splitlines() if "bad of greeting 1.5 cannot be used" in line]
    assert listed.returncode == 78
    refused = in_folder(greeting, "install", "bad", check=False)
    assert refused.returncode == 65
    assert "svcctl: the plug-in 'bad' of greeting 1.5" in refused.stderr
    assert not [line for line in in_folder(greeting, "list").stdout.splitlines() if line.startswith("bad\t")]


def test_it_is_made_and_run_in_the_background_and_stopped_by_its_pid_file(greeting: Machine) -> None:
    """From its options, and from the file that was made of them."""
    port = greeting.free_port()
    made = in_folder(greeting, "make", "-o", "it.tap", "greet", f"--port=tcp:{port}", "-t2", "hi")
    assert made.stdout == "it.tap\n"
    logged = ("--daemonize", "--pidfile=it.pid", "--logfile=it.log")
    for what in (["greet", f"--port=tcp:{port}", "-t2", "hi"], ["it.tap"]):
        started = in_folder(greeting, "run", *logged, *what)
        assert greeting.read(f"{FOLDER}/it.pid") == started.stdout
        assert greeted(greeting, port) == b"hi hi "
        stopped = in_folder(greeting, "stop", "it.pid")
        assert stopped.stderr == f"process {started.stdout.strip()} has ended\n"
        assert in_folder(greeting, "stop", "it.pid", check=False).returncode == 66


def test_it_is_installed_restarted_shown_and_removed(greeting: Machine) -> None:
    """With its options; its socket is systemd's, and nothing of it stays behind."""
    before = greeting.files(*TOUCHED)
    port = greeting.free_port()
    options = (f"--port=tcp:{port}:interface=127.0.0.1", "--loud", "good day")
    greeting.applications.append("welcome")
    installed = in_folder(greeting, "install", "--now", "--name", "welcome", "greet", *options)
    assert "Traceback" not in installed.stderr
    assert greeting.property("welcome.service", "ActiveState") == "active"
    assert greeted(greeting, port) == b"GOOD DAY "
    first = greeting.property("welcome.service", "MainPID")
    in_folder(greeting, "restart", "welcome")
    assert greeting.property("welcome.service", "MainPID") != first
    assert greeted(greeting, port) == b"GOOD DAY "
    shown = in_folder(greeting, "status", "welcome").stdout
    assert "greet" in shown
    assert "welcome.socket" in shown
    assert "is installed already, just so" in (
        in_folder(greeting, "install", "--name", "welcome", "greet", *options).stderr
    )
    in_folder(greeting, "uninstall", "--purge", "--yes", "welcome")
    assert greeting.property("welcome.service", "LoadState") == "not-found"
    assert greeting.files(*TOUCHED) == before
