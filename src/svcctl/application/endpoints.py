"""The framework's names for endpoints.

The first argument of each was the reactor; it is taken and not looked at. What they return is what
:class:`~svcctl.application.internet.StreamServerEndpointService` and
:class:`~svcctl.application.clients.service.ClientService` take.

Example:
    >>> TCP4ServerEndpoint(None, 8007, interface="127.0.0.1")
    Tcp(port=8007, interface='127.0.0.1', backlog=50)
    >>> TCP4ClientEndpoint(None, "example.org", 80)
    TcpClient(host='example.org', port=80, timeout=30, bindAddress='')
"""

from __future__ import annotations

from typing import Any

from svcctl.application.clients.connecting import Dialer, client_endpoint
from svcctl.application.clients.link import Link
from svcctl.application.clients.values import tcp_client, unix_client
from svcctl.application.protocol import Adapter
from svcctl.application.servers.sockets import check_port
from svcctl.application.tls import Certificate
from svcctl.endpoints.client_descriptions import resolve_client
from svcctl.endpoints.clients import TcpClient, UnixClient
from svcctl.endpoints.descriptions import resolve_endpoint
from svcctl.endpoints.grammar import quote
from svcctl.endpoints.values import Endpoint, Ssl, Tcp, Tcp6, Unix
from svcctl.errors import FactoryError, UsageError


def serverFromString(reactor: object, description: str) -> Endpoint:  # noqa: ARG001 (see above)
    """Return the endpoint to listen on from its description.

    Raises:
        EndpointError: It does not parse.
    """
    return resolve_endpoint(description)


def clientFromString(reactor: object, description: str) -> Any:  # noqa: ANN401, ARG001 (what a plug-in returns; see above)
    """Return the endpoint to connect to from its description: a value, or the object of a plug-in.

    Raises:
        EndpointError: It does not parse.
        ConfigurationError: It is for a plug-in that is broken.
    """
    return resolve_client(description)


def quoteStringArgument(argument: str) -> str:
    r"""Return a text as a value in a description: with a backslash before each ``:``, ``=`` and ``\``.

    Example:
        >>> print("unix:" + quoteStringArgument("/run/a:b"))
        unix:/run/a\:b
    """
    return quote(argument)


def TCP4ServerEndpoint(reactor: object, port: int, backlog: int = 50, interface: str = "") -> Tcp:  # noqa: ARG001 (see above)
    """Return the endpoint of a TCP port over IPv4."""
    check_port(port)
    return Tcp(port, interface, backlog)


def TCP6ServerEndpoint(reactor: object, port: int, backlog: int = 50, interface: str = "::") -> Tcp6:  # noqa: ARG001 (see above)
    """Return the endpoint of a TCP port over IPv6."""
    check_port(port)
    return Tcp6(port, backlog, interface)


def UNIXServerEndpoint(
    reactor: object,  # noqa: ARG001 (see above)
    address: str,
    backlog: int = 50,
    mode: int = 0o666,
    wantPID: int = 0,
) -> Unix:
    """Return the endpoint of a stream socket in the file system."""
    return Unix(address, mode, backlog, bool(wantPID))


def SSL4ServerEndpoint(
    reactor: object,  # noqa: ARG001 (see above)
    port: int,
    sslContextFactory: Any,  # noqa: ANN401 (contexts need no common class)
    backlog: int = 50,
    interface: str = "",
) -> Ssl:
    """Return the endpoint of TLS over a TCP port over IPv4.

    Raises:
        FactoryError: The context is no :class:`~svcctl.application.tls.Certificate`, which names its files.
    """
    check_port(port)
    if not isinstance(sslContextFactory, Certificate):
        raise FactoryError(
            "the endpoint of a TLS server needs its certificate by its files",
            hint="give tls.Certificate(…), or use internet.SSLServer with the context",
        )
    files = {name: getattr(sslContextFactory, name) for name in Certificate.__annotations__}
    return Ssl(port, interface=interface, backlog=backlog, **files)


def HostnameEndpoint(
    reactor: object,  # noqa: ARG001 (see above)
    host: str | bytes,
    port: int,
    timeout: float | None = 30,
    bindAddress: str | tuple[str, int] | None = None,
) -> TcpClient:
    """Return the endpoint of a TCP port of a host, over whichever family answers first.

    Raises:
        UsageError: An argument cannot be right, or ``bindAddress`` names a port.
    """
    name = host.decode("ascii") if isinstance(host, bytes) else host
    endpoint, local_port = tcp_client(TcpClient, name, port, timeout, bindAddress)
    if local_port:
        raise UsageError("an endpoint cannot choose its own port", hint="use internet.TCPClient for that")
    return endpoint


#: Which family it is, follows from the host's addresses.
TCP4ClientEndpoint = TCP6ClientEndpoint = HostnameEndpoint


def UNIXClientEndpoint(
    reactor: object,  # noqa: ARG001 (see above)
    path: str,
    timeout: float | None = 30,
    checkPID: int = 0,
) -> UnixClient:
    """Return the endpoint of a stream socket in the file system, to connect to.

    Raises:
        UsageError: An argument cannot be right.
    """
    return unix_client(path, timeout, checkPID)


async def connectProtocol(endpoint: Any, protocol: Any) -> Any:  # noqa: ANN401 (values, texts and objects; protocols need no common class)
    """Connect a protocol that is there already, once; nothing keeps the connection nor closes it at a stop.

    Args:
        endpoint: As for :class:`~svcctl.application.clients.service.ClientService`.
        protocol: A ``Protocol`` of the framework, or an asyncio protocol.

    Returns:
        The protocol, once it is connected.

    Raises:
        ConnectError: The connection cannot be made.
    """
    dialer = Dialer(client_endpoint(endpoint))
    dialer.renew()
    side = Adapter(protocol) if hasattr(protocol, "dataReceived") else protocol
    await dialer.connect(Link(lambda _peer: side))
    return protocol
