"""A server behind TLS."""

from __future__ import annotations

from typing import Any

from svcctl.application.certificates.contexts import check_context_factory
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.servers.sockets import check_backlog, check_port
from svcctl.application.tls import Certificate
from svcctl.endpoints.values import Endpoint, Ssl, Tcp, Tcp6


class SSLServer(StreamServerEndpointService):
    """Listens on a TCP port and speaks TLS, over IPv6 if the interface is such an address.

    A reload reads the files of the certificate again: connections from then on get the new one, those before go on.

    Args:
        port: 0 to 65535; 0 lets the system choose.
        factory: As for :class:`StreamServerEndpointService`.
        contextFactory: A :class:`~svcctl.application.tls.Certificate`, a :class:`~svcctl.application.tls.Folder`,
            an ``ssl.SSLContext`` (which no reload changes), or an object whose ``getContext()`` returns one; it is
            called when the server binds and at a reload.
        backlog: How many connections may wait to be accepted.
        interface: An address or a host name; empty for every IPv4 address of the machine.

    Raises:
        FactoryError: ``factory`` or ``contextFactory`` is of a wrong kind.
        UsageError: ``port`` is none.
    """

    def __init__(
        self,
        port: int,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        contextFactory: Any,  # noqa: ANN401 (contexts need no common class)
        backlog: int = 50,
        interface: str = "",
    ) -> None:
        check_port(port)
        check_backlog(backlog)
        check_context_factory(contextFactory, server=True)
        self.contextFactory = contextFactory
        super().__init__(_endpoint(port, contextFactory, backlog, interface), factory)

    def _context_source(self) -> Any:  # noqa: ANN401 (the same)
        return self.contextFactory


def _endpoint(port: int, context: Any, backlog: int, interface: str) -> Endpoint:  # noqa: ANN401 (the same)
    if ":" in interface:
        return Tcp6(port, backlog, interface)
    if isinstance(context, Certificate):  # whoever installs it learns which files it reads
        files = (context.privateKey, context.certKey, context.extraCertChain)
        return Ssl(port, *files, interface, backlog, context.dhParameters)
    return Tcp(port, interface, backlog)
