"""The ports and connections of the framework's oldest form of an application: methods of its own."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import internet, lifecycle, sob
from svcctl.application.protocol import ClientFactory, DatagramProtocol, Factory
from svcctl.application.service import Application, IService, MultiService
from svcctl.application.tls import Certificate
from svcctl.application.wire import Echo
from svcctl.endpoints.clients import SslClient, TcpClient, UnixClient
from svcctl.endpoints.values import Ssl, Tcp, Tcp6, Udp, Unix, descriptor_name
from svcctl.errors import ServiceNotFoundError, StartError
from svcctl.loading.plugin import Plugin
from svcctl.manifest.model import Origin
from tests.contract.running import supervise
from tests.unit.application.certificates import LOOPBACK
from tests.unit.application.conftest import Run

ECHO = Factory.forProtocol(Echo)
KEY = Certificate("key.pem", "cert.pem")


def root_of(application: Application) -> MultiService:
    """Return the root of an application."""
    root: Any = IService(application)  # type: ignore[misc,call-arg]  # the interface adapts
    assert isinstance(root, MultiService)
    return root


def addresses(application: Application) -> list[Any]:
    """Return where its servers listen at this moment."""
    return [each.address for each in root_of(application)]


#: What is called, the service that it makes, and its endpoint.
MADE: list[tuple[Callable[[Application], Any], type, object]] = [
    (lambda app: app.listenTCP(80, ECHO), internet.TCPServer, Tcp(80)),
    (lambda app: app.listenTCP(80, ECHO, 5, "::1"), internet.TCPServer, Tcp6(80, 5, "::1")),
    (
        lambda app: app.listenSSL(443, ECHO, KEY, 5, LOOPBACK),
        internet.SSLServer,
        Ssl(443, "key.pem", "cert.pem", "", LOOPBACK, 5),
    ),
    (lambda app: app.listenUNIX("/run/s", ECHO, 5, 0o600), internet.UNIXServer, Unix("/run/s", 0o600, 5, lockfile=False)),
    (lambda app: app.listenUDP(53, DatagramProtocol(), LOOPBACK, 512), internet.UDPServer, Udp(53, LOOPBACK)),
    (lambda app: app.connectTCP("a.test", 80, ClientFactory(), 5), internet.TCPClient, TcpClient("a.test", 80, 5)),
    (
        lambda app: app.connectSSL("a.test", 443, ClientFactory(), KEY, 5),
        internet.SSLClient,
        SslClient("a.test", 443, 5),
    ),
    (lambda app: app.connectUNIX("/run/s", ClientFactory(), 5), internet.UNIXClient, UnixClient("/run/s", 5)),
]  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "endpoint"), MADE, ids=lambda each: getattr(each, "__name__", ""))
def test_each_puts_a_service_right_below_the_root(
    make: Callable[[Application], Any], kind: type, endpoint: object
) -> None:
    """It is returned."""
    application = Application("old")
    made = make(application)
    assert (type(made), made.endpoint) == (kind, endpoint)
    assert list(root_of(application)) == [made]


def test_they_are_described_like_any_other() -> None:
    """Those who install the application learn where it listens, and that it calls out."""
    application = Application("old")
    application.listenTCP(8123, ECHO)
    application.listenUDP(8123, DatagramProtocol())
    application.connectTCP("a.test", 80, ClientFactory())
    manifest = application.describe(Origin(kind="tac", digest="0" * 64))
    found = [(node.kind, [each.endpoint for each in node.listeners]) for node in manifest.tree.walk()]
    assert found[1:] == [
        ("stream-server", ["tcp:8123"]),
        ("datagram-server", ["udp:8123"]),
        ("stream-client", []),
    ]


#: How a port is opened, and closed again.
CLOSED: list[tuple[Callable[[Application], Any], Callable[[Application], Any], str]] = [
    (lambda app: app.listenTCP(80, ECHO), lambda app: app.unlistenTCP(80), "no TCPServer with port 80"),
    (
        lambda app: app.listenTCP(80, ECHO, interface="::1"),
        lambda app: app.unlistenTCP(80, "::1"),
        "no TCPServer with port 80, interface '::1'",
    ),
    (lambda app: app.listenSSL(80, ECHO, KEY), lambda app: app.unlistenSSL(80), "no SSLServer with port 80"),
    (
        lambda app: app.listenUNIX("/run/s", ECHO),
        lambda app: app.unlistenUNIX("/run/s"),
        "no UNIXServer with address '/run/s'",
    ),
    (
        lambda app: app.listenUDP(80, DatagramProtocol()),
        lambda app: app.unlistenUDP(80),
        "no UDPServer with port 80",
    ),
]


@pytest.mark.parametrize(("listen", "close", "message"), CLOSED, ids=[each[2] for each in CLOSED])
def test_a_port_is_taken_out_by_where_it_is(
    listen: Callable[[Application], Any], close: Callable[[Application], Any], message: str
) -> None:
    """Once; others of the same number stay."""
    application = Application("old")
    listen(application)
    other = MultiService()
    other.setServiceParent(application)
    kept = application.listenTCP(80, ECHO, interface="10.0.0.1")
    listen(application)
    close(application)
    assert len(root_of(application)) == 3
    close(application)
    assert list(root_of(application)) == [other, kept]
    with pytest.raises(ServiceNotFoundError, match=f"old has {message}"):
        close(application)


def test_one_that_is_recorded_binds_when_the_application_does(run: Run) -> None:
    """And one that comes later at once; a port that is taken out is closed when that is done."""

    async def main() -> None:
        application = Application("old")
        root = root_of(application)
        application.listenTCP(0, ECHO, interface=LOOPBACK)
        assert addresses(application) == [None]
        await lifecycle.start(root)
        application.listenTCP(0, ECHO, interface="127.0.0.2")
        while None in addresses(application):  # noqa: ASYNC110 (it is done in one of the next turns)
            await asyncio.sleep(0)
        where = addresses(application)[1]
        with socket.create_connection(where):
            pass
        await application.unlistenTCP(0, "127.0.0.2")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(where)
        await lifecycle.stop(root, 5.0)
        assert addresses(application) == [None]

    run(main())


def test_a_port_that_somebody_has_is_a_failed_start(run: Run) -> None:
    """With its path; nothing runs on without it."""

    async def main() -> None:
        application = Application("old")
        with socket.create_server((LOOPBACK, 0)) as other:
            application.listenTCP(other.getsockname()[1], ECHO, interface=LOOPBACK)
            with pytest.raises(StartError, match=r"old/TCPServer\[0\] failed to bind"):
                await lifecycle.start(root_of(application))

    run(main())


def test_they_are_saved_with_the_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both forms."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    application = Application("old")
    application.listenTCP(8123, ECHO)
    application.connectUNIX("/run/s", ClientFactory())
    for style in ("pickle", "source"):
        persistent = sob.Persistent(application, "old")
        persistent.setStyle(style)
        loaded = sob.load(persistent.save("start"), style)
        assert [type(each) for each in root_of(loaded)] == [internet.TCPServer, internet.UNIXClient]
        loaded.unlistenTCP(8123)
        assert len(root_of(loaded)) == 1


def test_an_inherited_socket_is_taken(tmp_path: Path) -> None:
    """As by any server."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        names = {"LISTEN_FDNAMES": descriptor_name(Tcp(port, LOOPBACK))}
        tac = (
            "from svcctl.application.protocol import Factory\n"
            "from svcctl.application.wire import Daytime\n"
            f"application.listenTCP({port}, Factory.forProtocol(Daytime), interface='{LOOPBACK}')\n"
        )
        with supervise(tmp_path, tac, "--inherit", "shop.service", environ=names, sockets=[listener]) as init:
            init.wait_for("READY")
            with socket.create_connection((LOOPBACK, port)) as client:
                assert client.makefile("rb").read().endswith(b"\r\n")
            assert init.stop() == 0


def test_a_plug_in_of_the_oldest_kind_opens_its_ports_with_them() -> None:
    """Made to a service, and added to an application that is there."""

    class Maker:
        """Serves echo."""

        def updateApplication(self, app: Application, config: dict[str, int]) -> None:
            """Open its port."""
            app.listenTCP(config["port"], ECHO)

    plugin = Plugin("old", "old 1.0", Maker())
    made = plugin.make({"port": 7})
    assert [each.endpoint for each in made] == [Tcp(7)]
    application = Application("shop")
    plugin.add_to(application, {"port": 8})
    assert [each.endpoint for each in root_of(application)] == [Tcp(8)]


def test_each_takes_what_its_service_takes() -> None:
    """So that what is said there holds here."""
    for make, kind, _ in MADE:
        name = make.__code__.co_names[0]
        own = list(inspect.signature(getattr(Application, name)).parameters.values())[1:]
        theirs = list(inspect.signature(kind).parameters.values())[: len(own)]
        assert [(each.default, each.annotation) for each in own] == [
            (each.default, each.annotation) for each in theirs
        ]
