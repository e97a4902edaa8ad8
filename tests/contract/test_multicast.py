"""Processes that talk over multicast, in a network of their own."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.networks import inside, needs_root, tool
from tests.fakes.init import PATIENCE, FakeInit
from tests.systemd.namespace import socket_inside

pytestmark = needs_root

PORT = 7353
GROUPS = {socket.AF_INET: "239.255.17.1", socket.AF_INET6: "ff15::17:1"}

NODE = """
import os
from svcctl.application import internet, protocol, service
application = service.Application(os.environ["NODE"])
class Answering(protocol.DatagramProtocol):
    def __init__(self, group):
        self.group = group
    def startProtocol(self):
        self.transport.joinGroup(self.group)
    def datagramReceived(self, datagram, addr):
        self.transport.write(os.environ["NODE"].encode() + b" " + datagram, addr)
for group, interface in (("239.255.17.1", ""), ("ff15::17:1", "::")):
    server = internet.MulticastServer(7353, Answering(group), interface, listenMultiple=True)
    server.setServiceParent(application)
"""

# The first process makes the network: a link that knows multicast, and the ways to the groups.
NETWORK = """
"$1" link set lo up &&
"$1" link add left type veth peer name right && "$1" link set left up && "$1" link set right up &&
"$1" address add 10.17.0.1/24 dev left && "$1" route add 224.0.0.0/4 dev left &&
"$1" -6 address add fd17::1/64 dev left nodad && "$1" -6 route add multicast ff00::/8 dev left table local metric 1 || exit
shift
exec "$@"
"""


def node(name: str, folder: Path, leader: FakeInit | None = None) -> FakeInit:
    """Start a process on the application, in a new network or in that of another process."""
    home = folder / name
    home.mkdir()
    (home / "node.tac").write_text(NODE)
    runner = [sys.executable, "-P", "-m", "svcctl.runtime", "node.tac"]
    if leader is None:
        command = [tool("unshare"), "--net", tool("sh"), "-c", NETWORK, "sh", tool("ip"), *runner]
    else:
        command = [tool("nsenter"), f"--net=/proc/{leader.process.pid}/ns/net", "--", *runner]
    return FakeInit(command, home, {"NODE": name})


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[FakeInit, FakeInit]]:
    """Start two processes in one network, both on the same port."""
    with ExitStack() as stack:
        first = stack.enter_context(node("first", tmp_path))
        first.wait_for("READY", "1")
        second = stack.enter_context(node("second", tmp_path, first))
        second.wait_for("READY", "1")
        yield first, second


def ask(leader: FakeInit, family: socket.AddressFamily, answers: int) -> set[bytes]:
    """Send a datagram to the group and return what comes back from as many processes."""
    with socket_inside(leader.process.pid, family, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.sendto(b"here", (GROUPS[family], PORT))
        return {client.recv(100) for _ in range(answers)}


@pytest.mark.parametrize("family", GROUPS, ids=["IPv4", "IPv6"])
def test_two_processes_hear_one_group_on_one_port(
    nodes: tuple[FakeInit, FakeInit], family: socket.AddressFamily
) -> None:
    """Both answer; when one has stopped, the other still does."""
    first, second = nodes
    assert ask(first, family, 2) == {b"first here", b"second here"}
    assert second.stop() == 0
    assert ask(first, family, 1) == {b"first here"}
    assert first.stop() == 0


def test_a_stop_leaves_the_groups(nodes: tuple[FakeInit, FakeInit]) -> None:
    """The kernel lists those that somebody is in."""
    first, second = nodes
    members = inside(first, "ip", "maddress", "show", "dev", "left").stdout.decode()
    assert "inet  239.255.17.1 users 2" in members
    assert "inet6 ff15::17:1 users 2" in members
    second.stop()
    members = inside(first, "ip", "maddress", "show", "dev", "left").stdout.decode()
    assert "users 2" not in members
    assert "239.255.17.1" in members
    first.stop()


def test_an_inherited_socket_hears_groups_without_a_network(
    nodes: tuple[FakeInit, FakeInit], tmp_path: Path
) -> None:
    """As behind a socket unit with PrivateNetwork=yes: the socket belongs to the network it was made in."""
    first, second = nodes
    second.stop()
    with socket_inside(first.process.pid, socket.AF_INET, socket.SOCK_DGRAM) as four:
        four.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        four.bind(("", PORT))
        home = tmp_path / "third"
        home.mkdir()
        application = NODE.replace('(("239.255.17.1", ""), ("ff15::17:1", "::"))', '(("239.255.17.1", ""),)')
        (home / "node.tac").write_text(
            application.replace("joinGroup(self.group)", 'joinGroup(self.group, "left")')
        )
        runner = [sys.executable, "-P", "-m", "svcctl.runtime", "--inherit", "third.service", "node.tac"]
        environ = {"NODE": "third", "LISTEN_FDNAMES": f"udp-{PORT}"}
        with FakeInit([tool("unshare"), "--net", *runner], home, environ, [four]) as third:
            third.wait_for("READY", "1")
            assert ask(first, socket.AF_INET, 2) == {b"first here", b"third here"}
            assert third.stop() == 0
    first.stop()
