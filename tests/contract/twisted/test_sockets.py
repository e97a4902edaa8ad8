"""Sockets that the init system hands over to an application of Twisted's, of which nothing was changed."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.testing.unit import Limits
from tests.contract.twisted.conftest import Run
from tests.unit.application.test_client import free_port

Ending = Callable[[str], tuple[int | None, str, list[str]]]

#: Where each of these listens is handed over, so nothing else could have opened it.
SERVERS = {
    "tcp": (
        "tcp-{port}-127.0.0.1",
        "tcp:{port}:interface=127.0.0.1",
        "internet.TCPServer({port}, factory, interface='127.0.0.1')",
    ),
    "tcp6": (
        "tcp6-{port}-_3a_3a1",
        "tcp6:{port}:interface=\\:\\:1",
        "strports.service(r'tcp6:{port}:interface=\\:\\:1', factory)",
    ),
    "unix": ("unix-shop.sock", "unix:shop.sock", "internet.UNIXServer('shop.sock', factory)"),
    "endpoint": (
        "tcp-{port}-127.0.0.1",
        "tcp:{port}:interface=127.0.0.1",
        "strports.service('tcp:{port}:interface=127.0.0.1', factory)",
    ),
    "address": (
        "web",
        "tcp:{port}:interface=127.0.0.1",
        "internet.TCPServer({port}, factory, interface='127.0.0.1')",
    ),
    "named": (
        "web",
        "tcp:{port}:interface=127.0.0.1",
        "strports.service('systemd:domain=INET:name=web', factory)",
    ),
    "numbered": (
        "web",
        "tcp:{port}:interface=127.0.0.1",
        "strports.service('systemd:domain=INET:index=0', factory)",
    ),
}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no two tests at the same time bind one relative path."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_takes_the_socket_that_is_handed_over(twisted_app: Run, kind: str) -> None:
    """By its name, or by its address; it is there before the application, and after it."""
    port = free_port()
    name, endpoint, server = (each.format(port=port) for each in SERVERS[kind])
    source = f"add({server})"
    with twisted_app(source, "--inherit", "shop.service", sockets={name: endpoint}) as init:
        assert init.holds(name)
        for _ in range(2):
            with init.connect(name) as client:
                client.sendall(b"hello")
                assert client.recv(10) == b"hello"
            init.restart()
        assert init.stop().code == 0


def test_a_server_of_datagrams_does_too(twisted_app: Run) -> None:
    """UDP has no other way here than by its address."""
    port = free_port()
    source = f"""
class Back(protocol.DatagramProtocol):
    def datagramReceived(self, data, address):
        self.transport.write(data, address)
add(internet.UDPServer({port}, Back(), interface="127.0.0.1"))
"""
    with twisted_app(source, sockets={"drop": f"udp:{port}:interface=127.0.0.1"}) as init:
        assert init.holds("drop")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(b"hello", ("127.0.0.1", port))
            assert client.recv(10) == b"hello"
        assert init.stop().code == 0


def test_a_server_of_tls_speaks_it_on_that_socket(twisted_app: Run, certificate: tuple[Path, Path]) -> None:
    """Twisted could not."""
    port = free_port()
    key, cert = certificate
    source = f"""
from twisted.internet import ssl
add(internet.SSLServer({port}, factory, ssl.DefaultOpenSSLContextFactory({str(key)!r}, {str(cert)!r}), interface="127.0.0.1"))
"""
    name = f"tcp-{port}-127.0.0.1"
    with twisted_app(source, sockets={name: f"tcp:{port}:interface=127.0.0.1"}) as init:
        assert init.holds(name)
        context = ssl.create_default_context(cafile=str(cert))
        with init.connect(name) as plain, context.wrap_socket(plain, server_hostname="localhost") as client:
            client.sendall(b"hello")
            assert client.recv(10) == b"hello"


def test_a_socket_that_should_have_been_handed_over_is_missed(twisted_app: Run) -> None:
    """The description has it, so the units have it, too."""
    source = "m = internet.TCPServer(1, factory); m.setName('m'); add(m)"
    with twisted_app(source, "--inherit", "shop.service", block=False) as init:
        assert init.wait().code == 69
        assert "shop/m failed to bind: no socket named tcp-1 was handed over" in init.stderr


def test_what_nobody_could_have_described_is_opened_by_the_application(twisted_app: Run) -> None:
    """A port that only its own code knows of."""
    source = """
class Shop(service.Service):
    def startService(self):
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        say(self.port.getHost().port)
    def stopService(self):
        return self.port.stopListening()
add(Shop())
"""
    with twisted_app(source, "--inherit", "shop.service") as init:
        with socket.create_connection(("127.0.0.1", int(init.stdout))) as client:
            client.sendall(b"hello")
            assert client.recv(10) == b"hello"
        assert init.stop().code == 0


SLOW = """
class Slow(protocol.Protocol):
    def connectionMade(self):
        say("there is one")
    def dataReceived(self, data):
        say("asked")
        reactor.callLater(0.3, self.answer, data)
    def answer(self, data):
        self.transport.write(data)
        self.transport.loseConnection()
add(strports.service('unix:shop.sock', protocol.Factory.forProtocol(Slow)))
"""


def test_who_has_asked_before_the_stop_gets_an_answer(twisted_app: Run) -> None:
    """Twisted would cut the connection off at once."""
    with twisted_app(SLOW, sockets={"web": "unix:shop.sock"}) as init, init.connect("web") as client:
        client.sendall(b"hello")
        init.wait_until(lambda: "asked" in init.stdout, "the question")
        assert init.stop().code == 0
        assert client.recv(10) == b"hello"


def test_a_connection_that_stays_holds_the_stop_up_for_a_moment_only(twisted_app: Run) -> None:
    """Then it is closed, and that in order."""
    limits = Limits(stop=5.0)
    with (
        twisted_app(SLOW, sockets={"web": "unix:shop.sock"}, limits=limits) as init,
        init.connect("web") as client,
    ):
        init.wait_until(lambda: "there is one" in init.stdout, "the connection")
        assert init.stop().code == 0
        assert init.result == "success"
        assert client.recv(10) == b""
