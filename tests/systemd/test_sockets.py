"""Sockets that systemd opens and hands over: of each kind, told apart by name."""

from __future__ import annotations

import socket

from tests.systemd.apps import App, put
from tests.systemd.machine import Machine


def test_tcp_udp_and_unix_sockets_are_handed_over_and_each_service_gets_its_own(machine: Machine) -> None:
    """The service has no network of its own, and answers on all three."""
    app = put(machine, "kinds")
    app.install("--now")
    assert _all_answers(app) == ["tcp hello", "udp hello", "unix hello"]
    assert app.property("PrivateNetwork") == "yes"
    machine.systemctl("restart", app.name)
    assert _all_answers(app) == ["tcp hello", "udp hello", "unix hello"]


def test_a_datagram_starts_the_service(machine: Machine) -> None:
    """Only the sockets are left; the datagram that starts the service is answered."""
    app = put(machine, "kinds")
    app.install("--now")
    machine.systemctl("stop", app.service)
    assert app.property("ActiveState") == "inactive"
    assert _over_udp(app) == "udp hello"
    machine.wait_for_property(app.service, "ActiveState", "active")  # the answer may be ahead of READY


def test_the_files_of_unix_sockets_have_the_mode_of_the_endpoint_and_go_with_the_socket(
    machine: Machine,
) -> None:
    """After svcctl stop no file stays behind that nobody serves."""
    app = put(machine, "kinds")
    app.install("--now")
    path = f"/run/{app.name}-control"
    assert machine.run(["stat", "-c", "%a", path]).stdout.strip() == "600"
    machine.run(["svcctl", "stop", app.name])
    assert machine.run(["test", "-e", path], check=False).returncode == 1


def _all_answers(app: App) -> list[str]:
    """Ask over each of the three sockets."""
    return [app.ask("hello"), _over_udp(app), _over_unix(app)]


def _over_udp(app: App) -> str:
    """Send a datagram and return the answer."""
    with app.machine.socket(kind=socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", app.port))
        client.send(b"hello")
        return client.recv(100).decode()


def _over_unix(app: App) -> str:
    """Ask through the UNIX socket."""
    return app.machine.ask_unix(f"/run/{app.name}-control", b"hello").decode()
