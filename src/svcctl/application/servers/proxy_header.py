"""The header in which a load balancer says who connected to it.

Source: the PROXY protocol, sections 2.1 (version 1, a line of text) and 2.2 (version 2, binary).
"""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

from svcctl.posix import AF_UNIX

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_PREFIX = b"PROXY "
_LONGEST_LINE = 107  # with its end, section 2.1
_FIXED = 16  # bytes of version 2 before the addresses
_HIGHEST_PORT = 65535

#: Bytes of version 2 after the fixed ones: addresses, and extensions that are passed over; longer ones are refused.
LONGEST = 4096

_LINE_FAMILIES = {b"TCP4": socket.AF_INET, b"TCP6": socket.AF_INET6}
_LINE_WORDS = 6
_LOCAL, _PROXY = 0x20, 0x21
_STREAM = 1
#: Family in version 2: the family here, bytes of one address.
_FAMILIES = {1: (socket.AF_INET, 4), 2: (socket.AF_INET6, 16), 3: (AF_UNIX, 108)}


class HeaderError(ValueError):
    """What came is no header; its text says what is wrong."""


class Proxied(NamedTuple):
    """A connection as the load balancer sees it; addresses are what the socket module has.

    Attributes:
        source: Who connected.
        destination: Where to.
    """

    source: Any
    destination: Any


def header_length(received: bytes) -> int | None:
    """Return how long the header is that begins these bytes; ``None`` if they are too few to tell.

    Raises:
        HeaderError: No header begins like this.
    """
    if received[: len(_SIGNATURE)] == _SIGNATURE[: len(received)]:
        if len(received) < _FIXED:
            return None
        length = int.from_bytes(received[14:16], "big")
        if length > LONGEST:
            raise HeaderError(f"a header of {_FIXED + length} bytes is too long")
        return _FIXED + length
    if received[: len(_PREFIX)] != _PREFIX[: len(received)]:
        raise HeaderError("it does not begin with a PROXY header")
    end = received.find(b"\r\n", 0, _LONGEST_LINE)
    if end < 0 and len(received) >= _LONGEST_LINE:
        raise HeaderError(f"the line of the PROXY header has more than {_LONGEST_LINE} bytes")
    return end + 2 if end >= 0 else None


def parse_header(header: bytes) -> Proxied | None:
    """Return what a whole header says; ``None`` if the load balancer speaks for itself or does not know.

    Raises:
        HeaderError: It is malformed, or about something else than connections.
    """
    return _parse_binary(header) if header.startswith(_SIGNATURE) else _parse_line(header)


def _parse_line(header: bytes) -> Proxied | None:
    words = header.removesuffix(b"\r\n").split(b" ")
    if words[1] == b"UNKNOWN":
        return None
    family = _LINE_FAMILIES.get(words[1])
    if family is None or len(words) != _LINE_WORDS:
        raise HeaderError(f"the PROXY header {header[:_LONGEST_LINE]!r} is malformed")
    return Proxied(*(_address_of_text(family, words[at], words[at + 2]) for at in (2, 3)))


def _address_of_text(family: socket.AddressFamily, address: bytes, port: bytes) -> Any:  # noqa: ANN401 (an address of either family)
    number = int(port) if port.isdigit() and str(int(port)).encode() == port else -1
    try:
        packed = socket.inet_pton(family, address.decode("ascii"))
    except (OSError, ValueError):
        raise HeaderError(f"{address!r} in the PROXY header is no address") from None
    if not 0 <= number <= _HIGHEST_PORT:
        raise HeaderError(f"{port!r} in the PROXY header is no port")
    return _address(family, packed, number)


def _parse_binary(header: bytes) -> Proxied | None:
    command, kind = header[12], header[13]
    if command == _LOCAL:
        return None
    if command != _PROXY:
        raise HeaderError(f"version and command {command:#04x} of the PROXY header are unknown")
    if kind >> 4 == 0:
        return None
    if kind >> 4 not in _FAMILIES or kind & 15 != _STREAM:
        raise HeaderError(f"family and kind {kind:#04x} of the PROXY header are none of connections")
    family, size = _FAMILIES[kind >> 4]
    rest = header[_FIXED:]
    if len(rest) < 2 * size + (0 if family == AF_UNIX else 4):
        raise HeaderError("the addresses in the PROXY header are cut off")
    packed = rest[:size], rest[size : 2 * size]
    ports = [int.from_bytes(rest[at : at + 2], "big") for at in (2 * size, 2 * size + 2)]
    return Proxied(*(_address(family, *pair) for pair in zip(packed, ports, strict=True)))


def _address(family: int, packed: bytes, port: int) -> Any:  # noqa: ANN401 (an address of any family)
    if family == AF_UNIX:
        return packed.rstrip(b"\0").decode(errors="surrogateescape")
    text = socket.inet_ntop(family, packed)
    return (text, port) if family == socket.AF_INET else (text, port, 0, 0)
