"""The reactor: ports and connections made through it are part of the tree."""

from __future__ import annotations

import asyncio
import copy
import pickle
import socket
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import internet, lifecycle, reactor
from svcctl.application.protocol import ClientFactory, DatagramProtocol, ServerFactory
from svcctl.application.reacting import service as reactor_service
from svcctl.application.reacting.ports import Port
from svcctl.application.reacting.service import ReactorService
from svcctl.application.service import Application, Service
from svcctl.application.wire import Echo
from svcctl.errors import BindError, FactoryError, LifecycleError, ServiceFailedError, StartError, UsageError
from svcctl.manifest.model import Origin
from tests.unit.application.clients import close, connect, talk, until
from tests.unit.application.conftest import Run
from tests.unit.application.reacting import LOOPBACK, application, fresh_reactor, start  # noqa: F401 (a fixture)
from tests.unit.application.trees import Noted


class EchoFactory(ServerFactory):
    """Makes a protocol for each connection."""

    protocol = Echo


class EchoService(Service):
    """The first example of the framework's manual."""

    def __init__(self, port: int) -> None:
        self.port = port

    def startService(self) -> None:
        """Listen."""
        self._port = reactor.listenTCP(self.port, EchoFactory(), interface=LOOPBACK)

    def stopService(self) -> Awaitable[None]:
        """Close the port; the service has stopped when that is done."""
        return self._port.stopListening()

    @property
    def address(self) -> Any:  # noqa: ANN401 (an address of any family)
        """Where it listens."""
        return self._port.getHost()


def test_a_service_that_opens_its_port_itself_serves_from_its_start_to_its_stop(run: Run) -> None:
    """The example of the manual, with its import lines changed; it can be started again."""

    async def main() -> None:
        service = EchoService(0)
        root = application(service)
        for _ in range(2):
            await start(root)
            address = service.address
            assert await talk(address, b"hello") == b"hello"
            await lifecycle.stop(root)
            with pytest.raises(ConnectionRefusedError):
                await connect(address)
            assert len(root.getServiceNamed("reactor")) == 0

    run(main())


def test_a_port_that_is_in_use_is_an_error_where_it_is_opened(run: Run) -> None:
    """So the service that opens it fails with its own path, and the tree is rolled back."""

    async def main() -> None:
        with socket.create_server((LOOPBACK, 0)) as other:
            root = application(EchoService(other.getsockname()[1]))
            with pytest.raises(
                StartError, match=r"app/EchoService\[\d\] failed to start: cannot listen on"
            ) as caught:
                await start(root)
        assert isinstance(caught.value.__cause__, BindError)
        assert isinstance(caught.value.__cause__, OSError)
        assert "ss -lnp" in caught.value.hint

    run(main())


def test_a_port_is_bound_when_listening_returns(run: Run) -> None:
    """Also where a service binds before privileges are given up; whoever connects waits in the backlog."""

    async def main() -> None:
        class Early(Service):
            def privilegedStartService(self) -> None:
                self.port = reactor.listenTCP(0, EchoFactory(), interface=LOOPBACK)
                self.bound = self.port.getHost()

        service = Early()
        root = application(service)
        await start(root)
        assert service.bound == service.port.getHost()
        assert await talk(service.bound, b"x") == b"x"
        await lifecycle.stop(root)

    run(main())


def test_what_is_bound_early_is_released_when_the_binding_fails(run: Run) -> None:
    """Nothing listens after that."""

    async def main() -> None:
        addresses = []

        class Early(Service):
            def privilegedStartService(self) -> None:
                addresses.append(reactor.listenTCP(0, EchoFactory(), interface=LOOPBACK).getHost())
                raise ValueError("no")

        with pytest.raises(StartError):
            await start(application(Early()))
        with pytest.raises(ConnectionRefusedError):
            await connect(addresses[0])

    run(main())


def test_what_a_file_asks_for_while_it_is_loaded_is_bound_with_the_application(run: Run) -> None:
    """Before anything starts; a service can use the port in its start."""
    log: list[str] = []
    port = reactor.listenTCP(0, EchoFactory(), interface=LOOPBACK)
    assert port.getHost() is None

    class Using(Noted):
        def startService(self) -> None:
            log.append("bound" if port.getHost() else "not bound")

    async def main() -> None:
        root = application(Using(log, "user"))
        for _ in range(2):
            await start(root)
            assert await talk(port.getHost(), b"hello") == b"hello"
            await lifecycle.stop(root)
            assert port.getHost() is None

    run(main())
    assert log == ["bind user", "bound", "stop user"] * 2


