"""The plug-in ``portforward``: passes connections on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from svcctl.application import usage
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.options.values import seconds
from svcctl.endpoints.clients import TcpClient
from svcctl.plugins.ports import listening
from svcctl.plugins.relay import UnreachableError, reach, relay, reset


class Options(usage.Options):
    """The options, as the framework's plug-in has them."""

    optParameters = (
        ("port", "p", "tcp:6666", "Where to listen: a TCP port or an endpoint.", listening),
        ("host", "h", "localhost", "Host to pass connections on to."),
        ("dest_port", "d", 6665, "Its TCP port.", usage.portCoerce),
        ("timeout", "t", 30.0, "How long the connection there may take.", seconds, "seconds"),
    )
    longdesc = "Whatever arrives is passed on to another host or port, and its answers back."


class PortForward(StreamServerEndpointService):
    """Listens on an endpoint and passes each connection on.

    Args:
        endpoint: Where to listen.
        host: Where to pass connections on to.
        port: Its TCP port.
        limit: Seconds that a connection there may take to be made.
    """

    def __init__(self, endpoint: str, host: str, port: int, limit: float = 30.0) -> None:
        self.host = host
        self.port = port
        self.limit = limit
        super().__init__(endpoint, self.forward)

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        try:
            other = await reach(self.host, self.port, self.limit)
        except UnreachableError:
            reset(writer)
            return
        await relay(reader, writer, *other)

    def connecting_to(self) -> Sequence[TcpClient]:
        """Return where connections go, for the description."""
        return (TcpClient(self.host, self.port),)


def makeService(options: Mapping[str, Any]) -> PortForward:
    """Return the service."""
    return PortForward(options["port"], options["host"], options["dest_port"], options["timeout"])
