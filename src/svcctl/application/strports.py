"""Services from endpoint descriptions.

Example:
    >>> from svcctl.application.protocol import Factory
    >>> from svcctl.application.wire import Echo
    >>> service("tcp:8007:interface=127.0.0.1", Factory.forProtocol(Echo)).endpoint
    Tcp(port=8007, interface='127.0.0.1', backlog=50)
"""

from __future__ import annotations

from typing import Any

from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.service import Service
from svcctl.endpoints.grammar import parse_endpoint
from svcctl.endpoints.values import Udp


def service(description: str, factory: Any) -> Service:  # noqa: ANN401 (three kinds of factory, or a datagram protocol)
    """Return the service that listens where a description says.

    Args:
        description: Such as ``tcp:80``, ``unix:/run/app/socket:mode=660``, ``udp:53`` or
            ``systemd:domain=INET:name=web``.
        factory: As for :class:`~svcctl.application.internet.StreamServerEndpointService`; for ``udp`` a datagram
            protocol, as for :class:`~svcctl.application.datagram.UDPServer`.

    Raises:
        EndpointError: The description does not parse.
        FactoryError: The factory is of a wrong kind.
    """
    endpoint = parse_endpoint(description)
    if isinstance(endpoint, Udp):
        from svcctl.application.datagram import UDPServer  # noqa: PLC0415 (only for datagrams)

        return UDPServer(endpoint.port, factory, endpoint.interface)
    return StreamServerEndpointService(endpoint, factory)
