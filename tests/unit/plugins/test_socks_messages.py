"""What clients of a SOCKS proxy may say, byte by byte."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import pytest

from svcctl.plugins.socks_messages import (
    FAILED,
    GRANTED,
    REFUSED,
    UNREACHABLE,
    Request,
    SocksError,
    outcome_of,
    read_request,
)


class Written:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.data += data


def read(data: bytes) -> tuple[Request, bytes]:
    """Return the request in some bytes, and what was answered meanwhile."""
    writer: Any = Written()

    async def main() -> Request:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_request(reader, writer)

    return asyncio.run(main()), writer.data


HELLO = b"\x05\x01\x00"


@pytest.mark.parametrize(
    ("data", "request_", "answered"),
    [
        (b"\x04\x01\x00\x50\xc0\x00\x02\x07me\x00", Request(4, "192.0.2.7", 80), b""),
        (b"\x04\x01\x00\x50\x00\x00\x00\x01\x00example.org\x00", Request(4, "example.org", 80), b""),
        (b"\x04\x01\x00\x50\x00\x00\x00\x00\x00", Request(4, str(ipaddress.IPv4Address(0)), 80), b""),
        (HELLO + b"\x05\x01\x00\x01\xc0\x00\x02\x07\x01\xbb", Request(5, "192.0.2.7", 443), b"\x05\x00"),
        (HELLO + b"\x05\x01\x00\x03\x0bexample.org\x01\xbb", Request(5, "example.org", 443), b"\x05\x00"),
        (
            b"\x05\x03\x02\x01\x00\x05\x01\x00\x04" + bytes(15) + b"\x01\x00\x50",
            Request(5, "::1", 80),
            b"\x05\x00",
        ),
    ],
)
def test_a_request_says_where_to(data: bytes, request_: Request, answered: bytes) -> None:
    """Addresses and names, in every version."""
    assert read(data) == (request_, answered)


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"GET / HTTP/1.0\r\n", b""),
        (b"\x04\x02\x00\x50\xc0\x00\x02\x07\x00", b"\x00\x5b" + bytes(6)),
        (b"\x04\x01\x00\x50\xc0\x00\x02\x07" + b"x" * 300 + b"\x00", b"\x00\x5b" + bytes(6)),
        (b"\x04\x01\x00\x50\x00\x00\x00\x01\x00\xff\x00", b"\x00\x5b" + bytes(6)),
        (b"\x04\x01\x00\x50\x00\x00\x00\x01\x00\x00", b"\x00\x5b" + bytes(6)),
        (b"\x05\x01\x02", b"\x05\xff"),
        (b"\x05\x00", b"\x05\xff"),
        (HELLO + b"\x05\x02\x00\x01\xc0\x00\x02\x07\x01\xbb", b"\x05\x07\x00\x01" + bytes(6)),
        (HELLO + b"\x05\x03\x00\x01\xc0\x00\x02\x07\x01\xbb", b"\x05\x07\x00\x01" + bytes(6)),
        (HELLO + b"\x05\x01\x00\x02", b"\x05\x08\x00\x01" + bytes(6)),
        (HELLO + b"\x04\x01\x00\x01", b"\x05\x01\x00\x01" + bytes(6)),
        (HELLO + b"\x05\x01\x00\x03\x02\x01a\x01\xbb", b"\x05\x01\x00\x01" + bytes(6)),
    ],
)
def test_what_is_not_served_is_answered_as_the_protocol_says(data: bytes, reply: bytes) -> None:
    """Commands, kinds of addresses, authentication; a stranger gets nothing."""
    with pytest.raises(SocksError) as caught:
        read(data)
    assert caught.value.reply == reply


@pytest.mark.parametrize("data", [b"\x04\x01\x00", HELLO, HELLO + b"\x05\x01\x00\x01\xc0", b""])
def test_a_client_that_leaves_in_the_middle_is_told_apart(data: bytes) -> None:
    """There is nobody left to answer."""
    with pytest.raises(asyncio.IncompleteReadError):
        read(data)


def test_the_answers_have_the_outcome_and_the_address() -> None:
    """Version 4 knows two outcomes, and no address of IPv6."""
    assert Request(4, "x", 1).reply(GRANTED, ("192.0.2.1", 258)) == b"\x00\x5a\x01\x02\xc0\x00\x02\x01"
    assert Request(4, "x", 1).reply(GRANTED, ("::1", 258)) == b"\x00\x5a\x01\x02" + bytes(4)
    assert Request(4, "x", 1).reply(REFUSED) == b"\x00\x5b" + bytes(6)
    assert (
        Request(5, "x", 1).reply(GRANTED, ("192.0.2.1", 258)) == b"\x05\x00\x00\x01\xc0\x00\x02\x01\x01\x02"
    )
    assert Request(5, "x", 1).reply(GRANTED, ("fe80::1%eth0", 1))[3:6] == b"\x04\xfe\x80"
    assert Request(5, "x", 1).reply(REFUSED)[:2] == b"\x05\x05"


def test_failures_have_names_in_version_5() -> None:
    """Of its own table."""
    assert outcome_of(ConnectionRefusedError()) == REFUSED
    assert outcome_of(TimeoutError()) == UNREACHABLE
    assert outcome_of(OSError(113, "No route")) == UNREACHABLE
    assert outcome_of(None) == FAILED
