"""Programs that everybody has are the clients: dig for DNS, curl for HTTP."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from dnslib import RCODE, DNSRecord

from tests.contract.networks import client, inside, needs_root, run
from tests.fakes.init import PATIENCE, FakeInit
from tests.systemd.namespace import socket_inside

pytestmark = needs_root

HERITAGE = Path(__file__).parents[2] / "examples/heritage"
HOSTS = """\
# what the application sees as /etc/hosts
127.0.0.1 localhost
192.0.2.7 seven.example Seven  # two names
2001:db8::7 seven.example
"""
CROWD = "".join(f"198.51.100.{number} crowd.example\n" for number in range(1, 61))


@pytest.fixture
def dns(tmp_path: Path) -> Iterator[FakeInit]:
    """Run the DNS example on a hosts file of ours."""
    hosts = tmp_path / "hosts"
    hosts.write_text(HOSTS + CROWD)
    with run(tmp_path, HERITAGE / "dns.tac", hosts=hosts) as init:
        init.wait_for("READY")
        yield init
        assert init.stop() == 0


def dig(init: FakeInit, *query: str) -> tuple[str, list[str]]:
    """Ask, and return the status and the data of the answers."""
    asked = ("dig", "@127.0.0.1", "-p", "53", "+noall", "+comments", "+answer", "+tries=1", *query)
    result = inside(init, *asked)
    assert result.returncode == 0, result.stdout + result.stderr
    text = result.stdout.decode()
    status = re.search(r"status: (\w+)", text)
    assert status is not None, text
    answers = [line.split()[-1] for line in text.splitlines() if line and not line.startswith(";")]
    return status[1], answers


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(
    ("name", "kind", "status", "answers"),
    [
        ("seven.example", "A", "NOERROR", ["192.0.2.7"]),
        ("SEVEN", "A", "NOERROR", ["192.0.2.7"]),
        ("seven.example", "AAAA", "NOERROR", ["2001:db8::7"]),
        ("seven.example", "MX", "NOERROR", []),
        ("localhost", "AAAA", "NOERROR", []),
        ("eight.example", "A", "NXDOMAIN", []),
    ],
)
def test_dig_gets_the_answers_of_the_hosts_file(
    dns: FakeInit, transport: str, name: str, kind: str, status: str, answers: list[str]
) -> None:
    """Over both children of the one service."""
    assert dig(dns, transport, name, kind) == (status, answers)


def test_dig_asks_again_over_tcp_for_what_is_too_long_for_a_datagram(dns: FakeInit) -> None:
    """The datagram says that it is cut short; dig needs no telling what to do then."""
    status, answers = dig(dns, "crowd.example", "A")
    assert status == "NOERROR"
    assert len(answers) == 60
    cut = inside(dns, "dig", "@127.0.0.1", "+ignore", "+noall", "+comments", "crowd.example", "A").stdout
    assert b" tc" in cut.partition(b"flags:")[2].partition(b";")[0]


def test_what_is_no_query_is_refused_and_the_next_one_answered(dns: FakeInit) -> None:
    """A number and nothing sensible after it is answered as malformed, less is ignored; over TCP it ends there."""
    nonsense = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\xff"
    with socket_inside(dns.process.pid, socket.AF_INET, socket.SOCK_DGRAM) as query:
        query.settimeout(PATIENCE)
        query.connect(("127.0.0.1", 53))
        query.send(b"?")
        query.send(nonsense)
        answer = DNSRecord.parse(query.recv(512))
    assert (answer.header.id, answer.header.rcode) == (0x1234, RCODE.FORMERR)
    with client(dns, 53) as connection:
        connection.sendall(b"\x00\x01?")
        assert connection.recv(100) == b""
    assert dig(dns, "localhost", "A") == ("NOERROR", ["127.0.0.1"])


def test_several_questions_over_one_connection_are_answered_in_order(dns: FakeInit) -> None:
    """However the bytes are cut."""
    queries = [DNSRecord.question(name).pack() for name in ("localhost", "seven.example")]
    stream = b"".join(len(query).to_bytes(2, "big") + query for query in queries)
    with client(dns, 53) as connection:
        for place in range(len(stream)):
            connection.sendall(stream[place : place + 1])
        reader = connection.makefile("rb")
        replies = [DNSRecord.parse(reader.read(int.from_bytes(reader.read(2), "big"))) for _ in queries]
    assert [str(reply.a.rdata) for reply in replies] == ["127.0.0.1", "192.0.2.7"]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[FakeInit]:
    """Run the web example in a folder with files."""
    (tmp_path / "hello.txt").write_text("hello\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/index.html").write_text("<p>below</p>")
    with run(tmp_path, HERITAGE / "service.tac") as init:
        init.wait_for("READY")
        yield init
        assert init.stop() == 0


def curl(init: FakeInit, path: str, *options: str) -> tuple[int, bytes]:
    """Fetch, and return the status and what came."""
    url = f"http://127.0.0.1:8080{path}"
    result = inside(init, "curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", *options, url)
    assert result.returncode == 0, result.stderr
    body, _, status = result.stdout.rpartition(b"\n")
    return int(status), body


def test_curl_gets_the_files_of_the_working_directory(web: FakeInit) -> None:
    """A file as it is, a folder by its index."""
    assert curl(web, "/hello.txt") == (200, b"hello\n")
    assert curl(web, "/sub/") == (200, b"<p>below</p>")


def test_curl_gets_a_404_for_what_is_not_there_or_not_below(web: FakeInit) -> None:
    """Nothing outside the folder can be had."""
    assert curl(web, "/nothing")[0] == 404
    assert curl(web, "/../../etc/passwd", "--path-as-is")[0] == 404
    assert curl(web, "/%2e%2e/%2e%2e/etc/passwd", "--path-as-is")[0] == 404


def test_curl_gets_the_head_alone(web: FakeInit) -> None:
    """With the length that the file has."""
    status, head = curl(web, "/hello.txt", "--head")
    assert status == 200
    assert b"content-length: 6\r\n" in head.lower()
    assert head.endswith(b"\r\n\r\n")


def test_curl_keeps_its_connection_for_the_next_request(web: FakeInit) -> None:
    """Two files over one connection."""
    both = inside(
        web,
        *("curl", "--silent", "--write-out", "%{num_connects}\n"),
        *("http://127.0.0.1:8080/hello.txt", "http://127.0.0.1:8080/hello.txt"),
    )
    assert both.stdout == b"hello\n1\nhello\n0\n"
