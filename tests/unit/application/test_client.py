"""Clients that connect once, against real servers on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import socket
from typing import Any

import pytest

from svcctl.application import internet, lifecycle
from svcctl.application.clients.client import SSLClient, TCPClient, UNIXClient
from svcctl.application.clients.factory import ClientFactory
from svcctl.application.internet import TCPServer
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.service import MultiService
from svcctl.application.wire import Echo
from svcctl.errors import (
    EX_UNAVAILABLE,
    ConnectError,
    FactoryError,
    ServiceFailedError,
    UsageError,
)
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run
from tests.unit.application.serving import FACTORIES, Upper, shout

LOOPBACK = "127.0.0.1"


class Asking(Protocol):
    """Asks once, and keeps what it hears."""

    def connectionMade(self) -> None:
        """Ask."""
        self.factory.heard.append("made")
        self.transport.write(b"question")

    def dataReceived(self, data: bytes) -> None:
        """Keep the answer."""
        self.factory.heard.append(data.decode())

    def connectionLost(self, reason: BaseException) -> None:
        """Keep the reason."""
        self.factory.heard.append(f"lost {type(reason).__name__}")


class Asks(ClientFactory):
    """Keeps what it is told."""

    protocol = Asking

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.reason: BaseException | None = None
        self.connector: Any = None

    @property
    def ended(self) -> bool:
        """Whether every protocol that was connected has been told of its end."""
        return self.heard.count("made") == sum(each.startswith("lost") for each in self.heard)

    def startFactory(self) -> None:
        """Take note."""
        self.heard.append("start")

    def stopFactory(self) -> None:
        """Take note."""
        self.heard.append("stop")

    def startedConnecting(self, connector: Any) -> None:  # noqa: ANN401 (connectors need no common class)
        """Take note."""
        self.heard.append(f"connecting {connector.state}")
        self.connector = connector

    def clientConnectionFailed(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (the same)
        """Take note."""
        self.heard.append(f"failed {connector.state}")
        self.reason = reason

    def clientConnectionLost(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (the same)
        """Take note."""
        self.heard.append(f"client lost {connector.state}")
        self.reason = reason


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        port: int = sock.getsockname()[1]
        return port


async def echo_server() -> TCPServer:
    """Return a server that runs."""
    server = TCPServer(0, Factory.forProtocol(Echo), interface=LOOPBACK)
    await lifecycle.start(server)
    return server


def test_a_factory_is_told_the_whole_story(run: Run) -> None:
    """The stop is done when both the protocol and the factory know that the connection is over."""

    async def main() -> list[str]:
        server = await echo_server()
        factory = Asks()
        client = TCPClient(LOOPBACK, server.address[1], factory)
        await lifecycle.start(client)
        await until(lambda: "question" in factory.heard)
        assert client.connected
        assert factory.connector.getDestination() == (LOOPBACK, server.address[1])
        await lifecycle.stop(client)
        heard = list(factory.heard)
        await lifecycle.stop(server)
        assert factory.heard == heard
        return heard

    assert run(main()) == [
        "start",
        "connecting connecting",
        "made",
        "question",
        "lost ConnectionDone",
        "client lost disconnected",
        "stop",
    ]


def test_a_refused_connection_is_told_to_the_factory_and_fails_nothing(run: Run) -> None:
    """There is no second attempt."""

    async def main() -> Asks:
        factory = Asks()
        client = TCPClient(LOOPBACK, free_port(), factory)
        await lifecycle.start(client)
        await until(lambda: factory.reason)
        assert client.running
        await asyncio.sleep(0)
        await lifecycle.stop(client)
        return factory

    factory = run(main())
    assert factory.heard == ["start", "connecting connecting", "failed disconnected", "stop"]
    assert isinstance(factory.reason, ConnectError)
    assert isinstance(factory.reason.__cause__, ConnectionRefusedError)
    assert "Connection refused" in str(factory.reason) or "Connect call failed" in str(factory.reason)


@pytest.mark.parametrize("factory", [Upper, shout, Factory.forProtocol(Echo)])
def test_without_a_hook_for_it_a_failed_attempt_is_a_failure_of_the_service(run: Run, factory: Any) -> None:  # noqa: ANN401 (kinds of factory)
    """The error names the path of the service and the host that does not resolve."""

    async def main() -> ServiceFailedError:
        tree = MultiService()
        tree.setName("shop")
        client = TCPClient("nonexistent.invalid", 80, factory)
        client.setName("uplink")
        tree.addService(client)
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(tree, failures.append)
        await lifecycle.start(tree)
        await until(lambda: failures)
        assert not client.running
        await lifecycle.stop(tree)
        return failures[0]

    error = run(main())
    assert str(error).startswith("shop/uplink failed: cannot connect to nonexistent.invalid:80: ")
    assert error.exit_status == EX_UNAVAILABLE
    assert error.hint


@pytest.mark.parametrize("factory", FACTORIES, ids=["class", "maker", "handler", "object", "framework"])
def test_every_kind_of_factory_gets_the_connection(run: Run, factory: Any) -> None:  # noqa: ANN401 (kinds of factory)
    """Here it is the client that answers in capitals."""

    async def main() -> bytes:
        answer = asyncio.get_running_loop().create_future()

        async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"quiet")
            answer.set_result(await reader.readexactly(5))

        server = TCPServer(0, ask, interface=LOOPBACK)
        await lifecycle.start(server)
        client = TCPClient(LOOPBACK, server.address[1], factory)
        await lifecycle.start(client)
        said: bytes = await answer
        await lifecycle.stop(client)
        await lifecycle.stop(server)
        return said

    assert run(main()) == b"QUIET"


def test_a_factory_that_refuses_is_told_of_a_failed_attempt(run: Run) -> None:
    """The connection is closed, and nobody is told of a loss."""

    class Refuses(Asks):
        def buildProtocol(self, addr: object) -> None:  # noqa: ARG002 (the framework's signature)
            return None

    async def main() -> Asks:
        server = await echo_server()
        factory = Refuses()
        client = TCPClient(LOOPBACK, server.address[1], factory)
        await lifecycle.start(client)
        await until(lambda: factory.reason)
        await lifecycle.stop(client)
        await lifecycle.stop(server)
        return factory

    factory = run(main())
    assert str(factory.reason).endswith(": the factory refused the connection")
    assert factory.heard == ["start", "connecting connecting", "failed disconnected", "stop"]


def test_it_connects_again_after_a_restart(run: Run) -> None:
    """And a copy of a running one is a stopped one."""

    async def main() -> int:
        server = await echo_server()
        factory = Asks()
        client = TCPClient(LOOPBACK, server.address[1], factory)
        for turn in range(1, 4):
            await lifecycle.start(client)
            await until(lambda turn=turn: factory.heard.count("question") == turn)
            twin = copy.copy(client)
            assert (twin.running, twin.connected) == (False, False)
            await lifecycle.stop(client)
        await lifecycle.stop(server)
        return factory.heard.count("lost ConnectionDone")

    assert run(main()) == 3


def test_a_stop_while_it_connects_gives_the_attempt_up(run: Run) -> None:
    """The factory is told, even if the attempt had not begun at all."""

    async def main() -> list[str]:
        server = await echo_server()
        factory = Asks()
        client = TCPClient(LOOPBACK, server.address[1], factory)
        await lifecycle.start(client)
        await lifecycle.stop(client)
        await lifecycle.stop(server)
        return factory.heard

    assert run(main()) == ["start", "connecting connecting", "failed disconnected", "stop"]


@pytest.mark.parametrize("budget", [5.0, 0.0])
def test_a_stop_in_the_middle_of_an_attempt_leaves_nothing(run: Run, budget: float) -> None:
    """Whatever turn of the loop it comes in, and even if it must not take any time."""

    async def main() -> None:
        server = await echo_server()
        for turns in range(20):
            factory = Asks()
            client = TCPClient(LOOPBACK, server.address[1], factory)
            await lifecycle.start(client)
            for _ in range(turns):
                await asyncio.sleep(0)
            with contextlib.suppress(ExceptionGroup):  # without any time, some hooks do not end in time
                await lifecycle.stop(client, budget)
            assert "stop" in factory.heard
            if budget:
                assert factory.heard[-1] == "stop"
                assert factory.ended
            await until(lambda factory=factory: factory.ended)
        await until(lambda: not server.connections)
        await lifecycle.stop(server)

    run(main())


def test_a_handler_that_does_not_end_is_cut_off_at_the_limit(run: Run) -> None:
    """It is cancelled, and the stop names the service."""
    ends: list[str] = []

    async def stubborn(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
            ends.append("end of the connection")
            await asyncio.get_running_loop().create_future()
        finally:
            ends.append("cancelled")

    async def main() -> ExceptionGroup[Exception]:
        server = await echo_server()
        client = TCPClient(LOOPBACK, server.address[1], stubborn)
        await lifecycle.start(client)
        await until(lambda: client.connected)
        with pytest.raises(ExceptionGroup) as caught:
            await lifecycle.stop(client, budget=0.05)
        await lifecycle.stop(server)
        return caught.value

    assert "did not stop within" in str(run(main()).exceptions[0])
    assert ends == ["end of the connection", "cancelled"]


def test_a_drain_asks_the_protocol(run: Run) -> None:
    """An asyncio protocol as well as one of the framework; the connection goes on meanwhile."""
    drained: list[str] = []

    class Polite(asyncio.Protocol):
        async def drain(self) -> None:
            drained.append("drained")

    async def main() -> None:
        server = await echo_server()
        client = TCPClient(LOOPBACK, server.address[1], Polite)
        await lifecycle.start(client)
        await until(lambda: client.connected)
        await client.drain()
        assert client.connected
        await lifecycle.stop(client)
        await lifecycle.stop(server)

    run(main())
    assert drained == ["drained", "drained"]


def test_it_connects_from_the_address_it_is_given(run: Run) -> None:
    """With a port of its own, if that is given, too."""
    port = free_port()

    async def main() -> list[Any]:
        peers: list[Any] = []

        async def look(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peers.append(writer.get_extra_info("peername"))

        server = TCPServer(0, look, interface=LOOPBACK)
        await lifecycle.start(server)
        for local in ("127.0.0.2", ("127.0.0.3", port)):
            client = TCPClient(LOOPBACK, server.address[1], Asks(), bindAddress=local)
            await lifecycle.start(client)
            await until(lambda: peers and peers[-1])
            await until(lambda local=local: peers[-1][0] == (local if isinstance(local, str) else local[0]))
            await lifecycle.stop(client)
        await lifecycle.stop(server)
        return peers

    first, second = run(main())
    assert first[0] == "127.0.0.2"
    assert second == ("127.0.0.3", port)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: TCPClient("", 80, Asks()), UsageError, "'' is no host"),
        (lambda: TCPClient("a b", 80, Asks()), UsageError, "'a b' is no host"),
        (lambda: TCPClient(5, 80, Asks()), UsageError, "5 is no host"),  # type: ignore[arg-type]
        (lambda: TCPClient("host", 0, Asks()), UsageError, "0 is no port"),
        (lambda: TCPClient("host", 70000, Asks()), UsageError, "70000 is no port"),
        (lambda: TCPClient("host", 80, Asks(), timeout=0), UsageError, "0 is no timeout"),
        (lambda: TCPClient("host", 80, Asks(), bindAddress=5), UsageError, "5 is no address"),  # type: ignore[arg-type]
        (lambda: TCPClient("host", 80, Asking), FactoryError, "is a protocol, not a factory"),
        (lambda: TCPClient("host", 80, Asks), FactoryError, "Asks is a class"),
        (lambda: SSLClient("host", 80, Asks(), "key.pem"), FactoryError, "makes no TLS context"),
        (lambda: UNIXClient("", Asks()), UsageError, "is no path"),
    ],
)
def test_wrong_arguments_are_refused(call: Any, error: type[Exception], message: str) -> None:  # noqa: ANN401 (a call that is wrong on purpose)
    """Where the user's line is."""
    with pytest.raises(error, match=message):
        call()


def test_a_client_says_where_it_connects() -> None:
    """For the description of the application."""
    (endpoint,) = TCPClient("example.org", 80, Asks(), timeout=None).connecting_to()
    assert (endpoint.host, endpoint.port, endpoint.timeout) == ("example.org", 80, 10**9)  # type: ignore[union-attr]


def test_they_are_found_where_the_framework_had_them() -> None:
    """Under the same names."""
    assert (internet.TCPClient, internet.SSLClient, internet.UNIXClient) == (TCPClient, SSLClient, UNIXClient)
