"""The messages of SOCKS: version 4 with its extension 4a, and version 5 without authentication.

Source: RFC 1928; the protocol descriptions "SOCKS: A protocol for TCP proxy across firewalls" and "SOCKS 4A".
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from typing import NamedTuple

#: Longest user name of version 4 that is read; nothing looks at it.
_LONGEST_NAME = 255
_CONNECT = 1
_NO_AUTHENTICATION = 0
_NO_METHOD = 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4

#: What version 5 calls the outcomes. Source: RFC 1928, section 6.
GRANTED, FAILED, UNREACHABLE, REFUSED, NO_SUCH_COMMAND, NO_SUCH_ADDRESS = 0, 1, 4, 5, 7, 8


class SocksError(Exception):
    """A client says what cannot be answered; ``reply`` is what it gets before the connection ends."""

    def __init__(self, message: str, reply: bytes = b"") -> None:
        super().__init__(message)
        self.reply = reply


class Request(NamedTuple):
    """Where a client wants to be connected to.

    Attributes:
        version: 4 or 5.
        host: A name or an address.
        port: A TCP port.
    """

    version: int
    host: str
    port: int

    def reply(self, outcome: int, address: tuple[str, int] = ("0.0.0.0", 0)) -> bytes:  # noqa: S104 (what the protocol says for none)
        """Return the answer.

        Args:
            outcome: As version 5 calls it.
            address: Where the connection comes from.
        """
        return _reply(self.version, outcome, address)


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    """Read what a client wants, and take part in the negotiation of version 5.

    Raises:
        SocksError: It is no request, or one that is not served.
        asyncio.IncompleteReadError: The client has gone.
    """
    version = (await reader.readexactly(1))[0]
    if version == 4:  # noqa: PLR2004 (the version)
        return await _read_request_4(reader)
    if version == 5:  # noqa: PLR2004 (the version)
        return await _read_request_5(reader, writer)
    raise SocksError(f"version {version} is none of SOCKS")


async def _read_request_4(reader: asyncio.StreamReader) -> Request:
    command, port, address = struct.unpack("!BH4s", await reader.readexactly(7))
    await _read_text(reader)
    host = str(ipaddress.IPv4Address(address))
    if address[:3] == b"\0\0\0" and address[3]:  # 4a: the name follows
        host = _decoded(await _read_text(reader), _reply(4, FAILED))
    if command != _CONNECT:
        raise SocksError(f"command {command} is not served", _reply(4, NO_SUCH_COMMAND))
    return Request(4, host, port)


async def _read_text(reader: asyncio.StreamReader) -> bytes:
    """Read a text that ends with a zero byte."""
    text = b""
    while (byte := await reader.readexactly(1)) != b"\0":
        text += byte
        if len(text) > _LONGEST_NAME:
            raise SocksError("a text is too long", _reply(4, FAILED))
    return text


async def _read_request_5(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    methods = await reader.readexactly((await reader.readexactly(1))[0])
    if _NO_AUTHENTICATION not in methods:
        raise SocksError("the client wants to authenticate", bytes((5, _NO_METHOD)))
    writer.write(bytes((5, _NO_AUTHENTICATION)))
    version, command, _, kind = await reader.readexactly(4)
    if version != 5:  # noqa: PLR2004 (the version)
        raise SocksError(f"version {version} in a request of version 5", _reply(5, FAILED))
    if kind == _IPV4:
        host = str(ipaddress.IPv4Address(await reader.readexactly(4)))
    elif kind == _IPV6:
        host = str(ipaddress.IPv6Address(await reader.readexactly(16)))
    elif kind == _NAME:
        host = _decoded(await reader.readexactly((await reader.readexactly(1))[0]), _reply(5, FAILED))
    else:
        raise SocksError(f"there is no kind of address {kind}", _reply(5, NO_SUCH_ADDRESS))
    port = int.from_bytes(await reader.readexactly(2))
    if command != _CONNECT:
        raise SocksError(f"command {command} is not served", _reply(5, NO_SUCH_COMMAND))
    return Request(5, host, port)


def _decoded(name: bytes, reply: bytes) -> str:
    try:
        text = name.decode("ascii")
    except UnicodeDecodeError:
        raise SocksError("a name is not in ASCII", reply) from None
    if not text or not text.isprintable():
        raise SocksError("a name is empty or holds control characters", reply)
    return text


def _reply(version: int, outcome: int, address: tuple[str, int] = ("0.0.0.0", 0)) -> bytes:  # noqa: S104 (as above)
    host, port = ipaddress.ip_address(address[0].partition("%")[0]), address[1]
    if version == 4:  # noqa: PLR2004 (the version)
        packed = host.packed if host.version == 4 else bytes(4)  # noqa: PLR2004 (the same)
        return struct.pack("!BBH4s", 0, 90 if outcome == GRANTED else 91, port, packed)
    kind = _IPV4 if host.version == 4 else _IPV6  # noqa: PLR2004 (the same)
    return bytes((5, outcome, 0, kind)) + host.packed + struct.pack("!H", port)


def outcome_of(error: BaseException | None) -> int:
    """Return what version 5 calls the failure of a connection."""
    if isinstance(error, ConnectionRefusedError):
        return REFUSED
    return UNREACHABLE if isinstance(error, TimeoutError | socket.gaierror | OSError) else FAILED
