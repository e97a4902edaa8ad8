"""The framework's protocols and factories over asyncio."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.internet import TCPServer
from svcctl.application.protocol import ConnectionDone, Factory, Protocol, ServerFactory
from tests.unit.application.clients import close, connect, dial, until
from tests.unit.application.conftest import Run


class Noting(Protocol):
    """A protocol that keeps what happens to it."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    def connectionMade(self) -> None:
        """Begin."""
        self.log.append(("made", self.connected, self.transport.getPeer(), self.transport.getHost()))

    def dataReceived(self, data: bytes) -> None:
        """Take data."""
        self.log.append(data)

    def connectionLost(self, reason: BaseException) -> None:
        """End."""
        self.log.append(("lost", self.connected, type(reason)))


async def serve(protocol: Any) -> TCPServer:  # noqa: ANN401 (a protocol or what makes one)
    """Start a server for one protocol."""
    service = TCPServer(0, Factory.forProtocol(lambda: protocol), interface="127.0.0.1")
    await lifecycle.start(service)
    return service


def test_a_protocol_lives_from_its_connection_to_its_loss(run: Run) -> None:
    """It knows both addresses, its factory, and that an orderly close is one."""
    protocol = Noting()

    async def main() -> tuple[Any, Any, Any]:
        service = await serve(protocol)
        _, writer = await connect(service.address)
        here, there = writer.get_extra_info("sockname"), service.address
        writer.write(b"data")
        await until(lambda: b"data" in protocol.log)
        await close(writer)
        await until(lambda: len(protocol.log) == 3)
        await lifecycle.stop(service)
        return service.factory, here, there

    factory, here, there = run(main())
    assert protocol.factory is factory
    assert protocol.log == [("made", True, here, there), b"data", ("lost", False, ConnectionDone)]


def test_a_reset_is_the_reason_of_the_loss(run: Run) -> None:
    """And no orderly close."""
    protocol = Noting()

    async def main() -> None:
        service = await serve(protocol)
        client = dial(service.address)
        client.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER: close with a reset
        await until(lambda: protocol.log)
        client.close()
        await until(lambda: len(protocol.log) == 2)
        await lifecycle.stop(service)

    run(main())
    assert protocol.log[-1] == ("lost", False, ConnectionResetError)


def test_what_was_written_is_sent_before_the_connection_is_lost(run: Run) -> None:
    """In order, however much it is."""

    class Talking(Protocol):
        def connectionMade(self) -> None:
            self.transport.write(b"a" * 1_000_000)
            self.transport.writeSequence([b"b", b"c"])
            self.transport.loseConnection()

    async def main() -> bytes:
        service = await serve(Talking())
        reader, writer = await connect(service.address)
        data = await reader.read()
        await close(writer)
        await lifecycle.stop(service)
        return data

    assert run(main()) == b"a" * 1_000_000 + b"bc"


def test_an_aborted_connection_is_lost_at_once(run: Run) -> None:
    """Whatever has not been sent is lost."""

    class Aborting(Protocol):
        lost = False

        def connectionMade(self) -> None:
            self.transport.write(b"a" * 10_000_000)
            self.transport.abortConnection()

        def connectionLost(self, reason: BaseException) -> None:  # noqa: ARG002 (as in the base class)
            self.lost = True

    protocol = Aborting()

    async def main() -> None:
        service = await serve(protocol)
        client = dial(service.address)
        await until(lambda: protocol.lost)
        client.close()
        await lifecycle.stop(service)

    run(main())


def test_a_slow_reader_pauses_the_writer(run: Run) -> None:
    """If the protocol wants to know."""

    class Writing(Protocol):
        def __init__(self) -> None:
            self.log: list[str] = []

        def connectionMade(self) -> None:
            self.transport.write(b"a" * 20_000_000)

        def pauseProducing(self) -> None:
            self.log.append("pause")

        def resumeProducing(self) -> None:
            self.log.append("resume")
            self.transport.loseConnection()

    protocol = Writing()

    async def main() -> int:
        service = await serve(protocol)
        reader, writer = await connect(service.address)
        await until(lambda: protocol.log)
        size = len(await reader.read())
        await close(writer)
        await lifecycle.stop(service)
        return size

    assert run(main()) == 20_000_000
    assert protocol.log == ["pause", "resume"]


def test_a_protocol_needs_no_common_class(run: Run) -> None:
    """What counts is what it can do."""

    class Foreign:
        def makeConnection(self, transport: Any) -> None:  # noqa: ANN401 (a transport)
            self.transport = transport

        def dataReceived(self, data: bytes) -> None:
            self.transport.write(data)

        def connectionLost(self, reason: BaseException) -> None:
            pass

    async def main() -> bytes:
        service = await serve(Foreign())
        reader, writer = await connect(service.address)
        writer.write(b"x")
        data = await reader.read(1)
        await close(writer)
        await lifecycle.stop(service)
        return data

    assert run(main()) == b"x"


def test_a_factory_makes_protocols_that_know_it() -> None:
    """By its attribute, by `forProtocol`, or by a subclass's own way."""

    class Mine(ServerFactory):
        protocol = Noting

    factory = Mine()
    assert factory.buildProtocol(None).factory is factory
    assert isinstance(ServerFactory.forProtocol(Noting).buildProtocol(None), Noting)


def test_a_factory_without_a_protocol_says_what_to_do() -> None:
    """A mistake in the application's file."""
    with pytest.raises(
        TypeError, match="ServerFactory has no protocol: set its attribute or use forProtocol"
    ):
        ServerFactory().buildProtocol(None)


def test_a_factory_is_prepared_for_the_first_server_and_cleaned_up_after_the_last() -> None:
    """And a stop too many does no harm."""
    log: list[str] = []

    class Told(Factory):
        def startFactory(self) -> None:
            log.append("start")

        def stopFactory(self) -> None:
            log.append("stop")

    factory = Told()
    factory.doStart()
    factory.doStart()
    assert copy.copy(factory).numPorts == 0
    factory.doStop()
    assert log == ["start"]
    factory.doStop()
    factory.doStop()
    assert (log, factory.numPorts) == (["start", "stop"], 0)


def test_a_base_protocol_does_nothing(run: Run) -> None:
    """Every method may be left out."""

    async def main() -> None:
        service = await serve(Protocol())
        _, writer = await connect(service.address)
        writer.write(b"x")
        await close(writer)
        await until(lambda: not service.connections)
        await asyncio.sleep(0)
        await lifecycle.stop(service)

    run(main())
