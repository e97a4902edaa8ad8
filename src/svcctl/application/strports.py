"""Services from endpoint descriptions.

Example:
    >>> from svcctl.application.protocol import Factory
    >>> from svcctl.application.wire import Echo
    >>> service("tcp:8007:interface=127.0.0.1", Factory.forProtocol(Echo)).endpoint
    Tcp(port=8007, interface='127.0.0.1', backlog=50)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.service import Service
from svcctl.endpoints.descriptions import ServiceMaker, resolve
from svcctl.endpoints.values import Address, Endpoint, Udp
from svcctl.errors import FactoryError, UsageError

if TYPE_CHECKING:
    from svcctl.application.reacting.ports import Port


def service(description: str, factory: Any, *, default: str = "tcp") -> Service:  # noqa: ANN401 (three kinds of factory, or a datagram protocol)
    """Return the service that listens where a description says.

    Args:
        description: Such as ``tcp:80``, ``unix:/run/app/socket:mode=660``, ``haproxy:tcp:80``, ``udp:53`` or
            ``systemd:domain=INET:name=web``; also one whose type a plug-in has.
        factory: As for :class:`~svcctl.application.internet.StreamServerEndpointService`; for ``udp`` and
            ``unixgram`` a datagram protocol, as for :class:`~svcctl.application.datagrams.udp.UDPServer`; whatever a
            plug-in takes.
        default: Type of a description without one, which is deprecated.

    Raises:
        EndpointError: The description does not parse.
        FactoryError: The factory is of a wrong kind.
        ConfigurationError: The type is that of a plug-in, which is broken.
    """
    made = resolve(description, default=default)
    if not isinstance(made, Address):
        return _made_by_plugin(description, made, factory)
    endpoint: Endpoint = made
    if endpoint.accepts:
        return StreamServerEndpointService(endpoint, factory)
    if isinstance(endpoint, Udp):
        from svcctl.application.datagrams.udp import UDPServer  # noqa: PLC0415 (only for datagrams)

        server = UDPServer(endpoint.port, factory, endpoint.interface)
        server.endpoint = endpoint
        return server
    return _rare_service(endpoint, factory)


def _rare_service(endpoint: Endpoint, factory: Any) -> Service:  # noqa: ANN401 (as above)
    from svcctl.endpoints.rare import Unixgram  # noqa: PLC0415 (few applications use it)

    if isinstance(endpoint, Unixgram):
        from svcctl.application.datagrams.unix import UNIXDatagramServer  # noqa: PLC0415 (the same)

        return UNIXDatagramServer(endpoint.address, factory, mode=endpoint.mode)
    from svcctl.application.stdio import StdioService  # noqa: PLC0415 (the same)

    return StdioService(factory)


def _made_by_plugin(description: str, maker: ServiceMaker, factory: Any) -> Service:  # noqa: ANN401 (as above)
    made = maker.service(factory)
    if not isinstance(made, Service):
        raise FactoryError(
            f"endpoint {description!r}: its plug-in made {made!r}, which is no service",
            hint="ask its maintainer",
        )
    return made


def listen(description: str, factory: Any) -> Port:  # noqa: ANN401 (three kinds of factory)
    """Listen at once where a description says, as the reactor's ``listenTCP`` does.

    The port belongs to the application that runs, or is opened with the next one.

    Args:
        description: As for :func:`service`, but for connections alone: no ``udp``, ``unixgram`` or ``stdio``.
        factory: As for :class:`~svcctl.application.internet.StreamServerEndpointService`.

    Raises:
        EndpointError: The description does not parse.
        FactoryError: The factory is of a wrong kind.
        UsageError: No connections are accepted there.
        BindError: The system refuses the address.
    """
    server = service(description, factory)
    if not isinstance(server, StreamServerEndpointService):
        raise UsageError(f"{description!r} accepts no connections", hint="use strports.service")
    from svcctl.application.reacting.ports import Port  # noqa: PLC0415 (most applications have services alone)
    from svcctl.application.reacting.service import current  # noqa: PLC0415 (the same)

    port = Port(current(), server)
    port.startListening()
    return port
