"""The framework's protocols and factories, over asyncio's transports.

Example:
    >>> class Shout(Protocol):
    ...     def dataReceived(self, data):
    ...         self.transport.write(data.upper())
    >>> factory = Factory.forProtocol(Shout)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from svcctl.application.clients.factory import ClientFactory, ReconnectingClientFactory

__all__ = [
    "AbstractDatagramProtocol",
    "Adapter",
    "ClientFactory",
    "ConnectedDatagramProtocol",
    "ConnectionDone",
    "DatagramProtocol",
    "Factory",
    "Protocol",
    "ReconnectingClientFactory",
    "ServerFactory",
    "Transport",
]

from svcctl.application.address import named_address

_log = logging.getLogger(__name__)

#: What is at home in another module and has its name here, too.
_ELSEWHERE = ("ClientFactory", "ReconnectingClientFactory")


class Transport:
    """One connection, as protocols see it.

    Args:
        transport: The transport of asyncio underneath.
    """

    __slots__ = ("transport", "write")

    #: Send bytes; returns at once.
    write: Callable[[bytes], None]

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.write = transport.write

    def writeSequence(self, chunks: Iterable[bytes]) -> None:
        """Send several byte strings, one after the other."""
        self.transport.writelines(chunks)

    def loseConnection(self) -> None:
        """Close the connection once everything written has been sent."""
        self.transport.close()

    def abortConnection(self) -> None:
        """Close the connection at once; what has not been sent is lost."""
        self.transport.abort()

    def getPeer(self) -> Any:  # noqa: ANN401 (an address of any family)
        """Return the other side's address: what the socket module has, with ``host`` and ``port``."""
        return named_address(self.transport.get_extra_info("peername"), "TCP")

    def getHost(self) -> Any:  # noqa: ANN401 (an address of any family)
        """Return this side's address: what the socket module has, with ``host`` and ``port``."""
        return named_address(self.transport.get_extra_info("sockname"), "TCP")


class Protocol:
    """What happens on one connection. Override the methods you need.

    Three more methods are called if a subclass has them: ``pauseProducing()`` and ``resumeProducing()`` when the
    other side takes data more slowly than it is written, and ``drain()`` when the server stops: finish what is in
    flight, then close.

    Attributes:
        factory: The factory that built it, or ``None``.
        transport: The connection, from ``connectionMade`` on.
        connected: Whether there is a connection now.
    """

    factory: Any = None
    transport: Any = None
    connected = False

    def makeConnection(self, transport: Transport) -> None:
        """Take a transport and call ``connectionMade``."""
        self.connected = True
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        """Begin; the transport is there."""

    def dataReceived(self, data: bytes) -> None:
        """Take bytes that have arrived, in pieces of any size."""

    def connectionLost(self, reason: BaseException) -> None:
        """End; ``reason`` is :class:`ConnectionDone` after an orderly close, else what went wrong."""


class ConnectionDone(ConnectionError):  # noqa: N818 (the name that users of the framework know)
    """The connection was closed in an orderly way."""


