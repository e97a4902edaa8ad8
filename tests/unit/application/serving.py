"""Listeners and every kind of factory, for tests of what accepts connections."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from svcctl.application.protocol import Factory, Protocol
from svcctl.application.servers.listening import Acceptor, protocol_maker


def listener() -> socket.socket:
    """Return a listening socket on the loopback."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    return sock


async def serve(sock: socket.socket, factory: Any) -> Acceptor:  # noqa: ANN401 (three kinds of factory)
    """Accept on a socket."""
    acceptor = Acceptor(sock, protocol_maker(factory))
    acceptor.start()
    return acceptor


class Upper(asyncio.Protocol):
    """An asyncio protocol that returns what it gets in capitals."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(data.upper())


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Return what comes in capitals."""
    while data := await reader.read(1000):
        writer.write(data.upper())


class Shouting(Protocol):
    """The same in the framework's own terms."""

    def dataReceived(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(data.upper())


class ShoutingCallable:
    """An object that is a handler."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        await shout(reader, writer)


FACTORIES = [Upper, lambda: Upper(), shout, ShoutingCallable(), Factory.forProtocol(Shouting)]  # noqa: PLW0108 (a maker that is no class)
