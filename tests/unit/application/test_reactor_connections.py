"""The reactor: connections made through it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle, reactor
from svcctl.application.protocol import ClientFactory, Factory, Protocol
from svcctl.application.service import Service
from svcctl.application.tls import Certificate, client_context
from svcctl.application.wire import Echo
from tests.unit.application.clients import talk, until
from tests.unit.application.conftest import Run
from tests.unit.application.reacting import LOOPBACK, application, fresh_reactor, start  # noqa: F401 (a fixture)


class Greeter(Protocol):
    """Greets whoever connects, and writes down how it ends."""

    def connectionMade(self) -> None:
        """Greet."""
        self.transport.write(b"hi")


class Notes(ClientFactory):
    """A client's factory that writes down what it is told."""

    protocol = Greeter

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def startedConnecting(self, connector: Any) -> None:  # noqa: ANN401 (connectors need no common class)
        """Begin."""
        self.log.append(f"connecting to {connector.getDestination()[0]}")

    def clientConnectionFailed(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401, ARG002 (the same)
        """Fail."""
        self.log.append("failed")

    def clientConnectionLost(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401, ARG002 (the same)
        """Lose."""
        self.log.append("lost")


def test_a_connection_is_made_at_once_and_forgotten_when_it_is_over(run: Run) -> None:
    """What connects often does not grow; a stop closes what is left and waits for it."""
    log: list[str] = []

    async def main() -> None:
        root = await start(application())
        peer = socket.create_server((LOOPBACK, 0))
        connector = reactor.connectTCP(LOOPBACK, peer.getsockname()[1], Notes(log))
        assert (connector.state, log) == ("connecting", [f"connecting to {LOOPBACK}"])
        keeper = root.getServiceNamed("reactor")
        await until(lambda: connector.state == "connected")
        assert len(keeper.connections) == 1
        connector.disconnect()
        await until(lambda: "lost" in log)
        assert not keeper.connections
        connector.connect()
        await until(lambda: connector.state == "connected")
        await lifecycle.stop(root)
        assert log[-1] == "lost"
        assert not keeper.connections
        peer.close()

    run(main())


def test_an_attempt_that_fails_is_told_to_the_factory(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Or logged, if the factory has no hook for it; the application goes on."""
    log: list[str] = []

    async def main() -> None:
        with socket.create_server((LOOPBACK, 0)) as closed:
            port = closed.getsockname()[1]
        root = await start(application())
        reactor.connectTCP(LOOPBACK, port, Notes(log))
        reactor.connectTCP(LOOPBACK, port, Factory.forProtocol(Greeter))
        await until(lambda: "failed" in log and "connection of the reactor failed" in caplog.text)
        assert root.running
        assert not root.getServiceNamed("reactor").connections
        await lifecycle.stop(root)

    run(main())


def test_a_service_may_wait_in_its_start_for_what_it_asks_for(run: Run) -> None:
    """Nothing of the reactor waits for the service to be ready."""

    async def main() -> None:
        class Pair(Service):
            async def startService(self) -> None:
                port = reactor.listenTCP(0, Factory.forProtocol(Echo), interface=LOOPBACK)
                assert await talk(port.getHost(), b"self") == b"self"
                connector = reactor.connectTCP(LOOPBACK, port.getHost()[1], Notes([]))
                await until(lambda: connector.state == "connected")
                connector.disconnect()

        root = await start(application(Pair()))
        await lifecycle.stop(root)

    run(main())


def test_connections_speak_tls_and_unix(run: Run, pems: Path, tmp_path: Path) -> None:
    """Both ends through the reactor."""

    async def main() -> None:
        root = await start(application())
        logs: tuple[list[str], list[str]] = ([], [])
        certificate = Certificate(str(pems / "leaf.all"))
        port = reactor.listenSSL(0, Factory.forProtocol(Echo), certificate, interface=LOOPBACK)
        context = client_context(trustRoots=str(pems / "root.pem"))
        path = str(tmp_path / "s")
        reactor.listenUNIX(path, Factory.forProtocol(Echo))
        for connector in (
            reactor.connectSSL(LOOPBACK, port.getHost()[1], Notes(logs[0]), context),
            reactor.connectUNIX(path, Notes(logs[1])),
        ):
            await until(lambda connector=connector: connector.state == "connected")
            connector.disconnect()
        await until(lambda: all(log[-1] == "lost" for log in logs))
        await lifecycle.stop(root)

    run(main())


def test_recorded_connections_are_made_at_each_start(run: Run) -> None:
    """Before that nothing happens."""
    log: list[str] = []

    async def main() -> None:
        with socket.create_server((LOOPBACK, 0)) as server:
            connector = reactor.connectTCP(LOOPBACK, server.getsockname()[1], Notes(log))
            assert log == []
            root = application()
            for _ in range(2):
                await start(root)
                await until(lambda: connector.state == "connected")
                await lifecycle.stop(root)
        assert log == [f"connecting to {LOOPBACK}", "lost"] * 2

    run(main())
