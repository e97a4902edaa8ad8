"""Services of the network and of time.

Example:
    >>> from svcctl.application.service import Application
    >>> application = Application("echo")
    >>> async def echo(reader, writer):
    ...     while data := await reader.read(65536):
    ...         writer.write(data)
    >>> _ = TCPServer(8007, echo).setServiceParent(application)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from svcctl.application.servers.listening import Acceptor, Connection, protocol_maker
from svcctl.application.servers.sockets import Listening, check_backlog, check_path, check_port, open_socket
from svcctl.application.service import Service
from svcctl.endpoints.values import Endpoint, Systemd, Tcp, Tcp6, Unix, unwrapped
from svcctl.errors import UsageError

if TYPE_CHECKING:
    from svcctl.application.backoff import backoffPolicy
    from svcctl.application.clients.client import SSLClient, TCPClient, UNIXClient
    from svcctl.application.clients.service import ClientService
    from svcctl.application.cooperator import CooperatorService
    from svcctl.application.datagrams.multicast import MulticastServer
    from svcctl.application.datagrams.udp import UDPServer
    from svcctl.application.datagrams.unix import UNIXDatagramClient, UNIXDatagramServer
    from svcctl.application.servers.tls_server import SSLServer
    from svcctl.application.task import TaskService
    from svcctl.application.timer import TimerService

__all__ = [
    "ClientService",
    "CooperatorService",
    "MulticastServer",
    "SSLClient",
    "SSLServer",
    "StreamServerEndpointService",
    "TCPClient",
    "TCPServer",
    "TaskService",
    "TimerService",
    "UDPServer",
    "UNIXClient",
    "UNIXDatagramClient",
    "UNIXDatagramServer",
    "UNIXServer",
    "backoffPolicy",
]

#: The services of other modules, which have their home here, too, under the names that users know.
_ELSEWHERE = {
    "ClientService": "clients.service",
    "SSLClient": "clients.client",
    "TCPClient": "clients.client",
    "UNIXClient": "clients.client",
    "backoffPolicy": "backoff",
    "SSLServer": "servers.tls_server",
    "CooperatorService": "cooperator",
    "TaskService": "task",
    "TimerService": "timer",
    "UDPServer": "datagrams.udp",
    "MulticastServer": "datagrams.multicast",
    "UNIXDatagramClient": "datagrams.unix",
    "UNIXDatagramServer": "datagrams.unix",
}


class StreamServerEndpointService(Service):
    """Listens on an endpoint and serves each connection.

    A failure to bind is a failure of the start. While it stops, it accepts no more, asks the protocols that have a
    ``drain()`` to finish, and waits for every connection to end; what is left when the time is over is cut off.

    Args:
        endpoint: An endpoint's value or description; no datagrams.
        factory: A ``Factory``, an ``async def handler(reader, writer)``, or an asyncio protocol's class or maker.

    Raises:
        FactoryError: ``factory`` is none of these.
        EndpointError: The description does not parse.
        UsageError: No connections are accepted there: it is for datagrams, or standard input and output.
    """

    kind = "stream-server"
    _listening: Listening | None = None
    _acceptor: Acceptor | None = None
    _tls: Any = None
    _accepted_before = 0

    def __init__(self, endpoint: Endpoint | str, factory: Any) -> None:  # noqa: ANN401 (three kinds of factory)
        if isinstance(endpoint, str):
            from svcctl.endpoints.descriptions import resolve_endpoint  # noqa: PLC0415 (most servers give values)

            endpoint = resolve_endpoint(endpoint)
        if not endpoint.accepts:
            raise UsageError(f"{endpoint} accepts no connections", hint="use strports.service")
        protocol_maker(factory)  # a wrong kind is an error here, where the user's line is, not at the start
        self.endpoint = endpoint
        self.factory = factory

    def privilegedStartService(self) -> None:
        """Bind, or take the inherited socket; read the key of a TLS server while it may still be read."""
        source = self._context_source()
        if source is not None:
            from svcctl.application.tls import CurrentContext  # noqa: PLC0415 (only for TLS)

            self._tls = CurrentContext(source)
        self._listening = open_socket(self.endpoint)

    def startService(self) -> Awaitable[None] | None:
        """Accept."""
        if self._listening is None:
            self.privilegedStartService()
        assert self._listening is not None  # noqa: S101 (for the type checker: bound just above)
        _call_if_there(self.factory, "doStart")
        acceptor = Acceptor if unwrapped(self.endpoint) is self.endpoint else _proxy_acceptor()
        self._acceptor = acceptor(self._listening.socket, protocol_maker(self.factory), self._tls, self.path)
        self._acceptor.start()
        return super().startService()

    async def drain(self) -> None:
        """Accept no more and wait until every connection is over; cancelled, cut off what is left.

        A socket of our own is closed at once, so that clients are refused instead of waiting for nobody; before
        that, those who wait already are accepted. One that others have, too, goes on to queue them for whoever
        comes next.
        """
        if self._acceptor is None:
            return
        if self._listening is not None and not self._listening.stays:
            self._acceptor.last_call()
            self.release()
        await self._acceptor.drain()

    def stopService(self) -> Awaitable[None] | None:
        """Close the port, after a drain if there are connections still."""
        if self._acceptor is not None and self._acceptor.connections:
            return self._drain_and_close()
        return self._close()

    async def _drain_and_close(self) -> None:
        try:
            await self.drain()
        finally:
            self._close()

    @property
    def check_reload(self) -> Callable[[], None] | None:
        """How to read certificates again and try them; ``None`` if there are none to be read."""
        return self._for_tls("check")

    @property
    def reload(self) -> Callable[[], None] | None:
        """How to use them for connections from then on; the same."""
        return self._for_tls("apply")

    @property
    def revert_reload(self) -> Callable[[], None] | None:
        """How to go back to those before; the same."""
        return self._for_tls("revert")

    def _for_tls(self, step: str) -> Callable[[], None] | None:
        if not hasattr(self._context_source(), "getContext"):
            return None
        return getattr(self._tls, step, None) or (lambda: None)

    def _context_source(self) -> Any:  # noqa: ANN401 (contexts need no common class)
        """Return what makes the TLS context, ``None`` for a server without TLS."""
        endpoint = unwrapped(self.endpoint)
        if isinstance(endpoint, Tcp | Tcp6 | Unix | Systemd):
            return None
        from svcctl.application.tls import source_of  # noqa: PLC0415 (only for TLS)

        return source_of(endpoint)

    def _close(self) -> Awaitable[None] | None:
        if self._acceptor is not None:
            self._acceptor.stop()
            self._accepted_before += self._acceptor.accepted
            self._acceptor = None
            _call_if_there(self.factory, "doStop")
        self.release()
        return super().stopService()

    def release(self) -> None:
        """Give the socket back, and forget the key."""
        self._tls = None
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.close()

    def listening_on(self) -> Sequence[Endpoint]:
        """Return the endpoint."""
        return (self.endpoint,)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._acceptor.connections) if self._acceptor is not None else 0

    @property
    def accepted(self) -> int:
        """How many connections there have been since the process began."""
        return self._accepted_before + (self._acceptor.accepted if self._acceptor is not None else 0)

    def open_connections(self) -> tuple[Connection, ...]:
        """Return the sockets of the connections that are open."""
        return tuple(self._acceptor.connections) if self._acceptor is not None else ()

    @property
    def address(self) -> Any:  # noqa: ANN401 (an address of any family)
        """The address it listens on, as the socket module has it; ``None`` while it does not."""
        return self._listening.socket.getsockname() if self._listening is not None else None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("_listening", "_acceptor", "_tls", "_accepted_before"):
            state.pop(name, None)
        return state


class TCPServer(StreamServerEndpointService):
    """Listens on a TCP port over IPv4, or over IPv6 if the interface is such an address.

    Args:
        port: 0 to 65535; 0 lets the system choose.
        factory: As for :class:`StreamServerEndpointService`.
        backlog: How many connections may wait to be accepted.
        interface: An address or a host name; empty for every IPv4 address of the machine.
    """

    def __init__(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> None:  # noqa: ANN401 (three kinds of factory)
        check_port(port)
        check_backlog(backlog)
        endpoint = Tcp6(port, backlog, interface) if ":" in interface else Tcp(port, interface, backlog)
        super().__init__(endpoint, factory)


class UNIXServer(StreamServerEndpointService):
    """Listens on a stream socket in the file system; a stale one is replaced.

    Args:
        address: The path, at most 107 bytes.
        factory: As for :class:`StreamServerEndpointService`.
        backlog: How many connections may wait to be accepted.
        mode: Permission bits of the socket.
        wantPID: Hold the lock ``ADDRESS.lock`` for as long as it listens, so that clients can ask for it.

    Raises:
        UsageError: ``address`` is no path, or ``mode`` no mode.
    """

    def __init__(
        self,
        address: str,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: int = 0,
    ) -> None:
        check_path(address, mode)
        check_backlog(backlog)
        super().__init__(Unix(address, mode, backlog, bool(wantPID)), factory)


def _proxy_acceptor() -> type[Acceptor]:
    from svcctl.application.servers.proxy import ProxyAcceptor  # noqa: PLC0415 (only behind a proxy)

    return ProxyAcceptor


def _call_if_there(factory: Any, hook: str) -> None:  # noqa: ANN401 (three kinds of factory)
    method = getattr(factory, hook, None)
    if method is not None:
        method()


def __getattr__(name: str) -> Any:  # noqa: ANN401 (classes of several modules)
    # These load when somebody names them: most applications need few of them, and start-up time is a feature.
    module = _ELSEWHERE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 (see above)

    return getattr(import_module(f"svcctl.application.{module}"), name)
