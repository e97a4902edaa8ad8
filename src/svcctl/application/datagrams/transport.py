"""A datagram port as protocols of the framework see it, and the asyncio protocol that stands between the two."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from svcctl.application.address import named_address
from svcctl.application.datagrams.port import Port
from svcctl.application.servers.sockets import check_port
from svcctl.errors import FactoryError, UsageError

_log = logging.getLogger(__name__)


class DatagramTransport:
    """An open datagram port, as protocols see it.

    Args:
        transport: The port.
        inherited: The init system has the socket, too.
    """

    __slots__ = ("_inherited", "transport")

    def __init__(self, transport: Port, *, inherited: bool = False) -> None:
        self.transport = transport
        self._inherited = inherited

    def write(self, datagram: bytes, addr: Any = None) -> None:  # noqa: ANN401 (an address of any family)
        """Send a datagram.

        Args:
            datagram: The bytes; at most what the network takes.
            addr: Where to, as the socket module has it, with an IP address: no name is looked up. ``None`` on a
                connected port.

        Raises:
            UsageError: The address is none, or there is none, or the datagram is too long for the network.
            OSError: The system does not take it: no route, or a rule forbids it.
        """
        port = self.transport
        if addr is not None:
            check_address(port.sock.family, addr)
        try:
            port.send(datagram, addr)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise UsageError(
                    f"a datagram of {len(datagram)} bytes is too long for the network"
                ) from error
            if error.errno in {errno.EDESTADDRREQ, errno.ENOTCONN} and addr is None:
                raise UsageError(
                    "write() has no address", hint="give one, or connect the port first"
                ) from error
            raise

    def getHost(self) -> Any:  # noqa: ANN401 (an address of any family)
        """Return this side's address, as the socket module has it."""
        return named_address(self.transport.get_extra_info("sockname"), "UDP")

    def stopListening(self) -> Awaitable[None]:
        """Close the port once everything written has been sent.

        Returns:
            An awaitable that is done when the protocol has been told; it may be dropped.
        """
        self.transport.close()
        return asyncio.shield(self.transport.closed)

    def loseConnection(self) -> None:
        """Close the port once everything written has been sent."""
        self.transport.close()


class UDPTransport(DatagramTransport):
    """An open UDP port, as protocols see it."""

    __slots__ = ()

    def connect(self, host: str, port: int) -> None:
        """Talk to one address only: no other one's datagrams arrive, and ``connectionRefused`` tells that nobody is there.

        Raises:
            UsageError: It is no IP address and port, or the port is connected already, or the init system has the
                socket, too, and would hand it over connected to whoever comes next.
        """
        check_port(port)
        check_address(self.transport.sock.family, (host, port))
        if self.transport.peer is not None:
            raise UsageError(f"the port is connected to {self.transport.peer[0]} already")
        if self._inherited:
            raise UsageError(
                "a socket that the init system handed over cannot be connected",
                hint="use another UDPServer, with port 0, to talk to others",
            )
        self.transport.connect((host, port))

    def setBroadcastAllowed(self, enabled: bool) -> None:  # noqa: FBT001 (the framework's signature)
        """Allow to send to broadcast addresses, or not."""
        self.transport.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, enabled)

    def getBroadcastAllowed(self) -> bool:
        """Return whether sending to broadcast addresses is allowed."""
        return bool(self.transport.sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST))


def check_address(family: int, addr: Any) -> None:  # noqa: ANN401 (whatever was given as one)
    """Refuse what is no address, before the socket module looks a name up and blocks the loop.

    Raises:
        UsageError: It is no path, or no tuple that begins with an IP address of the family.
    """
    if family == getattr(socket, "AF_UNIX", None):  # Windows has none
        if isinstance(addr, str | bytes) and addr:
            return
        raise UsageError(f"{addr!r} is no address of a UNIX socket", hint="give a path")
    version = "IPv6" if family == socket.AF_INET6 else "IPv4"
    try:
        host = addr[0]
        if host == "<broadcast>" or socket.inet_pton(family, host.partition("%")[0]):
            return
    except (OSError, TypeError, LookupError, AttributeError, ValueError):
        hint = "give a tuple of address and port; look names up first, with loop.getaddrinfo()"
        raise UsageError(f"{addr!r} has no {version} address", hint=hint) from None


class Adapter(asyncio.DatagramProtocol):
    """asyncio's side of a protocol of the framework.

    Args:
        protocol: The protocol; only its methods matter, not its class.
        make_transport: Makes what the protocol sees of its port.
        connected: The protocol knows whom it talks to, and takes no addresses.
    """

    def __init__(
        self,
        protocol: Any,  # noqa: ANN401 (protocols need no common class)
        make_transport: Callable[[Port], Any],
        *,
        connected: bool = False,
    ) -> None:
        self._protocol = protocol
        self._make_transport = make_transport
        received: Callable[..., Any] = protocol.datagramReceived
        # The protocol's own method, so that nothing stands in between for each datagram.
        direct = (lambda data, _addr: received(data)) if connected else received
        self.datagram_received = direct  # type: ignore[method-assign]
        hook = getattr(protocol, "drain", None)
        if hook is not None:
            self.drain = hook

    def connection_made(self, transport: Any) -> Any:  # noqa: ANN401 (a port; what a hook of the protocol returns)
        """Hand the transport over and call ``startProtocol``."""
        present = getattr(self._protocol, "transport", None)
        if isinstance(present, DatagramTransport) and not present.transport.is_closing():
            raise FactoryError(
                f"{self._protocol!r} is on another port already",
                hint="give each service a protocol of its own",
            )
        self._protocol.transport = self._make_transport(transport)
        return self._protocol.startProtocol()

    def error_received(self, exc: Exception) -> None:
        """Tell that nobody listens at the peer; log anything else."""
        hook = getattr(self._protocol, "connectionRefused", None)
        if isinstance(exc, ConnectionRefusedError) and hook is not None:
            hook()
        else:
            _log.info("datagram not delivered", extra={"svcctl_error": str(exc)})

    def connection_lost(self, exc: Exception | None) -> Any:  # noqa: ANN401, ARG002 (what a hook of the protocol returns; asyncio's signature)
        """Call ``stopProtocol``."""
        self._protocol.transport = None
        return self._protocol.stopProtocol()
