from __future__ import annotations

import errno
import os
import socket

import pytest

from svcctl.host import addresses
from svcctl.host.addresses import Address, parse


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8007", Address("", 8007, datagram=False)),
        ("10.0.0.1:8007", Address("10.0.0.1", 8007, datagram=False)),
        ("[::1]:53/udp", Address("::1", 53, datagram=True)),
        ("10.0.0.1:5353/udp/shared", Address("10.0.0.1", 5353, datagram=True, shared=True)),
        ("/run/x.sock", Address("/run/x.sock", 0, datagram=False)),
        ("/run/odd/udp", Address("/run/odd/udp", 0, datagram=False)),
        ("/run/odd:80", Address("/run/odd:80", 0, datagram=False)),
        ("@abstract", Address("@abstract", 0, datagram=False)),
        ("0.0.0.0:%i", Address("0.0.0.0:%i", 0, datagram=False)),
    ],
)
def test_an_address_is_taken_apart(text: str, address: Address) -> None:
    """As systemd.socket(5) writes it."""
    assert parse(text) == address


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("0.0.0.0:80", "0.0.0.0:80", False),
        ("0.0.0.0:80", "127.0.0.1:80", False),
        ("127.0.0.2:80", "127.0.0.1:80", True),
        ("0.0.0.0:80", "0.0.0.0:81", True),
        ("0.0.0.0:80", "0.0.0.0:80/udp", True),
        ("0.0.0.0:80/udp/shared", "0.0.0.0:80/udp/shared", True),
        ("0.0.0.0:80/udp/shared", "127.0.0.1:80/udp", False),
        ("[::]:80", "0.0.0.0:80", True),
        ("[::]:80", "[::1]:80", False),
        ("80", "0.0.0.0:80", False),
        ("80", "[::1]:80", False),
        ("/run/x", "/run/x", False),
        ("/run/x", "/run/y", True),
        ("0.0.0.0:%i", "0.0.0.0:%i", True),
        ("/run/x-%I", "/run/x-%I", True),
        ("/run/%N", "/run/%N", False),
    ],
)
def test_two_addresses_are_known_to_go_together_or_not(one: str, other: str, together: bool) -> None:  # noqa: FBT001 (a table)
    """In both orders."""
    assert addresses.overlap(one, other) is not together
    assert addresses.overlap(other, one) is not together


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_in_use_is_noticed_with_its_holder(kind: socket.SocketKind) -> None:
    """The process is named, and the port is free again afterwards."""
    suffix = "/udp" if kind == socket.SOCK_DGRAM else ""
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}{suffix}"
        problem = addresses.obstacle(address)
        assert problem is not None
        assert problem.errno == errno.EADDRINUSE
        assert f"(pid {os.getpid()})" in addresses.holder(address)
    assert addresses.obstacle(address) is None
    assert addresses.holder(address) == ""


def test_a_shared_port_is_in_the_way_of_those_who_do_not_share() -> None:
    """And a port that is not shared in the way of those who would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{holder.getsockname()[1]}/udp"
        assert addresses.obstacle(f"{address}/shared") is None
        assert addresses.obstacle(address) is not None
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        assert addresses.obstacle(f"{address}/shared") is not None


@pytest.mark.parametrize("text", ["203.0.113.1:80", "/run/x.sock", "0.0.0.0:%i"])
def test_what_cannot_be_told_now_is_no_obstacle(text: str) -> None:
    """The machine may get that address later; paths and templates are not tried."""
    assert addresses.obstacle(text) is None
