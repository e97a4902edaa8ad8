"""How datagram ports end: what is in flight is finished, or cut off."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.datagrams.udp import UDPServer
from svcctl.application.protocol import DatagramProtocol
from svcctl.application.servers.sockets import Inherited, hand_over
from svcctl.endpoints.values import Udp, descriptor_name
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run

LOOPBACK = "127.0.0.1"


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """Return somebody else's port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        sock.settimeout(10)
        yield sock


class Slow(DatagramProtocol):
    """Takes its time for each datagram, and answers."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.log: list[str] = []
        self.ready = asyncio.Event()
        self.drains = 0

    async def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: ANN401 (as in the base class)
        """Answer when it is time."""
        self.got.append(datagram)
        await self.ready.wait()
        self.transport.write(datagram.upper(), addr)

    def stopProtocol(self) -> None:
        """End."""
        self.log.append("stop")

    async def drain(self) -> None:
        """Finish."""
        self.drains += 1
        self.ready.set()


def test_a_stop_finishes_what_is_in_flight(run: Run, peer: socket.socket) -> None:
    """What has arrived is handled, too, and everybody gets an answer."""

    async def main() -> Slow:
        protocol = Slow()
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        peer.sendto(b"one", service.address)
        await until(lambda: protocol.got)
        peer.sendto(b"two", service.address)
        await lifecycle.stop(service)
        return protocol

    protocol = run(main())
    assert {peer.recv(100), peer.recv(100)} == {b"ONE", b"TWO"}
    assert (protocol.drains, protocol.log) == (1, ["stop"])


def test_what_is_not_finished_in_time_is_cut_off_and_logged(
    run: Run, peer: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    """The stop takes no longer than it may."""

    class Endless(Slow):
        async def drain(self) -> None:
            """Do not finish."""

    async def main() -> Slow:
        protocol = Endless()
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        peer.sendto(b"one", service.address)
        await until(lambda: protocol.got)
        await lifecycle.stop(service, 0.1)
        return protocol

    assert run(main()).log == ["stop"]
    (record,) = [each for each in caplog.records if each.message == "datagrams cut off"]
    assert (vars(record)["svcctl_handled"], vars(record)["svcctl_unsent"]) == (1, 0)


def test_what_arrives_at_an_inherited_socket_while_it_stops_is_left_for_the_next(
    run: Run, peer: socket.socket
) -> None:
    """The socket's buffer keeps it."""
    endpoint = Udp(1, LOOPBACK)

    class Late(Slow):
        async def drain(self) -> None:
            """Finish, while another one arrives."""
            peer.sendto(b"two", self.transport.getHost())
            await super().drain()

    async def main() -> Slow:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((LOOPBACK, 0))
            hand_over(Inherited([(descriptor_name(endpoint), sock)]))
            protocol = Late()
            service = UDPServer(1, protocol, LOOPBACK)
            await lifecycle.start(service)
            peer.sendto(b"one", sock.getsockname())
            await until(lambda: protocol.got)
            await lifecycle.stop(service)
            assert sock.recv(100) == b"two"
            return protocol

    assert run(main()).got == [b"one"]


def test_no_more_are_in_flight_than_there_may_be(
    run: Run, peer: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others wait in the socket's buffer."""
    monkeypatch.setattr("svcctl.application.datagrams.port._MOST_IN_FLIGHT", 2)

    async def main() -> None:
        protocol = Slow()
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        for number in range(5):
            peer.sendto(b"%d" % number, service.address)
        await until(lambda: len(protocol.got) == 2)
        await asyncio.sleep(0)
        assert len(protocol.got) == 2
        protocol.ready.set()
        await until(lambda: len(protocol.got) == 5)
        await lifecycle.stop(service)

    run(main())
