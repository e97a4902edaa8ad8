"""Accepting without losing a connection, and draining."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.servers.listening import protocol_maker
from svcctl.application.wire import Echo
from svcctl.errors import FactoryError
from tests.unit.application.clients import dial, talk, until
from tests.unit.application.conftest import Run
from tests.unit.application.serving import (
    FACTORIES,
    Shouting,
    Upper,
    listener,
    serve,
)


@pytest.mark.parametrize("factory", FACTORIES, ids=["class", "maker", "handler", "object", "framework"])
def test_each_kind_of_factory_serves(run: Run, factory: Any) -> None:  # noqa: ANN401 (three kinds of factory)
    """An asyncio protocol's class or maker, an async handler, a factory of the framework."""

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, factory)
            assert await talk(sock.getsockname(), b"hello") == b"HELLO"
            await acceptor.drain()
            assert acceptor.connections == set()

    run(main())


@pytest.mark.parametrize(
    ("factory", "message", "hint"),
    [
        (42, "42 is no factory", "async def handler"),
        (Upper(), "is no factory", "asyncio protocol's class"),
        (Shouting, "Shouting is a protocol, not a factory", "Factory.forProtocol(Shouting)"),
        (Factory, "Factory is a class", "Factory()"),
        (lambda reader, writer: (reader, writer), "cannot be called without arguments", "async def handler"),
    ],
)
def test_what_is_no_factory_is_refused_with_a_hint(factory: Any, message: str, hint: str) -> None:  # noqa: ANN401 (what is no factory)
    """Where it is given, not at the first connection."""
    with pytest.raises(FactoryError) as caught:
        protocol_maker(factory)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert isinstance(caught.value, TypeError)


def test_a_factory_written_in_c_is_believed() -> None:
    """It does not say what it takes; what it returns is looked at once it has been called."""
    make = protocol_maker(dict)
    with pytest.raises(FactoryError, match=r"dict returned \{\} instead"):
        make(None)


def test_a_factory_may_refuse_a_connection(run: Run) -> None:
    """By returning nothing; the others are served."""

    class Choosy(Factory):
        seen = 0

        def buildProtocol(self, addr: Any) -> Any:  # noqa: ANN401 (as in the base class)
            self.seen += 1
            return None if self.seen == 1 else super().buildProtocol(addr)

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, Choosy.forProtocol(Echo))
            assert await talk(sock.getsockname()) == b""
            assert await talk(sock.getsockname(), b"x") == b"x"
            await acceptor.drain()

    run(main())


def test_a_factory_that_raises_costs_its_own_connection_alone(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged."""
    calls: list[int] = []

    def make() -> asyncio.BaseProtocol:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("not today")
        return Upper()

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, make)
            assert await talk(sock.getsockname()) == b""
            assert await talk(sock.getsockname(), b"x") == b"X"
            await acceptor.drain()

    run(main())
    assert [each.message for each in caplog.records] == ["factory failed; connection closed"]


class Misled:
    """Looks like a factory of the framework, and builds what it was given."""

    def __init__(self, protocol: object) -> None:
        self.protocol = protocol

    def buildProtocol(self, _addr: object) -> object:
        """Return it."""
        return self.protocol


@pytest.mark.parametrize(
    ("factory", "told", "hint"),
    [
        (lambda: 1, "<lambda> returned 1 instead of a protocol", "asyncio protocol"),
        (lambda: Upper, "instead of a protocol", "call the class: Upper()"),
        (lambda: Shouting(), "instead of a protocol", "Factory.forProtocol(Shouting)"),  # noqa: PLW0108 (a maker that is no class)
        (Misled(2), "Misled.buildProtocol returned 2 instead of a protocol", "None to refuse"),
        (Misled(Upper()), "instead of a protocol", "give Upper in place of the factory"),
        (Misled(Shouting), "instead of a protocol", "call the class: Shouting()"),
    ],
    ids=["number", "class", "framework's", "built number", "built asyncio's", "built class"],
)
def test_what_a_factory_returns_instead_of_a_protocol_is_told_in_one_line(
    run: Run,
    caplog: pytest.LogCaptureFixture,
    factory: Any,  # noqa: ANN401 (three kinds of factory)
    told: str,
    hint: str,
) -> None:
    """With the service that has the factory; no frames of ours or asyncio's would say more."""
    server = StreamServerEndpointService("tcp:0:interface=127.0.0.1", factory)
    server.setName("web")

    async def main() -> None:
        await lifecycle.start(server)
        assert await talk(server.address) == b""
        await lifecycle.stop(server, 1.0)

    run(main())
    (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.message == "factory returned no protocol; connection closed"
    assert record.exc_info is None
    facts = vars(record)
    assert facts["svcctl_path"] == "web"
    assert told in facts["svcctl_error"]
    assert hint in facts["svcctl_hint"]


def test_a_protocol_that_cannot_begin_loses_its_connection(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody would attend to it otherwise, and a stop would wait for it."""

    class Broken(Protocol):
        def connectionMade(self) -> None:
            raise ValueError("not today")

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, Factory.forProtocol(Broken))
            client = dial(sock.getsockname())
            await until(lambda: caplog.records and not acceptor.connections)
            client.close()
            await acceptor.drain()

    run(main())
    assert [each.message for each in caplog.records] == ["connectionMade failed; connection closed"]


def test_a_handler_that_raises_costs_its_own_connection_alone(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged; what it had written is sent."""

    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"before")
        raise ValueError("not today")

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, handler)
            assert await talk(sock.getsockname()) == b"before"
            await acceptor.drain()

    run(main())
    assert [each.message for each in caplog.records] == ["handler failed; connection closed"]
