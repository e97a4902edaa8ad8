"""What outlives the process: listeners that it opened itself, and what its services asked to be kept."""

from __future__ import annotations

import pytest

from tests.systemd.apps import App, installed, put
from tests.systemd.machine import Machine
from tests.systemd.under_load import under_load

RESTARTS = 10


def kept(app: App) -> int:
    """Return how many descriptors systemd keeps for an application."""
    return int(app.property("NFileDescriptorStore"))


def test_descriptors_and_values_are_back_after_a_crash(machine: Machine) -> None:
    """The same listener, the text that was kept last, and what was in the file."""
    app = installed(machine, "keeper", "--no-sockets", "--now")
    assert app.ask("kept") == "nothing"
    assert app.ask("keep hello") == "True"
    assert app.ask("keep hello world") == "True"
    assert kept(app) == 3
    first = app.ask("pid")
    machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", app.name)
    assert (
        app.ask("kept") == "hello world 11"
    )  # the client waits in the listener's queue until it is there again
    assert app.ask("pid") != first
    assert app.property("NRestarts") == "1"


def test_descriptors_and_values_are_back_after_a_restart(machine: Machine) -> None:
    """With socket units, too, where the listeners are theirs."""
    app = installed(machine, "keeper", "--now")
    assert app.ask("keep hello") == "True"
    assert kept(app) == 2
    machine.systemctl("restart", app.name)
    assert app.ask("kept") == "hello 5"
    assert kept(app) == 1
    machine.systemctl("stop", app.service)
    machine.wait_for_property(app.service, "NFileDescriptorStore", "0")
    assert app.ask("kept") == "nothing"


def test_what_nobody_asks_for_any_more_is_reported_and_removed(machine: Machine) -> None:
    """A changed application neither keeps the old listener open nor the old value."""
    app = installed(machine, "keeper", "--no-sockets", "--now")
    assert app.ask("keep hello") == "True"
    app.replace("echo")
    machine.systemctl("restart", app.name)
    assert app.ask("alive") == "alive"
    journal = machine.journal(app.service)
    assert "no service asks for it" in journal
    assert f"state/{app.name}/keeper/text" in journal
    machine.wait_for_property(app.service, "NFileDescriptorStore", "1")


def test_a_stop_gives_everything_up(machine: Machine) -> None:
    """Clients are refused then."""
    app = installed(machine, "keeper", "--no-sockets", "--now")
    assert app.ask("keep hello") == "True"
    machine.systemctl("stop", app.service)
    with pytest.raises(ConnectionRefusedError):
        app.ask("pid")
    machine.systemctl("start", app.service)
    assert app.ask("kept") == "nothing"


def test_a_socket_in_the_runtime_folder_stays_where_it_is(machine: Machine) -> None:
    """The folder outlives a restart; after a stop both are gone."""
    app = put(machine, "echo")
    path = f"/run/{app.name}/web"
    text = machine.read(app.path).replace(f"tcp:{app.port}:interface=127.0.0.1", f"unix:{path}")
    named = f'Application("{app.name}"'
    machine.write(app.path, text.replace(named, f'{named}, needs={{"directories": ("runtime",)}}'))
    app.install("--no-sockets", "--now")
    inode = machine.run(["stat", "-c", "%i", path]).stdout
    machine.systemctl("restart", app.name)
    assert machine.run(["stat", "-c", "%i", path]).stdout == inode
    assert machine.ask_unix(path, b"hello") == b"hello"
    machine.systemctl("stop", app.name)
    assert machine.run(["test", "-e", path], check=False).returncode == 1
    machine.systemctl("start", app.name)
    assert machine.ask_unix(path, b"hello") == b"hello"


@pytest.mark.timeout(280)
def test_restarts_under_load_lose_no_request_without_a_socket_unit(machine: Machine) -> None:
    """The listener waits in the descriptor store: none is refused, reset or left without its own answer."""
    app = installed(machine, "busy", "--no-sockets", "--now", "--set", "Unit.StartLimitIntervalSec=0")
    load = under_load(machine, app.port, RESTARTS, "systemctl", "restart", app.service)
    assert (load.done, load.others) == (RESTARTS, {})
    assert load.answered > 100 * RESTARTS
