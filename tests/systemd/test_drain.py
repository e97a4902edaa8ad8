"""``systemctl stop`` while requests are in flight."""

from __future__ import annotations

import contextlib
import socket

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine

#: Requests that have begun when the stop comes.
IN_FLIGHT = 20


def begin(app: App, stack: contextlib.ExitStack) -> list[socket.socket]:
    """Begin requests, and return their connections once the service is at work on each."""
    clients = []
    for _ in range(IN_FLIGHT):
        client = stack.enter_context(app.machine.socket())
        client.connect(("127.0.0.1", app.port))
        client.sendall(b"first\n")
        assert client.recv(100) == b"begun\n"
        clients.append(client)
    return clients


def test_all_that_ends_within_the_budget_is_answered(machine: Machine) -> None:
    """Twenty requests are in flight; the service ends when the last one is answered, and without a fault."""
    app = installed(machine, "talk", "--now")
    with contextlib.ExitStack() as stack:
        clients = begin(app, stack)
        machine.systemctl("stop", "--no-block", app.name)
        machine.wait_for_property(app.service, "ActiveState", "deactivating")
        for number, client in enumerate(clients):
            client.sendall(b"%d\n" % number)
            assert client.recv(100) == b"%d\n" % number
    machine.wait_for_property(app.service, "ActiveState", "inactive")
    assert (app.property("Result"), app.property("ExecMainStatus")) == ("success", "0")
    assert "cut off" not in machine.journal(app.service)


def test_those_that_do_not_are_cut_off_and_named(machine: Machine) -> None:
    """The stop ends within its budget all the same; the journal says whose connections, and how many."""
    app = installed(machine, "hasty", "--now")
    with contextlib.ExitStack() as stack:
        clients = begin(app, stack)
        clients[0].sendall(b"in time\n")
        assert clients[0].recv(100) == b"in time\n"
        machine.systemctl("stop", app.name)
        assert all(client.recv(100) == b"" for client in clients[1:])
    assert (app.property("Result"), app.property("ExecMainStatus")) == ("success", "0")
    cut = [line for line in machine.journal(app.service).splitlines() if "cut off" in line]
    assert any(f"connections={IN_FLIGHT - 1}" in line for line in cut), cut
    assert any(f"path={app.name}/" in line for line in cut), cut
