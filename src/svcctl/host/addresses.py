"""Looks at who has an address before a service asks for it."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from typing import NamedTuple

_OF_AN_INSTANCE = re.compile("%[iI]")


class Address(NamedTuple):
    """An address that a socket unit listens on, taken apart.

    Attributes:
        host: An IP address, empty for every one of both families; a path or abstract name if ``port`` is 0.
        port: 1 to 65535, or 0.
        datagram: UDP, not TCP.
        shared: Others may have it, too, if they allow it as well (socket(7), ``SO_REUSEADDR``).
    """

    host: str
    port: int
    datagram: bool
    shared: bool = False


def parse(text: str) -> Address:
    """Take apart an address as systemd writes it (systemd.socket(5)), with what svcctl adds for datagrams.

    That is ``/udp`` after it, and ``/shared`` after that if others may have it, too.

    Example:
        >>> parse("[::1]:53/udp")
        Address(host='::1', port=53, datagram=True, shared=False)
    """
    rest = text.removesuffix("/udp/shared").removesuffix("/udp")
    datagram, shared = rest != text, text.endswith("/udp/shared")
    if rest.isdigit():
        return Address("", int(rest), datagram, shared)
    host, separator, port = rest.rpartition(":")
    if separator and port.isdigit() and not rest.startswith(("/", "@", "vsock:")):
        return Address(host.strip("[]"), int(port), datagram, shared)
    return Address(text, 0, datagram=False)


def overlap(one: str, other: str) -> bool:
    """Return whether two sockets cannot have these addresses at once.

    IPv6's wildcard leaves IPv4 alone, since socket units of ours say ``BindIPv6Only=ipv6-only``. An address with
    the name of the instance in it (``%i``, systemd.unit(5)) is not known before that instance starts, so it is
    taken from nobody.
    """
    if _OF_AN_INSTANCE.search(one) or _OF_AN_INSTANCE.search(other):
        return False
    a, b = parse(one), parse(other)
    if a.port == 0 or b.port == 0:
        return a.host == b.host and a.port == b.port
    if (a.port, a.datagram) != (b.port, b.datagram) or (a.shared and b.shared):
        return False
    return a.host == b.host or "" in {a.host, b.host} or (_is_ipv6(a) == _is_ipv6(b) and _any(a) | _any(b))


def obstacle(text: str) -> OSError | None:
    """Try to bind an address and return what the system says against it; ``None`` if nothing.

    Paths are not tried: systemd removes what a dead server left there.
    """
    address = parse(text)
    if address.port == 0:
        return None
    family = socket.AF_INET6 if _is_ipv6(address) else socket.AF_INET
    kind = socket.SOCK_DGRAM if address.datagram else socket.SOCK_STREAM
    try:
        with socket.socket(family, kind) as probe:
            if not address.datagram or address.shared:
                # As systemd does: connections that are just ending, and those who share, are no obstacle.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address.host, address.port))
            if not address.datagram:
                # Two sockets may be bound with SO_REUSEADDR; only one may listen.
                probe.listen(1)
    except OSError as error:
        # An address that this machine does not have may come later, with its network.
        return error if error.errno in {errno.EADDRINUSE, errno.EACCES} else None
    return None


def holder(text: str) -> str:
    """Return ``NAME (pid N)`` of the process that has an address, empty if that cannot be seen."""
    import psutil  # noqa: PLC0415 (only needed once something is wrong)

    wanted = parse(text)
    try:
        connections = psutil.net_connections("udp" if wanted.datagram else "tcp")
    except (psutil.Error, OSError):
        return ""
    for connection in connections:
        local = connection.laddr
        if not local or local.port != wanted.port or not connection.pid:
            continue
        if wanted.datagram or connection.status == psutil.CONN_LISTEN:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.Error:
                continue
    return ""


def _is_ipv6(address: Address) -> bool:
    return ":" in address.host


def _any(address: Address) -> bool:
    try:
        return ipaddress.ip_address(address.host).is_unspecified
    except ValueError:
        return False
