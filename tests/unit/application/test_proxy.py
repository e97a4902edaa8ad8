"""Servers behind a load balancer: the PROXY header, as bytes and as real programs send it."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import struct
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.servers import proxy
from svcctl.application.servers.proxy_header import LONGEST, HeaderError, Proxied, header_length, parse_header
from svcctl.application.strports import service
from tests.unit.application.clients import close, connect, dial, talk, until
from tests.unit.application.conftest import Run

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LINE = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
WHO = Proxied(("192.0.2.1", 56324), ("198.51.100.2", 443))


def binary(command: int, kind: int, rest: bytes, length: int | None = None) -> bytes:
    """Return a header of version 2."""
    return SIGNATURE + struct.pack("!BBH", command, kind, len(rest) if length is None else length) + rest


V4 = socket.inet_aton("192.0.2.1") + socket.inet_aton("198.51.100.2") + struct.pack("!HH", 56324, 443)
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1") + socket.inet_pton(socket.AF_INET6, "::1") + b"\0\1\0\2"
PATHS = b"/run/a".ljust(108, b"\0") + b"/run/b".ljust(108, b"\0")


@pytest.mark.parametrize(
    ("header", "means"),
    [
        (LINE, WHO),
        (
            b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n",
            Proxied(("2001:db8::1", 1, 0, 0), ("::1", 65535, 0, 0)),
        ),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN whatever it says\r\n", None),
        (binary(0x21, 0x11, V4), WHO),
        (binary(0x21, 0x11, V4 + b"\x04\0\x01x"), WHO),
        (binary(0x21, 0x21, V6), Proxied(("2001:db8::1", 1, 0, 0), ("::1", 2, 0, 0))),
        (binary(0x21, 0x31, PATHS), Proxied("/run/a", "/run/b")),
        (binary(0x20, 0x11, V4), None),
        (binary(0x20, 0, b""), None),
        (binary(0x21, 0, b"\x04\0\x01x"), None),
    ],
)
def test_a_header_says_who_connected_to_what(header: bytes, means: Proxied | None) -> None:
    """In both versions; its length is known from its own bytes, whatever follows."""
    assert header_length(header + b"PROXY \r\n") == len(header)
    assert parse_header(header) == means
    cut = [header_length(header[:end]) for end in range(1, len(header))]
    assert set(cut) <= {None, len(header)}


@pytest.mark.parametrize(
    "bytes_",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"P ROXY",
        b"proxy TCP4 ",
        b"\r\n\r\n\0\r\nQUIX",
        b"PROXY TCP4 " + b"1" * 100,
        b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
        binary(0x21, 0x11, b"", LONGEST + 1),
    ],
)
def test_what_begins_no_header_is_refused_at_once(bytes_: bytes) -> None:
    """Nobody waits for more of it."""
    with pytest.raises(HeaderError):
        header_length(bytes_)


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY \r\n",
        b"PROXY TCP5 1.1.1.1 1.1.1.1 1 2\r\n",
        b"PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n",
        b"PROXY TCP4 1.1.1.1 1.1.1.1 1 2 \r\n",
        b"PROXY TCP4 1.1.1 1.1.1.1 1 2\r\n",
        b"PROXY TCP4 ::1 ::1 1 2\r\n",
        b"PROXY TCP6 1.1.1.1 1.1.1.1 1 2\r\n",
        b"PROXY TCP4 \xff.1.1.1 1.1.1.1 1 2\r\n",
        b"PROXY TCP4 1.1.1.1 1.1.1.1 65536 2\r\n",
        b"PROXY TCP4 1.1.1.1 1.1.1.1 01 2\r\n",
        b"PROXY TCP4 1.1.1.1 1.1.1.1 +1 2\r\n",
        binary(0x11, 0x11, V4),
        binary(0x22, 0x11, V4),
        binary(0x21, 0x12, V4),
        binary(0x21, 0x41, V4),
        binary(0x21, 0x11, V4[:11]),
        binary(0x21, 0x21, V6[:35]),
        binary(0x21, 0x31, PATHS[:215]),
    ],
)
def test_a_malformed_header_is_an_error(header: bytes) -> None:
    """Whole as it is."""
    assert header_length(header) == len(header)
    with pytest.raises(HeaderError):
        parse_header(header)


class Known(Protocol):
    """Says whom it talks to, then returns what it gets."""

    def connectionMade(self) -> None:
        """Say it."""
        self.transport.write(f"{self.transport.getPeer()} {self.transport.getHost()} ".encode())

    def dataReceived(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(data)


class KnownToAsyncio(asyncio.Protocol):
    """The same as an asyncio protocol."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
        """Say it."""
        self.transport = transport
        sock = transport.get_extra_info("socket")
        assert sock.getpeername() == transport.get_extra_info("peername")
        assert sock.fileno() > 0
        transport.write(f"{sock.getpeername()} {sock.getsockname()} ".encode())

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(data)


