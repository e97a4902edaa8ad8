"""A service that receives datagrams sent to groups."""

from __future__ import annotations

import logging
import socket
from typing import Any

from svcctl.application.datagrams.multicast_transport import MulticastTransport
from svcctl.application.datagrams.port import Port
from svcctl.application.datagrams.udp import UDPServer
from svcctl.application.servers.sockets import Listening

_log = logging.getLogger(__name__)

# Of Linux; the socket module has no names for them. Source: ip(7), ipv6(7).
_IP_MULTICAST_ALL = 49
_IPV6_MULTICAST_ALL = 29


class MulticastServer(UDPServer):
    """Receives datagrams on a UDP port, those sent to groups it joins included.

    Groups are joined by the protocol, mostly in ``startProtocol``: ``self.transport.joinGroup("224.0.0.251")``.
    Unlike with other programs' sockets, datagrams of groups that only others on this machine joined do not arrive.

    Args:
        port: 0 to 65535; 0 lets the system choose.
        protocol: As for :class:`~svcctl.application.datagrams.udp.DatagramService`.
        interface: An address or a host name; empty for every IPv4 address of the machine, ``::`` for IPv6. A socket
            bound to the address of an interface does not hear groups.
        maxPacketSize: Longer datagrams are dropped and logged; bytes.
        listenMultiple: Others may bind the port, too, if they allow it as well; each gets a copy of what is sent to
            a group. Done with ``SO_REUSEADDR`` alone, which sockets of systemd have in any case: ``SO_REUSEPORT``
            would admit no other user's processes, and deal what is sent to one address out among all.

    Raises:
        FactoryError: ``protocol`` is no datagram protocol.
        UsageError: ``port`` is no port, or ``maxPacketSize`` no size.
    """

    def __init__(
        self,
        port: int,
        protocol: Any,  # noqa: ANN401 (two kinds of protocol)
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,  # noqa: FBT001, FBT002 (the framework's signature)
    ) -> None:
        super().__init__(port, protocol, interface, maxPacketSize)
        self.endpoint = self.endpoint.replace(shared=bool(listenMultiple))

    def _open(self) -> Listening:
        listening = super()._open()
        _hear_own_groups_only(listening.socket)
        return listening

    def _transport(self, port: Port, *, inherited: bool) -> MulticastTransport:
        return MulticastTransport(port, inherited=inherited)


def _hear_own_groups_only(sock: socket.socket) -> None:
    """Keep away what others on this machine joined; where the system cannot, it goes on as it does."""
    six = sock.family == socket.AF_INET6
    level, option = (
        (socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL) if six else (socket.IPPROTO_IP, _IP_MULTICAST_ALL)
    )
    try:
        sock.setsockopt(level, option, 0)
    except OSError as error:
        _log.debug("groups of others may be heard, too", extra={"svcctl_error": str(error)})
