"""Servers for datagrams."""

from __future__ import annotations

import asyncio
import pickle
import socket
import subprocess
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.datagrams.udp import UDPServer
from svcctl.application.protocol import DatagramProtocol
from svcctl.application.servers.sockets import Inherited, hand_over
from svcctl.endpoints.values import Udp, descriptor_name
from svcctl.errors import FactoryError, StartError, UsageError
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run

LOOPBACK = "127.0.0.1"


class Echoing(DatagramProtocol):
    """Returns each datagram in capitals, and keeps what happens to it."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def startProtocol(self) -> None:
        """Begin."""
        self.log.append(f"start {self.transport.getHost()[0]}")

    def stopProtocol(self) -> None:
        """End."""
        self.log.append("stop")

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: ANN401 (as in the base class)
        """Answer."""
        self.transport.write(datagram.upper(), addr)


class EchoingAsyncio(asyncio.DatagramProtocol):
    """The same over asyncio."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
        """Keep the transport."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ANN401 (as in the base class)
        """Answer."""
        self.transport.sendto(data.upper(), addr)


async def ask(address: Any, data: bytes) -> bytes:  # noqa: ANN401 (an address of any family)
    """Send a datagram and return the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(address)
        client.send(data)
        return await asyncio.to_thread(client.recv, 65536)


@pytest.mark.parametrize("protocol", [Echoing(), Echoing, EchoingAsyncio(), EchoingAsyncio])
def test_each_kind_of_protocol_serves(run: Run, protocol: Any) -> None:  # noqa: ANN401 (two kinds of protocol)
    """An object or a class, the framework's or asyncio's; again after a restart."""

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        for _ in range(2):
            await lifecycle.start(service)
            assert service.running
            assert await ask(service.address, b"hello") == b"HELLO"
            await lifecycle.stop(service)
            assert service.address is None

    run(main())


def test_a_protocol_is_told_when_its_port_opens_and_closes(run: Run) -> None:
    """The stop waits until it knows."""
    protocol = Echoing()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        await lifecycle.stop(service)

    run(main())
    assert protocol.log == ["start 127.0.0.1", "stop"]


def test_a_protocol_that_cannot_begin_fails_the_start(run: Run) -> None:
    """And is not told to end; the port is free again."""

    class Broken(Echoing):
        def startProtocol(self) -> None:
            raise ValueError("not today")

    protocol = Broken()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        with pytest.raises(StartError, match="ValueError: not today"):
            await lifecycle.start(service)
        await asyncio.sleep(0.01)
        assert not service.running
        assert service.address is None

    run(main())
    assert protocol.log == []


def test_a_datagram_that_is_too_long_is_dropped_and_logged(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """The limit is the service's."""

    async def main() -> None:
        service = UDPServer(0, Echoing(), LOOPBACK, maxPacketSize=10)
        await lifecycle.start(service)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x" * 11, service.address)
        await until(lambda: caplog.records)
        assert await ask(service.address, b"y" * 10) == b"Y" * 10
        await lifecycle.stop(service)

    run(main())
    (record,) = caplog.records
    assert record.message == "datagram dropped: too long"
    assert (vars(record)["svcctl_bytes"], vars(record)["svcctl_limit"]) == (11, 10)


def test_an_inherited_socket_serves_and_survives_a_restart(run: Run) -> None:
    """It is used by a copy, which alone is closed."""
    endpoint = Udp(1, LOOPBACK)

    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((LOOPBACK, 0))
            hand_over(Inherited([(descriptor_name(endpoint), sock)], unit="dns.service"))
            service = UDPServer(1, Echoing, LOOPBACK)
            for _ in range(2):
                await lifecycle.start(service)
                assert await ask(sock.getsockname(), b"hello") == b"HELLO"
                await lifecycle.stop(service)
            assert sock.fileno() != -1

    run(main())


def test_a_port_in_use_fails_the_start(run: Run) -> None:
    """As for streams."""

    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((LOOPBACK, 0))
            with pytest.raises(StartError, match="Address already in use") as caught:
                await lifecycle.start(UDPServer(other.getsockname()[1], Echoing, LOOPBACK))
            assert caught.value.phase == "bind"

    run(main())


def test_a_port_that_was_bound_and_never_started_is_given_back(run: Run) -> None:
    """A tree that is bound and then stopped."""

    async def main() -> None:
        service = UDPServer(0, Echoing, LOOPBACK)
        await lifecycle.bind(service)
        assert service.address is not None
        await lifecycle.stop(service)
        assert service.address is None

    run(main())


def test_a_running_server_pickles_as_a_stopped_one(run: Run) -> None:
    """Without its port."""

    async def main() -> None:
        service = UDPServer(0, Echoing, LOOPBACK)
        await lifecycle.start(service)
        again = pickle.loads(pickle.dumps(service))  # noqa: S301 (made a moment ago)
        assert (again.running, again.address) == (False, None)
        await lifecycle.stop(service)

    run(main())


def test_wrong_arguments_are_errors_where_they_are_given() -> None:
    """Not at the start."""
    with pytest.raises(FactoryError, match="is no datagram protocol") as caught:
        UDPServer(53, object())
    assert "datagramReceived" in caught.value.hint
    with pytest.raises(UsageError, match="is no port"):
        UDPServer(70000, Echoing)


def test_it_tells_where_it_listens() -> None:
    """For the manifest."""
    assert UDPServer(53, Echoing, "::1").listening_on() == (Udp(53, "::1"),)
    assert UDPServer(53, Echoing).kind == "datagram-server"


def test_ncat_is_answered(run: Run) -> None:
    """A peer that others have written."""

    async def main() -> bytes:
        service = UDPServer(0, Echoing(), LOOPBACK)
        await lifecycle.start(service)
        command = ["ncat", "--udp", LOOPBACK, str(service.address[1])]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: ASYNC220 (uvloop's own would watch its children)
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(b"hello")
        client.stdin.flush()
        answer = await asyncio.to_thread(client.stdout.read, 5)
        client.stdin.close()
        client.terminate()
        await asyncio.to_thread(client.wait)
        client.stdout.close()
        await lifecycle.stop(service)
        return answer

    assert run(main()) == b"HELLO"


@pytest.mark.parametrize("size", [0, -1, "8192", True, 1.5])
def test_a_size_that_is_none_is_an_error_where_it_is_given(size: Any) -> None:  # noqa: ANN401 (whatever is given as one)
    """Not at the start."""
    with pytest.raises(UsageError, match="is no size of datagrams"):
        UDPServer(53, Echoing, maxPacketSize=size)


def test_a_class_that_wants_arguments_is_an_error_where_it_is_given() -> None:
    """The hint says what to give instead."""

    class Named(Echoing):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    with pytest.raises(FactoryError, match="Named cannot be called without arguments") as caught:
        UDPServer(53, Named)
    assert caught.value.hint == "give an instance of it"