def test_a_recorded_port_that_cannot_be_bound_fails_the_start_with_its_path(run: Run) -> None:
    """D1: nothing runs with nothing listening."""

    async def main() -> None:
        with socket.create_server((LOOPBACK, 0)) as other:
            reactor.listenTCP(other.getsockname()[1], EchoFactory(), interface=LOOPBACK)
            with pytest.raises(StartError, match=r"^app/reactor/TCPServer\[0\] failed to bind"):
                await start(application())

    run(main())


def test_recorded_ports_are_described() -> None:
    """They are what an installation makes socket units from."""
    reactor.listenTCP(8007, EchoFactory())
    reactor.connectTCP("db.example", 5432, ClientFactory())
    shop = Application("shop")
    reactor_service.attach(shop)
    (node,) = shop.describe(Origin(kind="tac", digest="0" * 64)).tree.children
    assert (node.path, node.kind) == ("shop/reactor", "collection")
    assert [each.endpoint for each in node.children[0].listeners] == ["tcp:8007"]
    assert node.connections == ("tcp:db.example:port=5432",)


def test_a_port_that_nobody_stops_is_drained_and_closed_with_the_application(run: Run) -> None:
    """Connections in flight finish first, as those of any server do."""

    async def main() -> None:
        class Careless(Service):
            def startService(self) -> None:
                self.port = reactor.listenTCP(0, EchoFactory(), interface=LOOPBACK)

        service = Careless()
        root = await start(application(service))
        address = service.port.getHost()
        reader, writer = await connect(address)
        writer.write(b"a")
        assert await reader.read(1) == b"a"
        stopping = asyncio.create_task(lifecycle.stop(root, 30))
        await until(lambda: service.port.getHost() is None)
        with pytest.raises(ConnectionRefusedError):
            await connect(address)
        writer.write(b"b")
        assert await reader.read(1) == b"b"
        assert not stopping.done()
        await close(writer)
        await stopping

    run(main())


def test_stopping_a_port_waits_for_its_connections_and_can_be_undone(run: Run) -> None:
    """`stopListening` may be called, and awaited, as often as one likes."""

    async def main() -> None:
        root = await start(application())
        port = reactor.listenTCP(0, EchoFactory(), interface=LOOPBACK)
        reader, writer = await connect(port.getHost())
        writer.write(b"a")
        assert await reader.read(1) == b"a"
        stopping = port.stopListening()
        assert port.loseConnection() is stopping
        await until(lambda: port.getHost() is None)
        await close(writer)
        await stopping
        await port.stopListening()
        port.startListening()
        port.startListening()
        assert await talk(port.getHost(), b"again") == b"again"
        await port.stopListening()
        await lifecycle.stop(root)

    run(main())


def test_the_result_of_stopping_may_be_dropped(run: Run) -> None:
    """The application's stop waits for it."""

    async def main() -> None:
        root = await start(application())
        port = reactor.listenTCP(0, EchoFactory(), interface=LOOPBACK)
        port.stopListening()
        await lifecycle.stop(root)
        assert port.getHost() is None

    run(main())


def test_nothing_is_opened_while_the_application_stops(run: Run) -> None:
    """It would outlive it."""

    async def main() -> None:
        class Late(Service):
            def stopService(self) -> None:
                for open_it in (
                    lambda: reactor.listenTCP(0, EchoFactory()),
                    lambda: reactor.connectTCP(LOOPBACK, 1, ClientFactory()),
                ):
                    with pytest.raises(LifecycleError, match="is stopping"):
                        open_it()

        root = await start(application(Late()))
        await lifecycle.stop(root)
        assert not any(isinstance(each, Port) for each in root)

    run(main())


def test_every_kind_of_port_is_opened(run: Run, tmp_path: Path) -> None:
    """Their arguments are those of the services."""

    class Answer(DatagramProtocol):
        def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: ANN401 (an address of any family)
            self.transport.write(datagram.upper(), addr)

    async def main() -> None:
        root = await start(application())
        path, gram = str(tmp_path / "s"), str(tmp_path / "d")
        assert await talk(reactor.listenUNIX(path, EchoFactory(), 5, 0o600, 1).getHost(), b"x") == b"x"
        assert await _ask(reactor.listenUDP(0, Answer(), LOOPBACK), socket.AF_INET, None) == b"A"
        assert await _ask(reactor.listenMulticast(0, Answer(), LOOPBACK), socket.AF_INET, None) == b"A"
        here = str(tmp_path / "c")
        assert await _ask(reactor.listenUNIXDatagram(gram, Answer()), socket.AF_UNIX, here) == b"A"
        client = reactor.connectUNIXDatagram(gram, Answer(), bindAddress=str(tmp_path / "e"))
        assert client.getHost() == str(tmp_path / "e")
        await lifecycle.stop(root)

    run(main())
    assert not list(tmp_path.glob("[sde]"))


