"""Datagrams sent to groups, over the loopback interface."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.internet import MulticastServer
from svcctl.application.protocol import DatagramProtocol
from svcctl.application.servers.sockets import Inherited, hand_over
from svcctl.endpoints.values import Udp, descriptor_name
from svcctl.errors import BindError, StartError, UsageError
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run

LOOPBACK = "127.0.0.1"
GROUP = "239.255.17.1"
OTHER = "239.255.17.2"
GROUP6 = "ff12::17:1"


class Listening(DatagramProtocol):
    """Keeps what it gets; joins a group if it is given one."""

    def __init__(self, group: str = "", interface: str = "") -> None:
        self.group = group
        self.interface = interface
        self.got: list[bytes] = []

    def startProtocol(self) -> None:
        """Join."""
        if self.group:
            self.transport.joinGroup(self.group, self.interface)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: ANN401, ARG002 (as in the base class)
        """Keep it."""
        self.got.append(datagram)


def send(data: bytes, group: str, port: int) -> None:
    """Send a datagram to a group through the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        sender.sendto(data, (group, port))


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """Return a socket of somebody else that has joined the other group."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        membership = struct.pack("=4s4s", socket.inet_aton(OTHER), socket.inet_aton(LOOPBACK))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        yield sock


@pytest.mark.parametrize("interface", [LOOPBACK, "lo", "1"])
def test_a_group_that_is_joined_is_heard_until_it_is_left(run: Run, interface: str) -> None:
    """The interface is given by address, name or index; what is awaited is done at once."""
    protocol = Listening()

    async def main() -> None:
        service = MulticastServer(0, protocol)
        await lifecycle.start(service)
        port = service.address[1]
        await protocol.transport.joinGroup(GROUP, interface)
        send(b"one", GROUP, port)
        await until(lambda: protocol.got == [b"one"])
        await protocol.transport.leaveGroup(GROUP, interface)
        send(b"two", GROUP, port)
        protocol.transport.write(b"three", (LOOPBACK, port))
        await until(lambda: len(protocol.got) > 1)
        await lifecycle.stop(service)

    run(main())
    assert protocol.got == [b"one", b"three"]


def joined6() -> bool:
    """Return whether somebody has joined the IPv6 group, as the kernel tells."""
    packed = socket.inet_pton(socket.AF_INET6, GROUP6)
    return packed.hex() in Path("/proc/net/igmp6").read_text()


@pytest.mark.parametrize(("group", "interface"), [(GROUP6, "lo"), (GROUP6, "1"), (f"{GROUP6}%lo", "")])
def test_a_group_of_ipv6_is_joined_until_it_is_left(run: Run, group: str, interface: str) -> None:
    """The interface is given by name or index, or stands in the address; a stop leaves the group, too."""
    protocol = Listening(group, interface)

    async def main() -> None:
        service = MulticastServer(0, protocol, "::")
        await lifecycle.start(service)
        assert joined6()
        await protocol.transport.leaveGroup(group, interface)
        assert not joined6()
        await protocol.transport.joinGroup(group, interface)
        assert joined6()
        await lifecycle.stop(service)
        assert not joined6()

    run(main())


def test_what_others_have_joined_is_not_heard(run: Run, stranger: socket.socket) -> None:
    """As the system would have it, unless told otherwise."""
    protocol = Listening(GROUP, LOOPBACK)

    async def main() -> None:
        assert stranger.fileno() != -1
        service = MulticastServer(0, protocol)
        await lifecycle.start(service)
        send(b"theirs", OTHER, service.address[1])
        send(b"ours", GROUP, service.address[1])
        await until(lambda: protocol.got)
        await lifecycle.stop(service)

    run(main())
    assert protocol.got == [b"ours"]


def test_several_may_listen_if_all_of_them_allow_it(run: Run) -> None:
    """Each gets what is sent to the group."""
    first, second = Listening(GROUP, LOOPBACK), Listening(GROUP, LOOPBACK)

    async def main() -> None:
        one = MulticastServer(0, first, listenMultiple=True)
        await lifecycle.start(one)
        port = one.address[1]
        two = MulticastServer(port, second, listenMultiple=True)
        await lifecycle.start(two)
        send(b"all", GROUP, port)
        await until(lambda: first.got and second.got)
        with pytest.raises(StartError, match="Address already in use"):
            await lifecycle.start(MulticastServer(port, Listening()))
        await lifecycle.stop(two)
        await lifecycle.stop(one)

    run(main())
    assert (first.got, second.got) == ([b"all"], [b"all"])


def test_groups_are_left_at_the_stop(run: Run) -> None:
    """An inherited socket stays open, and must not go on to fill up with what they get."""
    endpoint = Udp(1)
    protocol = Listening(GROUP, LOOPBACK)

    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("", 0))
            port = sock.getsockname()[1]
            hand_over(Inherited([(descriptor_name(endpoint), sock)], unit="mdns.service"))
            service = MulticastServer(1, protocol)
            for times in (1, 2):
                await lifecycle.start(service)
                send(b"hello", GROUP, port)
                await until(lambda times=times: len(protocol.got) == times)
                await lifecycle.stop(service)
            send(b"late", GROUP, port)
            with pytest.raises(BlockingIOError):
                sock.recv(100)

    run(main())


@pytest.mark.parametrize(
    ("interface", "group"),
    [
        ("", "10.0.0.1"),
        ("", "example.org"),
        ("", GROUP6),
        ("", ""),
        ("", 224),
        ("::", GROUP),
        ("::", "fe80::1"),
    ],
)
def test_an_address_that_is_no_groups_is_an_error(run: Run, interface: str, group: Any) -> None:  # noqa: ANN401 (whatever is given as one)
    """It fails the start if it is joined there, and nothing is left bound."""

    async def main() -> None:
        class Joining(DatagramProtocol):
            def startProtocol(self) -> None:
                self.transport.joinGroup(group)

        service = MulticastServer(0, Joining, interface)
        with pytest.raises(StartError, match="is no multicast address of IPv") as caught:
            await lifecycle.start(service)
        assert isinstance(caught.value.__cause__, UsageError)
        assert "such as" in caught.value.hint
        assert service.address is None

    run(main())


def test_what_cannot_be_joined_is_an_error_with_a_hint(run: Run) -> None:
    """No interface, twice the same, never joined."""
    protocol = Listening(GROUP, LOOPBACK)

    async def main() -> None:
        service = MulticastServer(0, protocol)
        await lifecycle.start(service)
        transport = protocol.transport
        with pytest.raises(BindError, match=r"the group 239\.255\.17\.2: No such device") as caught:
            transport.joinGroup(OTHER, "192.0.2.1")
        assert "give an interface" in caught.value.hint
        for interface in ("eth99", "x" * 16, "l\0", -1, 0, 2**40, None, "::1"):
            with pytest.raises(UsageError, match="there is no network interface '"):
                transport.joinGroup(OTHER, interface)
        with pytest.raises(BindError):
            transport.joinGroup(OTHER, 2**31 - 1)
        with pytest.raises(BindError) as caught:
            transport.joinGroup(GROUP, LOOPBACK)
        assert "joined already" in caught.value.hint
        with pytest.raises(UsageError, match="has not been joined"):
            transport.leaveGroup(OTHER, LOOPBACK)
        await lifecycle.stop(service)

    run(main())


@pytest.mark.parametrize(
    ("interface", "chosen", "got"),
    [("", LOOPBACK, LOOPBACK), ("", "lo", socket.inet_ntoa(bytes(4))), ("::", "lo", 1), ("::", 1, 1)],
)
def test_how_datagrams_leave_is_the_protocols_choice(
    run: Run,
    interface: str,
    chosen: Any,  # noqa: ANN401 (a name, an address or an index)
    got: Any,  # noqa: ANN401 (an address or an index)
) -> None:
    """How far, whether they come back, and through which interface."""
    protocol = Listening()

    async def main() -> None:
        service = MulticastServer(0, protocol, interface)
        await lifecycle.start(service)
        transport = protocol.transport
        assert (transport.getTTL(), transport.getLoopbackMode()) == (1, True)
        transport.setTTL(5)
        transport.setLoopbackMode(False)
        assert (transport.getTTL(), transport.getLoopbackMode()) == (5, False)
        await transport.setOutgoingInterface(chosen)
        assert transport.getOutgoingInterface() == got
        for unknown in ("eth99", "192.0.2.1"):
            with pytest.raises(UsageError, match="no network interface"):
                transport.setOutgoingInterface(unknown)
        for ttl in (-1, 256, "1", True):
            with pytest.raises(UsageError, match="no number of networks"):
                transport.setTTL(ttl)
        await lifecycle.stop(service)

    run(main())


def test_an_asyncio_protocol_hears_groups_through_the_socket(run: Run) -> None:
    """It has asyncio's transport, which knows nothing of them."""

    class Hearing(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.got: list[bytes] = []

        def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
            membership = struct.pack("=4s4s", socket.inet_aton(GROUP), socket.inet_aton(LOOPBACK))
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)

        def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ANN401, ARG002 (as in the base class)
            self.got.append(data)

    protocol = Hearing()

    async def main() -> None:
        service = MulticastServer(0, protocol)
        await lifecycle.start(service)
        send(b"hello", GROUP, service.address[1])
        await until(lambda: protocol.got)
        await lifecycle.stop(service)

    run(main())


def test_it_is_a_datagram_server_for_the_manifest() -> None:
    """Whether others may have the port is a fact about the application: an installer has to know."""
    shared = MulticastServer(5353, Listening, listenMultiple=True)
    assert (shared.kind, shared.listening_on()) == ("datagram-server", (Udp(5353, shared=True),))
    assert MulticastServer(5353, Listening).listening_on() == (Udp(5353),)
