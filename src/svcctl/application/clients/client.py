"""Services that connect to a peer once."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from svcctl.application.certificates.contexts import check_context_factory
from svcctl.application.clients.connecting import Dialer
from svcctl.application.clients.connector import Connector
from svcctl.application.clients.renewing import Renewing
from svcctl.application.clients.values import tcp_client, unix_client
from svcctl.application.servers.listening import protocol_maker
from svcctl.application.service import Service
from svcctl.endpoints.clients import ClientEndpoint, SslClient, TcpClient


class Client(Renewing, Service):
    """The base of the services that connect once.

    The start begins to connect and does not wait for it: a peer that is down keeps no application from starting. How
    the attempt and the connection end is told to a ``ClientFactory``. Other factories have no hook for an attempt
    that fails, so that is a failure of the service. A connection that ends stays ended; whoever wants it back takes
    a ``ReconnectingClientFactory`` or a :class:`~svcctl.application.clients.service.ClientService`. A stop closes the
    connection and waits for its end; what is left when the time is over is cut off.

    Args:
        endpoint: Where to connect.
        factory: A ``ClientFactory`` or other ``Factory``, an ``async def handler(reader, writer)``, or an asyncio
            protocol's class or maker.
        context_source: What makes the TLS context; ``None`` for what the endpoint says.
        local_port: The port to connect from; 0 to let the system choose.

    Raises:
        FactoryError: ``factory`` is none of these.
    """

    kind = "stream-client"
    _dialer: Dialer | None = None
    _connector: Connector | None = None

    def __init__(
        self,
        endpoint: ClientEndpoint,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        context_source: Any = None,  # noqa: ANN401 (contexts need no common class)
        local_port: int = 0,
    ) -> None:
        protocol_maker(factory)  # a wrong kind is an error here, where the user's line is, not at the start
        self.endpoint = endpoint
        self.factory = factory
        self._context_source = context_source
        self._local_port = local_port

    def privilegedStartService(self) -> None:
        """Read keys and certificates while they may still be read."""
        self._dialer = self._new_dialer()
        self._dialer.renew()

    def startService(self) -> Awaitable[None] | None:
        """Begin to connect."""
        if self._dialer is None:
            self.privilegedStartService()
        assert self._dialer is not None  # noqa: S101 (for the type checker: made just above)
        connector = Connector(self.endpoint, self.factory, self._dialer, self.fail)
        connector.connect()
        self._connector = connector
        return super().startService()

    async def drain(self) -> None:
        """Ask the protocol to finish what is in flight, if it has a ``drain()``."""
        if self._connector is not None:
            await self._connector.drain()

    async def stopService(self) -> None:
        """Disconnect, and wait for the end."""
        connector, self._connector = self._connector, None
        self._dialer = None
        if connector is not None:
            await connector.close()
        super().stopService()

    def release(self) -> None:
        """Forget keys and certificates."""
        self._dialer = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._connector is not None and self._connector.state == "connected"

    def connecting_to(self) -> Sequence[ClientEndpoint]:
        """Return where the service connects, for its description."""
        return (self.endpoint,)

    def _new_dialer(self) -> Dialer:
        return Dialer(self.endpoint, self._context_source, self._local_port)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("_dialer", "_connector"):
            state.pop(name, None)
        return state


class TCPClient(Client):
    """Connects to a TCP port, over IPv4 or IPv6; see :class:`Client`.

    Args:
        host: A name or an address. All addresses of a name are tried, the next one after a quarter of a second.
        port: 1 to 65535.
        factory: As for :class:`Client`.
        timeout: Seconds until the attempt is given up; ``None`` for no limit of ours.
        bindAddress: Address of this machine to connect from, or a pair of it and a port; ``None`` lets the system
            choose.

    Raises:
        FactoryError: ``factory`` is of a wrong kind.
        UsageError: ``host``, ``port``, ``timeout`` or ``bindAddress`` cannot be right.
    """

    def __init__(
        self,
        host: str,
        port: int,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        timeout: float | None = 30,
        bindAddress: str | tuple[str, int] | None = None,
    ) -> None:
        endpoint, local_port = tcp_client(TcpClient, host, port, timeout, bindAddress)
        super().__init__(endpoint, factory, local_port=local_port)


class SSLClient(Client):
    """Connects to a TCP port and speaks TLS; see :class:`Client`.

    The server's certificate has to be for ``host``, unless the context says otherwise.

    Args:
        host: As for :class:`TCPClient`.
        port: 1 to 65535.
        factory: As for :class:`Client`.
        contextFactory: An ``ssl.SSLContext``, as :func:`svcctl.application.tls.client_context` makes it (no reload
            changes it), or an object whose ``getContext()`` returns one; it is called before the start and at a
            reload.
        timeout: As for :class:`TCPClient`; the TLS handshake is part of it.
        bindAddress: As for :class:`TCPClient`.

    Raises:
        FactoryError: ``factory`` or ``contextFactory`` is of a wrong kind.
        UsageError: ``host``, ``port``, ``timeout`` or ``bindAddress`` cannot be right.
    """

    def __init__(
        self,
        host: str,
        port: int,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        contextFactory: Any,  # noqa: ANN401 (contexts need no common class)
        timeout: float | None = 30,
        bindAddress: str | tuple[str, int] | None = None,
    ) -> None:
        check_context_factory(contextFactory, server=False)
        endpoint, local_port = tcp_client(SslClient, host, port, timeout, bindAddress)
        super().__init__(endpoint, factory, contextFactory, local_port)


class UNIXClient(Client):
    """Connects to a stream socket in the file system; see :class:`Client`.

    Args:
        address: The path.
        factory: As for :class:`Client`.
        timeout: As for :class:`TCPClient`.
        checkPID: Connect only while a server holds the lock ``ADDRESS.lock``.

    Raises:
        FactoryError: ``factory`` is of a wrong kind.
        UsageError: ``address`` or ``timeout`` cannot be right.
    """

    def __init__(
        self,
        address: str,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        timeout: float | None = 30,
        checkPID: int = 0,
    ) -> None:
        super().__init__(unix_client(address, timeout, checkPID), factory)
