from __future__ import annotations

import subprocess
import sys

import pytest

from svcctl.endpoints import grammar
from svcctl.endpoints.grammar import format_endpoint, parse_endpoint
from svcctl.endpoints.rare import RARE_TYPES, Haproxy, Stdio, Tls, Unixgram
from svcctl.endpoints.values import TYPES, Endpoint, Ssl, Systemd, Tcp, Tcp6, Udp, Unix
from svcctl.errors import EndpointError


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tcp:8080", Tcp(8080)),
        ("tcp:8080:127.0.0.1", Tcp(8080, "127.0.0.1")),
        ("tcp:interface=127.0.0.1:8080", Tcp(8080, "127.0.0.1")),
        ("tcp:port=80:backlog=7", Tcp(80, backlog=7)),
        ("tcp:80:interface=", Tcp(80)),
        ("tcp6:80:100:\\:\\:1", Tcp6(80, 100, "::1")),
        ("tcp6:80:interface=\\:\\:1", Tcp6(80, interface="::1")),
        ("unix:/run/x.sock:mode=0660", Unix("/run/x.sock", 0o660)),
        ("unix:/run/x.sock:660", Unix("/run/x.sock", 0o660)),
        ("unix:address=/run/a=b", Unix("/run/a=b")),
        ("unix:/run/a\\=b\\:c\\\\d", Unix("/run/a=b:c\\d")),
        ("unix:mode", Unix("mode")),
        ("udp:53:interface=\\:\\:", Udp(53, "::")),
        ("udp:5353:shared=1", Udp(5353, shared=True)),
        ("ssl:443:privateKey=k.pem:certKey=c.pem", Ssl(443, "k.pem", "c.pem")),
        ("unix:/s:666:50:1", Unix("/s")),
        ("unix:/s:lockfile=0", Unix("/s", lockfile=False)),
        ("ssl:443:dhParameters=dh.pem", Ssl(443, dhParameters="dh.pem")),
        ("TCP:80", Tcp(80)),
        ("tls:/etc/certs", Tls("/etc/certs")),
        ("tls:/etc/certs:8443:backlog=5:interface=127.0.0.1", Tls("/etc/certs", 8443, 5, "127.0.0.1")),
        ("stdio:", Stdio()),
        ("stdio", Stdio()),
        ("unixgram:/s:mode=600", Unixgram("/s", 0o600)),
        ("haproxy:tcp:80", Haproxy(Tcp(80))),
        (r"HAProxy:unix:/a\:b:mode=600", Haproxy(Unix("/a:b", 0o600))),
        ("haproxy:systemd:INET:name=web", Haproxy(Systemd("INET", name="web"))),
        ("systemd:domain=INET:index=0", Systemd("INET", 0)),
        ("systemd:INET6:name=web", Systemd("INET6", None, "web")),
    ],
)
def test_a_description_means_its_endpoint(text: str, endpoint: Endpoint) -> None:
    """Positional and named arguments mix, and escapes are taken out."""
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        (Tcp(8080), "tcp:8080"),
        (Tcp(80, "::1", 5), "tcp:80:interface=\\:\\:1:backlog=5"),
        (Tcp6(80), "tcp6:80"),
        (Unix("/a=b:c\\", 0o7), "unix:/a\\=b\\:c\\\\:mode=007"),
        (Udp(53), "udp:53"),
        (Udp(5353, shared=True), "udp:5353:shared=1"),
        (Ssl(443, "server.pem", "c"), "ssl:443:certKey=c"),
        (Unix("/s", lockfile=False), "unix:/s:lockfile=0"),
        (Tls("/c", interface="::1"), r"tls:/c:interface=\:\:1"),
        (Stdio(), "stdio:"),
        (Unixgram("/s"), "unixgram:/s"),
        (Haproxy(Tcp(80, "::1")), r"haproxy:tcp:80:interface=\:\:1"),
        (Systemd("INET", 0), "systemd:INET:index=0"),
        (Systemd("UNIX", None, "web"), "systemd:UNIX:name=web"),
    ],
)
def test_an_endpoint_has_one_shortest_description(endpoint: Endpoint, text: str) -> None:
    """Defaults are left out and only the first argument goes without its name."""
    assert format_endpoint(endpoint) == text


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "one of the types tcp, tcp6, ssl, unix, udp, systemd, tls, stdio, unixgram, haproxy"),
        ("8080", 0, "a type first: 'tcp:8080'"),
        ("port=80", 0, "a type first: 'tcp:80'"),
        ("8080:interface=::1", 0, "a type first: 'tcp:8080'"),
        ("/run/x.sock", 0, "a type first, as in 'unix:/run/web.sock'"),
        ("tpc:80", 0, "did you mean 'tcp'?"),
        ("stdio:x", 6, "stdio takes no arguments"),
        ("tls:", 4, "the path of a folder"),
        ("unix:/x:lockfile=2", 8, "0 or 1"),
        ("ssl:443:sslmethod=SSLv3_METHOD", 8, "no 'sslmethod'"),
        ("haproxy", 7, "one of the types"),
        ("haproxy:", 8, "one of the types"),
        ("haproxy:80", 8, "a type first: 'tcp:80'"),
        ("haproxy:tcp:x", 12, "a port from 0 to 65535"),
        ("haproxy:tcp", 11, "'port'"),
        ("haproxy:udp:80", 8, "a type that accepts connections"),
        ("haproxy:stdio:", 8, "a type that accepts connections"),
        ("haproxy:haproxy:tcp:80", 8, "a type that accepts connections"),
        ("tcp", 3, "'port', which tcp cannot do without"),
        ("unix:mode=660", 13, "'address', which unix cannot do without"),
        ("tcp:", 4, "a port from 0 to 65535"),
        ("tcp:http", 4, "a port from 0 to 65535"),
        ("tcp:65536", 4, "a port from 0 to 65535"),
        ("tcp:-1", 4, "a port"),
        ("tcp:+1", 4, "a port"),
        ("tcp: 1", 4, "a port"),
        ("tcp:1_0", 4, "a port"),
        ("tcp:٣", 4, "a port"),
        ("tcp:" + "9" * 5000, 4, "a port"),
        ("tcp:80:backlog=2147483648", 7, "a number from 0 to 2147483647"),
        ("tcp:80:interfce=x", 7, "tcp takes port, interface, backlog; did you mean 'interface'?"),
        ("ssl:443:certkey=x", 8, "'certKey': the case of letters counts"),
        ("tcp:80:interface=::1", 18, r"a ':' in a value is written '\:'"),
        ("tcp6:80:interface=::1", 19, r"a ':' in a value is written '\:'"),
        ("tcp:80:interface=fe80:1", 22, "'interface' once only"),
        ("tcp:80:port=81", 7, "'port' once only"),
        ("tcp:80:a:5:b", 11, "no further argument"),
        ("tcp:80\\", 6, "a character after the backslash"),
        ("unix:", 5, "a path of 1 to 107 bytes"),
        ("unix:" + "ä" * 54, 5, "a path of 1 to 107 bytes"),
        ("unix:a\0b", 5, "a path"),
        ("unix:/x:mode=0o660", 8, "a mode in octal"),
        ("unix:/x:mode=8", 8, "a mode in octal"),
        ("unix:/x:mode=888", 8, "a mode in octal"),
        ("unix:/x:mode=00660", 8, "a mode in octal"),
        ("tcp:80:interface=a\0b", 7, "text without NUL"),
        ("tcp:80:interface=\ud800", 17, "characters that UTF-8 can hold"),
        ("systemd:domain=INET", 19, "either index=NUMBER or name=NAME"),
        ("systemd:INET:index=0:name=a", 21, "not both"),
        ("systemd:inet:index=0", 8, "one of INET, INET6, UNIX"),
        ("systemd:domain=INET:index:0", 20, "'index=0', with '=' instead of ':'"),
        ("systemd:INET:index:0", 13, "'index=0', with '=' instead of ':'"),
        ("systemd:domain:INET:index=0", 8, "'domain=INET', with '=' instead of ':'"),
        ("systemd:INET:name=", 13, "1 to 255 printable ASCII characters"),
        ("systemd:INET:name=a\\:b", 13, "without ':'"),
        ("systemd:INET:name=ä", 13, "printable ASCII"),
    ],
)
def test_an_error_says_where_and_what_was_expected(text: str, position: int, expected: str) -> None:
    """The position is where the argument at fault starts."""
    with pytest.raises(EndpointError) as caught:
        parse_endpoint(text)
    assert caught.value.position == position
    assert expected in caught.value.expected
    assert "\n" not in str(caught.value)


def test_every_field_of_every_type_has_a_reader() -> None:
    """A field added to a type is not read by accident."""
    kinds = [*TYPES.values(), *RARE_TYPES.values()]
    assert {field for kind in kinds if kind is not Haproxy for field in kind._fields} == set(grammar._READERS)


def test_reading_a_right_description_imports_nothing_but_the_values() -> None:
    """The module is on the runner's start path; the search for near words is loaded by an error only."""
    script = (
        "import sys, typing; before = set(sys.modules)\n"
        "from svcctl.endpoints.grammar import parse_endpoint; parse_endpoint('tcp:80')\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    expected = {
        "__future__",
        "svcctl",
        "svcctl.endpoints",
        "svcctl.endpoints.grammar",
        "svcctl.endpoints.values",
        "svcctl.errors",
        "svcctl.value",
    }
    assert set(done.stdout.split()) == expected