class Factory:
    """Builds the protocol of each connection and keeps what they share.

    Attributes:
        protocol: Class of the protocols, for the default ``buildProtocol``.
        numPorts: How many servers use the factory at this moment.
    """

    protocol: Callable[[], Any] | None = None
    numPorts = 0

    @classmethod
    def forProtocol(cls, protocol: Callable[[], Any], *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 (the subclass's own arguments)
        """Make a factory for a class of protocols."""
        factory = cls(*args, **kwargs)
        factory.protocol = protocol
        return factory

    def buildProtocol(self, addr: Any) -> Any:  # noqa: ANN401, ARG002 (an address and a protocol of any kind; overriders use it)
        """Return the protocol for a connection from an address; ``None`` refuses the connection."""
        if self.protocol is None:
            raise TypeError(f"{type(self).__name__} has no protocol: set its attribute or use forProtocol()")
        protocol = self.protocol()
        protocol.factory = self
        return protocol

    def doStart(self) -> None:
        """Count a server that begins to use the factory; the first calls ``startFactory``."""
        if self.numPorts == 0:
            self.startFactory()
        self.numPorts += 1

    def doStop(self) -> None:
        """Count a server that no longer uses the factory; the last calls ``stopFactory``."""
        if self.numPorts == 0:
            return
        self.numPorts -= 1
        if self.numPorts == 0:
            self.stopFactory()

    def startFactory(self) -> None:
        """Prepare, before the first server listens."""

    def stopFactory(self) -> None:
        """Clean up, after the last server has stopped."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = dict(self.__dict__)
        state.pop("numPorts", None)
        return state


class ServerFactory(Factory):
    """A factory for servers."""


class AbstractDatagramProtocol:
    """What both kinds of datagram protocols have.

    One more method is called if a subclass has it: ``drain()`` when the service stops, to finish what is in flight.
    Every method may be ``async``, except those that tell of a failure.

    Attributes:
        transport: The port, from ``startProtocol`` on.
    """

    transport: Any = None

    def startProtocol(self) -> Any:  # noqa: ANN401 (an ``async`` one returns its coroutine)
        """Begin; the port is open. Datagrams come when this is done."""

    def stopProtocol(self) -> Any:  # noqa: ANN401 (the same)
        """End; the port is closed."""

    def connectionRefused(self) -> None:
        """Learn that nobody listens at the address that the port is connected to."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = dict(self.__dict__)
        state.pop("transport", None)
        return state


class DatagramProtocol(AbstractDatagramProtocol):
    """What happens on a datagram port. Override the methods you need."""

    def datagramReceived(self, datagram: bytes, addr: Any) -> Any:  # noqa: ANN401 (an address of any family; an ``async`` one returns its coroutine)
        """Take a datagram and the address it came from."""


class ConnectedDatagramProtocol(AbstractDatagramProtocol):
    """What happens on a datagram port that talks to one server. Override the methods you need."""

    def datagramReceived(self, datagram: bytes) -> Any:  # noqa: ANN401 (an ``async`` one returns its coroutine)
        """Take a datagram of the server."""

    def connectionFailed(self, failure: BaseException) -> None:
        """Learn that there is no server; the start fails."""


class Adapter(asyncio.Protocol):
    """asyncio's side of a :class:`Protocol`.

    Args:
        protocol: The protocol; only its methods matter, not its class.
    """

    def __init__(self, protocol: Any) -> None:  # noqa: ANN401 (protocols need no common class)
        self.protocol = protocol
        self._connected = True
        # The protocol's own methods, so that nothing stands in between for each piece of data.
        self.data_received = protocol.dataReceived  # type: ignore[method-assign]
        for theirs, ours in _OPTIONAL:
            method = getattr(protocol, theirs, None)
            if method is not None:
                setattr(self, ours, method)

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (uvloop's are no instances of asyncio's classes)
        """Hand the transport over; a protocol that cannot begin loses its connection."""
        try:
            self.protocol.makeConnection(Transport(transport))
        except Exception:  # noqa: BLE001 (users' code may raise anything; it costs this connection alone)
            _log.exception("connectionMade failed; connection closed")
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol, with a reason in every case."""
        self.protocol.connected = self._connected = False
        self.protocol.connectionLost(exc or ConnectionDone("connection was closed cleanly"))

    def resume_writing(self) -> None:
        """Have the protocol go on in the next turn: asyncio's transports do not bear being closed in this one."""
        asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        hook = getattr(self.protocol, "resumeProducing", None)
        if hook is not None and self._connected:
            hook()


_OPTIONAL = (("drain", "drain"), ("pauseProducing", "pause_writing"))


def __getattr__(name: str) -> Any:  # noqa: ANN401 (classes of another module)
    # Servers have no use for the factories of clients, and start-up time is a feature.
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from svcctl.application.clients import factory as client_factory  # noqa: PLC0415 (see above)

    return getattr(client_factory, name)
