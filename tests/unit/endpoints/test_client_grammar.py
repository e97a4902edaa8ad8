"""Descriptions of where clients connect."""

from __future__ import annotations

import pytest

from svcctl.endpoints import client_grammar
from svcctl.endpoints.client_grammar import format_client, parse_client
from svcctl.endpoints.clients import CLIENT_TYPES, ClientEndpoint, SslClient, TcpClient, TlsClient, UnixClient
from svcctl.errors import EndpointError


@pytest.mark.parametrize(
    ("text", "endpoint", "shortest"),
    [
        ("tcp:example.org:80", TcpClient("example.org", 80), "tcp:example.org:port=80"),
        (
            "TCP:host=h:port=80:timeout=5:bindAddress=127.0.0.1",
            TcpClient("h", 80, 5, "127.0.0.1"),
            "tcp:h:port=80:timeout=5:bindAddress=127.0.0.1",
        ),
        (r"tcp:\:\:1:80:timeout=0.25", TcpClient("::1", 80, 0.25), r"tcp:\:\:1:port=80:timeout=0.25"),
        (
            "ssl:h:443:privateKey=k:certKey=c:caCertsDir=/d:hostname=n",
            SslClient("h", 443, privateKey="k", certKey="c", caCertsDir="/d", hostname="n"),
            "ssl:h:port=443:privateKey=k:certKey=c:caCertsDir=/d:hostname=n",
        ),
        ("unix:path=/run/s:lockfile=1", UnixClient("/run/s", checkPID=True), "unix:/run/s:lockfile=1"),
        ("unix:/run/s:9", UnixClient("/run/s", 9), "unix:/run/s:timeout=9"),
        (
            "tls:h:443:certificate=c:privateKey=k:trustRoots=/d",
            TlsClient("h", 443, certificate="c", privateKey="k", trustRoots="/d"),
            "tls:h:port=443:certificate=c:privateKey=k:trustRoots=/d",
        ),
        (
            r"tls:h:443:endpoint=unix\:/run/a\\\:b",
            TlsClient("h", 443, endpoint=UnixClient("/run/a:b")),
            r"tls:h:port=443:endpoint=unix\:/run/a\\\:b",
        ),
    ],
)
def test_a_description_of_a_client_means_its_endpoint(
    text: str, endpoint: ClientEndpoint, shortest: str
) -> None:
    """And has one shortest form."""
    assert parse_client(text) == endpoint
    assert format_client(endpoint) == shortest
    assert parse_client(shortest) == endpoint


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "one of the types tcp, ssl, unix, tls"),
        ("tpc:h:80", 0, "did you mean 'tcp'?"),
        ("udp:h:80", 0, "a type of clients: tcp, ssl, unix, tls (servers alone have udp)"),
        ("tcp:80", 6, "'port', which tcp cannot do without"),
        ("tcp:h:0", 6, "a port from 1 to 65535"),
        ("tcp::80", 4, "text between the colons"),
        ("tcp:a b:80", 4, "a host"),
        ("tcp:h:80:timeout=0", 9, "a number of seconds above 0"),
        ("tcp:h:80:timeout=nan", 9, "a number of seconds above 0"),
        ("tcp:h:80:timeout=inf", 9, "a number of seconds above 0"),
        ("tcp:h:80:timeout=-1", 9, "a number of seconds above 0"),
        ("tcp:h:80:timeout=x", 9, "a number of seconds above 0"),
        ("tcp:h:80:bindaddress=x", 9, "'bindAddress': the case of letters counts"),
        ("unix:/x:lockfile=yes", 8, "0 or 1"),
        ("unix:" + "x" * 108, 5, "a path of 1 to 107 bytes"),
        (r"tls:h:1:endpoint=ssl\:h\:1", 8, "without TLS of its own"),
        (r"tls:h:1:endpoint=tcp\:h", 8, "'port'"),
    ],
)
def test_an_error_says_where_and_what_was_expected(text: str, position: int, expected: str) -> None:
    """The position is where the argument at fault starts."""
    with pytest.raises(EndpointError) as caught:
        parse_client(text)
    assert caught.value.position == position
    assert expected in caught.value.expected
    assert "\n" not in str(caught.value)


def test_every_field_of_every_type_has_a_reader() -> None:
    """A field added to a type is not read by accident."""
    fields = {field for kind in CLIENT_TYPES.values() for field in kind._fields}
    assert set(client_grammar._READERS) == fields
