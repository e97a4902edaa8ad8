"""Listening sockets of networks: bound here, and given back."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from svcctl.application.servers.sockets import open_socket
from svcctl.endpoints.rare import Tls
from svcctl.endpoints.values import Tcp, Tcp6, Udp
from svcctl.errors import EX_UNAVAILABLE, BindError

LOOPBACK = "127.0.0.1"


def test_a_tcp_socket_listens_and_does_not_block() -> None:
    """On the interface that was asked for."""
    listening = open_socket(Tcp(0, LOOPBACK))
    assert listening.socket.getsockname()[0] == LOOPBACK
    assert listening.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    assert listening.socket.getblocking() is False
    assert listening.socket.get_inheritable() is False
    listening.close()
    assert listening.socket.fileno() == -1


def test_tls_on_every_address_takes_ipv4_too() -> None:
    """There is no other type for that; on one address it takes that alone."""
    listening = open_socket(Tls("/certs", 0))
    try:
        assert listening.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0
        with socket.create_connection(("127.0.0.1", listening.socket.getsockname()[1])):
            listening.socket.setblocking(True)  # noqa: FBT003 (the standard library's signature)
            accepted, peer = listening.socket.accept()
            accepted.close()
        assert peer[0] == "::ffff:127.0.0.1"
    finally:
        listening.close()
    alone = open_socket(Tls("/certs", 0, interface="::1"))
    assert alone.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    alone.close()


@pytest.mark.parametrize("endpoint", [Tcp6(0, 50, "::1"), Tcp(0, "::1"), Udp(0, "::1")])
def test_an_ipv6_socket_is_for_ipv6_alone(endpoint: Tcp6 | Tcp | Udp) -> None:
    """So that the same port of IPv4 may have a listener of its own."""
    listening = open_socket(endpoint)
    assert listening.socket.family == socket.AF_INET6
    assert listening.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    listening.close()


def test_a_udp_socket_is_bound() -> None:
    """It has nothing to listen for."""
    listening = open_socket(Udp(0, LOOPBACK))
    assert listening.socket.type == socket.SOCK_DGRAM
    assert listening.socket.getsockname()[1] > 0
    listening.close()


def test_a_port_in_use_is_an_error_that_says_how_to_find_the_owner() -> None:
    """With the errno of the system and the exit status of the table."""
    with socket.create_server((LOOPBACK, 0)) as owner:
        port = owner.getsockname()[1]
        with pytest.raises(BindError) as caught:
            open_socket(Tcp(port, LOOPBACK))
    error = caught.value
    assert str(error) == f"cannot listen on tcp:{port}:interface=127.0.0.1: Address already in use"
    assert f"ss -lnp 'sport = :{port}'" in error.hint
    assert (error.errno, error.exit_status) == (errno.EADDRINUSE, EX_UNAVAILABLE)
    assert isinstance(error, OSError)


def test_an_address_of_another_machine_is_an_error_with_a_hint() -> None:
    """Perhaps its network is not up yet."""
    with pytest.raises(BindError) as caught:
        open_socket(Tcp(0, "192.0.2.1"))
    assert "no such address" in caught.value.hint


PRIVILEGED = """
import os
from svcctl.application.servers.sockets import open_socket
from svcctl.endpoints.values import Tcp
from svcctl.errors import BindError
from svcctl.endpoints.grammar import format_endpoint
os.setuid(65534)
try:
    open_socket(Tcp(1, "127.0.0.1"))
except BindError as error:
    print(error, "|", error.hint)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can become somebody who may not"
)
def test_a_privileged_port_is_an_error_that_names_systemd() -> None:
    """Which opens it without privileges for the service."""
    limit = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()
    assert int(limit) > 1
    result = subprocess.run(
        [sys.executable, "-P", "-c", PRIVILEGED], capture_output=True, text=True, check=True
    )
    said, hint = result.stdout.strip().split(" | ")
    assert said == "cannot listen on tcp:1:interface=127.0.0.1: Permission denied"
    assert "`svcctl install` has systemd open the port" in hint
