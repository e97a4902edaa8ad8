"""A service that receives datagrams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any

from svcctl.application.service import Service
from svcctl.application.sockets import Listening, check_port, open_socket
from svcctl.endpoints.values import Endpoint, Udp
from svcctl.errors import FactoryError

_log = logging.getLogger(__name__)


class UDPServer(Service):
    """Receives datagrams on a UDP port.

    Args:
        port: 0 to 65535; 0 lets the system choose.
        protocol: A ``DatagramProtocol`` of the framework, or an asyncio datagram protocol or its class.
        interface: An address or a host name; empty for every IPv4 address of the machine.
        maxPacketSize: Longer datagrams are dropped and logged; bytes.

    Raises:
        FactoryError: ``protocol`` is none of these.
        UsageError: ``port`` is no port.
    """

    kind = "datagram-server"
    _listening: Listening | None = None
    _adapter: _Adapter | None = None

    def __init__(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> None:  # noqa: ANN401 (two kinds of protocol)
        check_port(port)
        if not hasattr(protocol, "datagramReceived") and not hasattr(protocol, "datagram_received"):
            raise FactoryError(
                f"{protocol!r} is no datagram protocol",
                hint="give a DatagramProtocol with datagramReceived()",
            )
        self.endpoint = Udp(port, interface)
        self.protocol = protocol
        self.maxPacketSize = maxPacketSize

    def privilegedStartService(self) -> None:
        """Bind, or take the inherited socket."""
        self._listening = open_socket(self.endpoint)

    async def startService(self) -> None:
        """Receive."""
        if self._listening is None:
            self.privilegedStartService()
        assert self._listening is not None  # noqa: S101 (for the type checker: bound just above)
        protocol = self.protocol() if isinstance(self.protocol, type) else self.protocol
        adapter = self._adapter = _Adapter(protocol, self.maxPacketSize)
        # asyncio closes what it is given, and an inherited socket has to outlive a stop.
        sock = self._listening.socket.dup() if self._listening.inherited else self._listening.socket
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: adapter, sock=sock)
        if adapter.failure is not None:
            self._adapter = None
            transport.abort()
            raise adapter.failure
        super().startService()

    async def stopService(self) -> None:
        """Close the port."""
        adapter, self._adapter = self._adapter, None
        if adapter is not None:
            await adapter.close()
        self.release()
        super().stopService()

    def release(self) -> None:
        """Give the socket back."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.close()

    def listening_on(self) -> Sequence[Endpoint]:
        """Return the endpoint."""
        return (self.endpoint,)

    @property
    def address(self) -> Any:  # noqa: ANN401 (an address of any family)
        """The address it listens on, as the socket module has it; ``None`` while it does not."""
        return self._listening.socket.getsockname() if self._listening is not None else None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        state.pop("_listening", None)
        state.pop("_adapter", None)
        return state


class DatagramTransport:
    """An open datagram port, as protocols see it.

    Args:
        transport: The transport of asyncio underneath.
    """

    __slots__ = ("transport",)

    def __init__(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def write(self, datagram: bytes, addr: Any = None) -> None:  # noqa: ANN401 (an address of any family)
        """Send a datagram to an address."""
        self.transport.sendto(datagram, addr)

    def getHost(self) -> Any:  # noqa: ANN401 (an address of any family)
        """Return this side's address, as the socket module has it."""
        return self.transport.get_extra_info("sockname")


class _Adapter(asyncio.DatagramProtocol):
    """asyncio's side of a datagram protocol of either kind; it knows when the port is closed."""

    def __init__(self, protocol: Any, limit: int) -> None:  # noqa: ANN401 (two kinds of protocol)
        self._protocol = protocol
        self._limit = limit
        self._classic = hasattr(protocol, "datagramReceived")
        self._transport: asyncio.DatagramTransport | None = None
        self.failure: Exception | None = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (asyncio passes its own datagram transport)
        self._transport = transport
        try:
            if self._classic:
                self._protocol.transport = DatagramTransport(transport)
                self._protocol.startProtocol()
            else:
                self._protocol.connection_made(transport)
        except Exception as error:  # noqa: BLE001 (whatever it raises is the failure of the start)
            self.failure = error

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ANN401 (an address of any family)
        if len(data) > self._limit:
            _log.warning(
                "datagram dropped: too long", extra={"svcctl_bytes": len(data), "svcctl_limit": self._limit}
            )
        elif self._classic:
            self._protocol.datagramReceived(data, addr)
        else:
            self._protocol.datagram_received(data, addr)

    def error_received(self, exc: Exception) -> None:
        _log.info("datagram not delivered", extra={"svcctl_error": str(exc)})
        if not self._classic:
            self._protocol.error_received(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed.done():
            self._closed.set_result(None)
        if self.failure is not None:
            return  # what did not start is not stopped
        if self._classic:
            self._protocol.stopProtocol()
        else:
            self._protocol.connection_lost(exc)

    def close(self) -> Awaitable[None]:
        """Close the port; done when the protocol has been told."""
        if self._transport is not None:
            self._transport.close()
        return self._closed
