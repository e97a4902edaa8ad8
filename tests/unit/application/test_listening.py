"""Accepting without losing a connection, and draining."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

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
    """It does not say what it takes."""
    made: object = protocol_maker(dict)(None)
    assert made == {}


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
