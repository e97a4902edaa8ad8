"""Services that receive datagrams."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import Sequence
from typing import Any

from svcctl.application.datagrams.port import Port
from svcctl.application.datagrams.transport import Adapter, DatagramTransport, UDPTransport
from svcctl.application.servers.sockets import Listening, check_port, open_socket
from svcctl.application.service import Service
from svcctl.endpoints.values import Endpoint, Udp
from svcctl.errors import FactoryError, UsageError


class DatagramService(Service):
    """The base of all that have a datagram socket; use one of its subclasses.

    What ``datagramReceived`` raises is logged and costs that datagram alone. If it is ``async``, it runs by itself;
    while it does, the datagram is in flight, and not more than 1024 are: the others wait in the socket's buffer.
    While it stops, the service takes no more datagrams (those that have arrived at a socket of its own are still
    handled), asks a protocol that has a ``drain()`` to finish, waits for what is in flight and for what has been
    written; what is left when the time is over is cancelled or dropped. The port stays open for answers until then.

    Args:
        protocol: A ``DatagramProtocol`` of the framework, or an asyncio datagram protocol, or the class of one.
        maxPacketSize: Longer datagrams are dropped and logged; bytes.

    Raises:
        FactoryError: ``protocol`` is none of these.
        UsageError: ``maxPacketSize`` is no size.
    """

    kind = "datagram-server"
    _listening: Listening | None = None
    _port: Port | None = None
    #: What arrives while it stops are answers to what is in flight, not new work.
    _hears_answers = False
    #: Its protocols know whom they talk to: ``datagramReceived`` takes no address.
    _knows_its_peer = False

    def __init__(self, protocol: Any, maxPacketSize: int) -> None:  # noqa: ANN401 (two kinds of protocol)
        _check_protocol(protocol)
        _check_size(maxPacketSize)
        self.protocol = protocol
        self.maxPacketSize = maxPacketSize

    def _open(self) -> Listening:
        """Return the socket."""
        return open_socket(self.listening_on()[0])

    def _make_port(self, sock: socket.socket) -> Port:
        """Put the socket on the loop."""
        return Port(sock, self.maxPacketSize, self.release)

    def _transport(self, port: Port, *, inherited: bool) -> DatagramTransport:
        """Return what a protocol of the framework sees of the port."""
        return DatagramTransport(port, inherited=inherited)

    def privilegedStartService(self) -> None:
        """Bind, or take the inherited socket."""
        self._listening = self._open()

    async def startService(self) -> None:
        """Receive."""
        if self._listening is None:
            self.privilegedStartService()
        assert self._listening is not None  # noqa: S101 (for the type checker: bound just above)
        listening = self._listening
        port = self._port = self._make_port(listening.socket)
        try:
            await port.begin(self._adapted(inherited=listening.inherited))
        except BaseException:
            self._port = None
            port.abort()
            raise
        super().startService()

    def _adapted(self, *, inherited: bool) -> asyncio.DatagramProtocol:
        protocol: Any = self.protocol() if isinstance(self.protocol, type) else self.protocol
        if not hasattr(protocol, "datagramReceived"):
            return protocol  # type: ignore[no-any-return]  # it is an asyncio protocol, by its methods
        return Adapter(
            protocol,
            lambda port: self._transport(port, inherited=inherited),
            connected=self._knows_its_peer,
        )

    async def drain(self) -> None:
        """Take no more datagrams and wait for those in flight; cancelled, cut them off."""
        if self._port is not None:
            own = self._listening is None or not self._listening.stays
            await self._port.drain(last_call=own, read_on=self._hears_answers)

    async def stopService(self) -> None:
        """Close the port."""
        port, self._port = self._port, None
        try:
            if port is not None:
                await port.stop()
        finally:
            self.release()
            super().stopService()

    def release(self) -> None:
        """Give the socket back."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.close()

    @property
    def address(self) -> Any:  # noqa: ANN401 (an address of any family)
        """Its own address, as the socket module has it; ``None`` while it has none."""
        return self._listening.socket.getsockname() if self._listening is not None else None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("_listening", "_port"):
            state.pop(name, None)
        return state


class UDPServer(DatagramService):
    """Receives datagrams on a UDP port.

    Args:
        port: 0 to 65535; 0 lets the system choose.
        protocol: As for :class:`DatagramService`.
        interface: An address or a host name; empty for every IPv4 address of the machine.
        maxPacketSize: Longer datagrams are dropped and logged; bytes.

    Raises:
        FactoryError: ``protocol`` is no datagram protocol.
        UsageError: ``port`` is no port, or ``maxPacketSize`` no size.
    """

    def __init__(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> None:  # noqa: ANN401 (two kinds of protocol)
        check_port(port)
        super().__init__(protocol, maxPacketSize)
        self.endpoint = Udp(port, interface)

    def _transport(self, port: Port, *, inherited: bool) -> DatagramTransport:
        return UDPTransport(port, inherited=inherited)

    def listening_on(self) -> Sequence[Endpoint]:
        """Return the endpoint."""
        return (self.endpoint,)


def _check_size(size: object) -> None:
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise UsageError(f"{size!r} is no size of datagrams", hint="give a number of bytes")


def _check_protocol(protocol: Any) -> None:  # noqa: ANN401 (whatever was given as one)
    if not hasattr(protocol, "datagramReceived") and not hasattr(protocol, "datagram_received"):
        raise FactoryError(
            f"{protocol!r} is no datagram protocol", hint="give a DatagramProtocol with datagramReceived()"
        )
    if not isinstance(protocol, type):
        return
    try:
        inspect.signature(protocol).bind()
    except TypeError as error:
        raise FactoryError(
            f"{protocol.__name__} cannot be called without arguments: {error}", hint="give an instance of it"
        ) from None
    except ValueError:  # it is written in C and does not say what it takes
        return