async def known(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Do the same as a handler."""
    peer, host = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    writer.write(f"{peer} {host} ".encode())
    while data := await reader.read(100):
        writer.write(data)
        await writer.drain()


KINDS: list[Any] = [Factory.forProtocol(Known), KnownToAsyncio, known]


async def serve(factory: Any, text: str = "haproxy:tcp:0:interface=127.0.0.1") -> StreamServerEndpointService:  # noqa: ANN401 (three kinds of factory)
    """Start a server."""
    server = service(text, factory)
    assert isinstance(server, StreamServerEndpointService)
    await lifecycle.start(server)
    return server


@pytest.mark.parametrize("factory", KINDS, ids=["framework", "asyncio", "handler"])
@pytest.mark.parametrize("header", [LINE, binary(0x21, 0x11, V4)], ids=["line", "binary"])
def test_a_protocol_sees_who_is_behind_the_load_balancer(run: Run, factory: Any, header: bytes) -> None:  # noqa: ANN401 (three kinds of factory)
    """And every byte after the header, which it does not see."""

    async def main() -> bytes:
        server = await serve(factory)
        answer = await talk(server.address, header + b"hello")
        await lifecycle.stop(server)
        return answer

    assert run(main()) == f"{WHO.source} {WHO.destination} hello".encode()


def test_a_header_may_come_byte_by_byte(run: Run) -> None:
    """TCP has no messages."""

    async def main() -> bytes:
        server = await serve(known)
        reader, writer = await connect(server.address)
        for byte in LINE + b"x":
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        writer.write_eof()
        answer = await reader.read()
        await close(writer)
        await lifecycle.stop(server)
        return answer

    assert run(main()).endswith(b" x")


def test_a_factory_is_asked_with_the_address_behind_and_may_refuse(run: Run) -> None:
    """It gets the address of the header, not that of the load balancer."""
    asked: list[Any] = []

    class Choosy(Factory):
        def buildProtocol(self, addr: Any) -> Any:  # noqa: ANN401 (as in the base class)
            asked.append(addr)

    async def main() -> None:
        server = await serve(Choosy())
        assert await talk(server.address, LINE) == b""
        await lifecycle.stop(server)

    run(main())
    assert asked == [WHO.source]


def test_the_load_balancers_own_connections_have_their_own_addresses(run: Run) -> None:
    """Its health checks, mostly."""

    async def main() -> None:
        server = await serve(known)
        answer = await talk(server.address, binary(0x20, 0, b""))
        assert answer.startswith(b"('127.0.0.1', ")
        assert str(server.address).encode() in answer
        await lifecycle.stop(server)

    run(main())


def test_a_connection_without_a_header_is_closed_and_logged(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """The protocol never sees it; one that is closed before it says anything is nobody's fault."""
    caplog.set_level(logging.INFO)

    async def main() -> None:
        server = await serve(lambda: pytest.fail("a protocol was made"))
        client = dial(server.address)
        client.send(b"GET / HTTP/1.0")
        await until(lambda: caplog.records and server.connections == 0)
        client.close()
        assert await talk(server.address) == b""
        assert await talk(server.address, LINE[:20]) == b""
        await until(lambda: server.connections == 0)
        await lifecycle.stop(server)

    run(main())
    assert [each.message for each in caplog.records if each.name == proxy.__name__] == [
        "connection closed: no PROXY header"
    ]
    assert any("does not begin" in getattr(each, "svcctl_error", "") for each in caplog.records)


def test_a_header_that_does_not_come_in_time_costs_the_connection(
    run: Run, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise whoever connects and says nothing would stay for ever."""
    monkeypatch.setattr(proxy, "PATIENCE", 0.0)

    async def main() -> None:
        server = await serve(known)
        reader, writer = await connect(server.address)
        assert await reader.read() == b""
        await close(writer)
        await lifecycle.stop(server)

    run(main())
    assert [each.message for each in caplog.records] == ["connection closed: no PROXY header came"]


def test_a_stop_cuts_off_who_has_not_sent_a_header(run: Run) -> None:
    """When its budget is spent; nothing is left of it."""

    async def main() -> None:
        server = await serve(known)
        _, writer = await connect(server.address)
        await until(lambda: server.connections == 1)
        await lifecycle.stop(server, 0.01)
        assert server.connections == 0
        await close(writer)

    run(main())


def test_a_drain_asks_the_protocol_behind_the_header(run: Run) -> None:
    """Which finishes as on any other server."""

    class Finishing(Known):
        def drain(self) -> None:
            self.transport.write(b"bye")
            self.transport.loseConnection()

    async def main() -> bytes:
        server = await serve(Factory.forProtocol(Finishing))
        reader, writer = await connect(server.address)
        writer.write(LINE)
        await reader.readuntil(b" ")
        await lifecycle.stop(server)
        rest = await reader.read()
        await close(writer)
        return rest

    assert run(main()).endswith(b"bye")


def test_tls_follows_the_header(run: Run, pems: Path) -> None:
    """The header itself is not encrypted."""

    async def main() -> bytes:
        text = f"haproxy:ssl:0:privateKey={pems}/leaf.key:certKey={pems}/leaf.pem:interface=127.0.0.1"
        server = await serve(known, text)
        reader, writer = await connect(server.address)
        writer.write(LINE)
        await writer.drain()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await writer.start_tls(context)
        writer.write(b"hello")
        answer = b""
        while not answer.endswith(b"hello"):
            answer += await reader.read(100)
        await close(writer)
        await lifecycle.stop(server)
        return answer

    assert run(main()) == f"{WHO.source} {WHO.destination} hello".encode()


def test_curl_sends_a_header_that_is_understood(run: Run) -> None:
    """Version 1, with its own address."""

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = repr(writer.get_extra_info("peername")[0]).encode()
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async def main() -> bytes:
        server = await serve(page)
        url = f"http://127.0.0.1:{server.address[1]}/"
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sS", "--max-time", "20", "--haproxy-protocol", url, stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await curl.communicate()
        await lifecycle.stop(server)
        return answer

    assert run(main()) == b"'127.0.0.1'"
