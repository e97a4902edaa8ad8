"""The plug-in ``socks``: a proxy for SOCKS 4, 4a and 5."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.options.values import seconds
from svcctl.plugins.ports import listening
from svcctl.plugins.relay import UnreachableError, reach, relay
from svcctl.plugins.socks_messages import GRANTED, Request, SocksError, outcome_of, read_request

_log = logging.getLogger(__name__)

#: It connects wherever its clients say.
needs = {"network": "outbound"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Connects its clients wherever they want: SOCKS 4, 4a and 5, command CONNECT, without authentication.

    Whoever reaches it uses the network as this machine does, its own services on 127.0.0.1 included: let it listen
    where nobody else can reach it.
    """

    port: str = field(
        default="tcp:1080:interface=127.0.0.1",
        metadata={"short": "p", "coerce": listening, "help": "Where to listen: a TCP port or an endpoint."},
    )
    timeout: float = field(
        default=30.0,
        metadata={
            "short": "t",
            "coerce": seconds,
            "units": "seconds",
            "help": "How long a client may take to say what it wants, and a connection there to be made.",
        },
    )


class Socks(StreamServerEndpointService):
    """Listens on an endpoint and connects each client where it wants.

    Args:
        endpoint: Where to listen.
        limit: Seconds for the request, and for the connection.
    """

    def __init__(self, endpoint: str, limit: float = 30.0) -> None:
        self.limit = limit
        super().__init__(endpoint, self.serve)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        try:
            async with asyncio.timeout(self.limit):
                request = await read_request(reader, writer)
        except (TimeoutError, asyncio.IncompleteReadError):
            _log.debug("client has said nothing that could be served")
        except SocksError as error:
            _log.info("request refused", extra={"svcctl_error": str(error)})
            writer.write(error.reply)
        else:
            await self._connect(request, reader, writer)

    async def _connect(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            other = await reach(request.host, request.port, self.limit)
        except UnreachableError as error:
            writer.write(request.reply(outcome_of(error.__cause__)))
            return
        local: Any = other[1].get_extra_info("sockname")
        writer.write(request.reply(GRANTED, local[:2]))
        await relay(reader, writer, *other)


def makeService(options: Options) -> Socks:
    """Return the proxy."""
    return Socks(options.port, options.timeout)
