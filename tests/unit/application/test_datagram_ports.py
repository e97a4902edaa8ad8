"""Datagram ports, as their protocols use them."""

from __future__ import annotations

import asyncio
import pickle
import socket
from collections.abc import Iterator
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


class Keeping(DatagramProtocol):
    """Keeps what happens to it."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.log: list[str] = []

    def datagramReceived(self, datagram: bytes, addr: Any) -> Any:  # noqa: ANN401, ARG002 (as in the base class)
        """Keep it."""
        self.got.append(datagram)

    def connectionRefused(self) -> None:
        """Keep that, too."""
        self.log.append("refused")

    def stopProtocol(self) -> Any:  # noqa: ANN401 (as in the base class)
        """End."""
        self.log.append("stop")


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """Return somebody else's port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        sock.settimeout(10)
        yield sock


def test_a_connected_port_talks_to_its_peer_alone(run: Run, peer: socket.socket) -> None:
    """What others send does not arrive; a write needs no address."""
    protocol = Keeping()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        protocol.transport.connect(*peer.getsockname())
        protocol.transport.write(b"question")
        question, address = peer.recvfrom(100)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"forged", address)
        peer.sendto(b"answer", address)
        await until(lambda: protocol.got)
        with pytest.raises(UsageError, match=r"is connected to 127\.0\.0\.1 already"):
            protocol.transport.connect(LOOPBACK, 1)
        await lifecycle.stop(service)
        assert question == b"question"

    run(main())
    assert protocol.got == [b"answer"]


def test_a_connected_port_tells_that_nobody_is_there_each_time(run: Run, peer: socket.socket) -> None:
    """And hears its peer when it is back."""
    protocol = Keeping()
    address = peer.getsockname()
    peer.close()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        protocol.transport.connect(*address)
        for times in (1, 2, 3):
            protocol.transport.write(b"hello")
            await until(lambda times=times: len(protocol.log) == times)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(address)
            again.sendto(b"back", service.address)
            await until(lambda: protocol.got)
        await lifecycle.stop(service)

    run(main())
    assert (protocol.got, protocol.log) == ([b"back"], ["refused", "refused", "refused", "stop"])


def test_an_inherited_port_is_not_connected(run: Run, peer: socket.socket) -> None:
    """Whoever came next would get it connected."""
    endpoint = Udp(1, LOOPBACK)
    protocol = Keeping()

    async def main() -> None:
        hand_over(Inherited([(descriptor_name(endpoint), peer)]))
        service = UDPServer(1, protocol, LOOPBACK)
        await lifecycle.start(service)
        with pytest.raises(UsageError, match="cannot be connected") as caught:
            protocol.transport.connect(LOOPBACK, 53)
        assert "port 0" in caught.value.hint
        await lifecycle.stop(service)

    run(main())


@pytest.mark.parametrize(
    "address", [("localhost", 53), ("::1", 53), ("", 53), (53, 53), "127.0.0.1", (), 53, (b"x", 1)]
)
def test_an_address_with_a_name_is_refused_instead_of_looked_up(run: Run, address: Any) -> None:  # noqa: ANN401 (whatever is given as one)
    """That would block the loop."""
    protocol = Keeping()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        with pytest.raises(UsageError, match="has no IPv4 address") as caught:
            protocol.transport.write(b"hello", address)
        assert "look names up first" in caught.value.hint
        await lifecycle.stop(service)

    run(main())


def test_what_cannot_be_written_is_an_error_of_the_write(run: Run) -> None:
    """No address, too long, not allowed."""
    protocol = Keeping()

    async def main() -> None:
        service = UDPServer(0, protocol)
        await lifecycle.start(service)
        transport = protocol.transport
        with pytest.raises(UsageError, match="has no address"):
            transport.write(b"hello")
        with pytest.raises(UsageError, match="70000 bytes is too long"):
            transport.write(b"x" * 70000, (LOOPBACK, 53))
        assert transport.getBroadcastAllowed() is False
        with pytest.raises(PermissionError):
            transport.write(b"hello", ("127.255.255.255", 53))
        transport.setBroadcastAllowed(True)
        assert transport.getBroadcastAllowed() is True
        transport.write(b"hello", ("127.255.255.255", 53))
        await lifecycle.stop(service)

    run(main())


