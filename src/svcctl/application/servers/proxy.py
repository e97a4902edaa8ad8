"""Servers behind a load balancer: each connection begins with a PROXY header, which says who is behind it.

The header is read from the socket before anything else is, byte for byte, so that whatever follows, TLS too, finds
its own beginning; servers without it go another way altogether.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from svcctl.application.servers.listening import Acceptor, Connection, ProtocolMaker
from svcctl.application.servers.proxy_header import LONGEST, HeaderError, Proxied, header_length, parse_header

_log = logging.getLogger(__name__)

#: Seconds in which the header has to arrive; one lost packet is sent again within three.
PATIENCE = 5.0


class ProxyAcceptor(Acceptor):
    """Accepts connections that begin with a PROXY header, of version 1 or 2.

    A connection without one is closed. Protocols see the addresses of the header: what ``buildProtocol`` gets,
    ``getPeer()`` and ``getHost()``, asyncio's ``peername`` and ``sockname``. The connections of the load balancer
    itself (``LOCAL`` and ``UNKNOWN``, its health checks) have their own.
    """

    async def _attach(self, connection: Connection, peer: Any, make: ProtocolMaker | None = None) -> None:  # noqa: ANN401 (an address of any family)
        try:
            async with asyncio.timeout(PATIENCE):
                proxied = parse_header(await _read_header(connection))
        except (OSError, EOFError, asyncio.CancelledError) as error:
            connection.close()
            absent = isinstance(error, TimeoutError)
            _log.log(
                logging.WARNING if absent else logging.DEBUG,
                "connection closed: no PROXY header came"
                if absent
                else "connection lost before its PROXY header",
                extra={"svcctl_peer": str(peer)},
            )
        except HeaderError as error:
            connection.close()
            _log.warning(
                "connection closed: no PROXY header",
                extra={"svcctl_peer": str(peer), "svcctl_error": str(error)},
            )
        else:
            if proxied is not None:
                peer, make = proxied.source, _told(make or self._make_protocol, proxied)
            await super()._attach(connection, peer, make)


def _told(make: ProtocolMaker, proxied: Proxied) -> ProtocolMaker:
    """Return a maker of the same protocols, which are told the addresses of a header."""

    def make_told(peer: Any) -> asyncio.BaseProtocol | None:  # noqa: ANN401 (an address of any family)
        protocol = make(peer)
        return None if protocol is None else _Handover(protocol, proxied)

    return make_told


class _Handover(asyncio.Protocol):
    """Stands in for a protocol until there is a transport, which it hands over with other addresses.

    Everything else that is asked of it, whether it has a ``drain()`` for one, is asked of the protocol.
    """

    def __init__(self, protocol: Any, proxied: Proxied) -> None:  # noqa: ANN401 (any protocol of asyncio's)
        self._protocol = protocol
        self._proxied = proxied

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (uvloop's are no instances of asyncio's classes)
        """Have the loop call the protocol itself from now on."""
        transport.set_protocol(self._protocol)
        self._protocol.connection_made(ProxiedTransport(transport, self._proxied))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the protocol has)
        return getattr(self._protocol, name)


class ProxiedTransport:
    """A transport of asyncio's that tells the addresses of a PROXY header; everything else is as it was.

    Args:
        transport: The transport.
        proxied: The addresses.
    """

    __slots__ = ("_proxied", "_transport", "write")

    def __init__(self, transport: Any, proxied: Proxied) -> None:  # noqa: ANN401 (uvloop's are no instances of asyncio's classes)
        self._transport = transport
        self._proxied = proxied
        self.write = transport.write

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 (as asyncio has it)
        """Return a fact about the connection; its addresses are those of the header."""
        if name == "peername":
            return self._proxied.source
        if name == "sockname":
            return self._proxied.destination
        if name == "socket":
            return _ProxiedSocket(self._transport.get_extra_info(name), self._proxied)
        return self._transport.get_extra_info(name, default)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the transport has)
        """Return what the transport has under another name."""
        return getattr(self._transport, name)


class _ProxiedSocket:
    """A socket that tells the addresses of a PROXY header: some programs ask it and not the transport."""

    def __init__(self, sock: Any, proxied: Proxied) -> None:  # noqa: ANN401 (each loop has a class of its own)
        self._sock = sock
        self._proxied = proxied

    def getpeername(self) -> Any:  # noqa: ANN401 (an address of any family)
        return self._proxied.source

    def getsockname(self) -> Any:  # noqa: ANN401 (an address of any family)
        return self._proxied.destination

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the socket has)
        return getattr(self._sock, name)


async def _read_header(sock: socket.socket) -> bytes:
    """Read a header from a socket, and nothing after it.

    Raises:
        HeaderError: Something else comes.
        EOFError: The other side closes before the header is complete.
    """
    header, length = b"", None
    while length is None or len(header) < length:
        await _readable(sock)
        try:
            there = sock.recv(LONGEST, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            continue
        if not there:
            raise EOFError
        length = header_length(header + there)
        header += sock.recv(len(there) if length is None else min(len(there), length - len(header)))
    return header


async def _readable(sock: socket.socket) -> None:
    """Wait until there is something to read."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(sock, _set, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