async def _ask(port: Port, family: int, own: str | None) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        client.bind((LOOPBACK, 0) if own is None else own)
        client.connect(port.getHost())
        await loop.sock_sendall(client, b"a")
        return await loop.sock_recv(client, 10)


def test_what_was_recorded_survives_copies_and_pickles() -> None:
    """Ports and connections do; calls and triggers belong to the process."""
    keeper = ReactorService()
    keeper.open(_server())
    keeper.connect(_client())
    keeper.calls.later(1, print, (), {})
    for again in (copy.copy(keeper), pickle.loads(pickle.dumps(keeper))):  # noqa: S301 (made here)
        assert [each.endpoint.port for each in again] == [8007]
        assert list(again.connecting_to()) == [_client().endpoint]
        assert not again.calls.pending


def _server() -> Any:  # noqa: ANN401 (a server)
    return internet.TCPServer(8007, EchoFactory())


def _client() -> Any:  # noqa: ANN401 (a client)
    return internet.TCPClient("db.example", 5432, ClientFactory())


def test_wrong_arguments_are_errors_where_they_are_given() -> None:
    """And nothing is recorded."""
    with pytest.raises(UsageError):
        reactor.listenTCP(70000, EchoFactory())
    with pytest.raises(FactoryError):
        reactor.listenTCP(80, 5)
    with pytest.raises(UsageError):
        reactor.connectTCP("", 80, ClientFactory())
    assert reactor.getDelayedCalls() == []


@pytest.mark.parametrize("name", ["spawnProcess", "resolve", "iterate", "callMultipleTimes"])
def test_what_the_reactor_lacks_is_an_error_that_says_what_to_use(name: str) -> None:
    """As far as there is something."""
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
        getattr(reactor, name)


def test_it_comes_first_among_the_services_of_the_root(run: Run) -> None:
    """So that its ports and connections outlive those who use them; a name that is taken is left alone."""

    async def main() -> None:
        other = Service()
        other.setName("reactor")
        root = await start(application(other))
        reactor.callLater(100, print)
        assert isinstance(root[0], ReactorService)
        assert root.getServiceNamed("reactor") is other
        await lifecycle.stop(root)

    run(main())


def test_a_failure_of_a_startup_trigger_is_one_of_the_application(run: Run) -> None:
    """An application whose start-up function failed has not started as it should."""

    async def main() -> None:
        failures: list[ServiceFailedError] = []

        def broken() -> None:
            raise ValueError("no table")

        reactor.callWhenRunning(broken)
        root = application()
        lifecycle.on_failure(root, failures.append)
        await start(root)
        await until(lambda: failures)
        assert str(failures[0]) == "app/reactor failed: ValueError: no table"
        await lifecycle.stop(root)

    run(main())


def test_what_has_to_be_waited_for_cannot_be_opened_at_once(run: Run) -> None:
    """It is left as it was."""

    class Slow(Service):
        async def privilegedStartService(self) -> None:
            await asyncio.sleep(1)

    async def main() -> None:
        root = await start(application())
        reactor.callLater(100, print)
        service = Slow()
        with pytest.raises(LifecycleError, match="Slow cannot be opened at once"):
            root.getServiceNamed("reactor").open(service)
        assert service.parent is None
        await lifecycle.start(service)
        await lifecycle.stop(service)
        await lifecycle.stop(root)

    run(main())


def test_the_tree_that_was_bound_last_is_served(run: Run) -> None:
    """When it is down, the one before is again."""

    async def main() -> None:
        first, second = application(), application()
        await start(first)
        await start(second)
        reactor.listenTCP(0, EchoFactory(), interface=LOOPBACK)
        assert (len(first), len(second)) == (0, 1)
        await lifecycle.stop(second)
        reactor.listenTCP(0, EchoFactory(), interface=LOOPBACK)
        assert len(first) == 1
        await lifecycle.stop(first)

    run(main())