def test_what_handling_a_datagram_raises_costs_that_datagram_alone(
    run: Run, peer: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, with the sender; an asynchronous handler's, too."""

    class Failing(Keeping):
        def datagramReceived(self, datagram: bytes, addr: Any) -> Any:  # noqa: ANN401 (as in the base class)
            if datagram == b"bad":
                raise ValueError("bad datagram")
            if datagram == b"worse":
                return self.fail()
            return super().datagramReceived(datagram, addr)

        async def fail(self) -> None:
            raise ValueError("worse datagram")

    protocol = Failing()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        for datagram in (b"bad", b"worse", b"good"):
            peer.sendto(datagram, service.address)
        await until(lambda: protocol.got and len(caplog.records) > 1)
        assert service.running
        await lifecycle.stop(service)

    run(main())
    assert protocol.got == [b"good"]
    assert [each.message for each in caplog.records] == ["handling a datagram failed"] * 2
    assert vars(caplog.records[0])["svcctl_peer"] == str(peer.getsockname())


def test_a_protocol_may_close_its_port_itself(run: Run, peer: socket.socket) -> None:
    """The result may be dropped; the service stops as ever, and what is written later is lost."""
    protocol = Keeping()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        for close in ("stopListening", "loseConnection"):
            await lifecycle.start(service)
            transport = protocol.transport
            getattr(transport, close)()
            assert service.address is None
            await transport.stopListening()
            transport.write(b"late", peer.getsockname())
            assert service.running
            await lifecycle.stop(service)

    run(main())
    assert protocol.log == ["stop", "stop"]
    peer.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    with pytest.raises(BlockingIOError):
        peer.recv(100)


def test_a_protocol_that_is_on_a_port_is_not_put_on_another(run: Run) -> None:
    """Its answers would leave through the wrong one."""
    protocol = Keeping()

    async def main() -> None:
        first, second = UDPServer(0, protocol, LOOPBACK), UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(first)
        with pytest.raises(StartError, match="is on another port already") as caught:
            await lifecycle.start(second)
        assert isinstance(caught.value.__cause__, FactoryError)
        await lifecycle.stop(first)
        await lifecycle.start(second)
        await lifecycle.stop(second)

    run(main())


def test_hooks_may_be_asynchronous(run: Run, peer: socket.socket) -> None:
    """Nothing is received before the start is done, and the stop waits."""

    class Careful(Keeping):
        async def startProtocol(self) -> None:
            peer.sendto(b"early", self.transport.getHost())
            await asyncio.sleep(0)
            self.log.append(f"ready, {len(self.got)} so far")

        async def stopProtocol(self) -> None:
            await asyncio.sleep(0)
            self.log.append("stopped")

    protocol = Careful()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        await until(lambda: protocol.got)
        await lifecycle.stop(service)

    run(main())
    assert (protocol.log, protocol.got) == (["ready, 0 so far", "stopped"], [b"early"])


def test_what_the_end_of_a_protocol_raises_is_the_failure_of_the_stop(run: Run) -> None:
    """The port is closed all the same."""

    class Broken(Keeping):
        def stopProtocol(self) -> None:
            raise ValueError("not now")

    async def main() -> None:
        service = UDPServer(0, Broken(), LOOPBACK)
        await lifecycle.start(service)
        with pytest.raises(ExceptionGroup) as caught:
            await lifecycle.stop(service)
        assert "ValueError: not now" in str(caught.value.exceptions[0])
        assert service.address is None

    run(main())


def test_an_asyncio_protocol_learns_of_errors_as_asyncio_tells_them(run: Run, peer: socket.socket) -> None:
    """A write never raises; the transport knows its socket and names."""
    address = peer.getsockname()
    peer.close()

    class Failing(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.errors: list[Exception] = []
            self.lost: list[Exception | None] = []

        def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
            assert transport.get_extra_info("peername") is None
            assert transport.get_extra_info("sockname")[0] == LOOPBACK
            transport.get_extra_info("socket").connect(address)
            assert transport.get_extra_info("peername") == address
            transport.sendto(b"x" * 70000)
            transport.sendto(b"hello")

        def error_received(self, exc: Exception) -> None:
            self.errors.append(exc)

        def connection_lost(self, exc: Exception | None) -> None:
            self.lost.append(exc)

    protocol = Failing()

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        await until(lambda: len(protocol.errors) > 1)
        await lifecycle.stop(service)

    run(main())
    assert [type(each) for each in protocol.errors] == [OSError, ConnectionRefusedError]
    assert protocol.lost == [None]


def test_a_protocol_on_a_port_pickles_without_it(run: Run) -> None:
    """With what it has of its own."""
    protocol = Keeping()
    protocol.got.append(b"before")

    async def main() -> None:
        service = UDPServer(0, protocol, LOOPBACK)
        await lifecycle.start(service)
        again = pickle.loads(pickle.dumps(service))  # noqa: S301 (made a moment ago)
        assert (again.protocol.transport, again.protocol.got) == (None, [b"before"])
        await lifecycle.stop(service)

    run(main())


def test_a_machine_that_cannot_read_waits_before_it_tries_again(
    run: Run, peer: socket.socket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again at once would keep the processor busy and change nothing."""
    monkeypatch.setattr("svcctl.application.datagrams.port._PAUSE", 0.0)
    protocol = Keeping()

    class Short(socket.socket):
        tries = 0

        def recvfrom_into(self, *args: Any) -> Any:  # noqa: ANN401 (as in the base class)
            self.tries += 1
            if self.tries == 1:
                raise OSError(105, "No buffer space available")
            return super().recvfrom_into(*args)

    async def main() -> None:
        with Short(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((LOOPBACK, 0))
            hand_over(Inherited([(descriptor_name(Udp(1)), sock)]))
            service = UDPServer(1, protocol)
            await lifecycle.start(service)
            peer.sendto(b"hello", sock.getsockname())
            await until(lambda: protocol.got)
            await lifecycle.stop(service)

    run(main())
    assert [each.message for each in caplog.records] == ["cannot read; waiting"]
