"""No accepted connection is lost at a stop."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest

from svcctl.application.protocol import Factory, Protocol
from tests.unit.application.clients import close, connect, dial, read_all, talk, until
from tests.unit.application.conftest import Run
from tests.unit.application.serving import (
    FACTORIES,
    Upper,
    listener,
    serve,
    shout,
)


class Polite(Protocol):
    """A protocol that finishes what it does when it is asked to."""

    asked = 0

    def drain(self) -> None:
        """Say goodbye."""
        self.asked += 1
        self.transport.write(b"bye")
        self.transport.loseConnection()


class PoliteAsyncio(Upper):
    """The same over asyncio, with a coroutine."""

    async def drain(self) -> None:
        """Say goodbye."""
        await asyncio.sleep(0)
        self.transport.write(b"bye")
        self.transport.close()


def test_a_connection_accepted_in_the_same_turn_as_the_stop_is_served(run: Run) -> None:
    """The reason why asyncio's own server is not used: it drops what is accepted but not attached yet."""

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, shout)
            clients = [dial(sock.getsockname()) for _ in range(20)]
            for client in clients:
                client.sendall(b"hello")
                client.shutdown(socket.SHUT_WR)
            while not acceptor.connections:  # noqa: ASYNC110 (each single turn of the loop counts)
                await asyncio.sleep(0)
            assert not any(
                each.transport for each in acceptor.connections
            )  # accepted just now, attached to nothing
            await acceptor.drain()
            assert [read_all(client) for client in clients] == [b"HELLO"] * 20
            for client in clients:
                client.close()

    run(main())


def test_the_last_call_serves_those_who_wait_in_the_backlog(run: Run) -> None:
    """Nobody else will, once the socket is closed."""

    async def main() -> None:
        sock = listener()
        acceptor = await serve(sock, shout)
        clients = [dial(sock.getsockname()) for _ in range(20)]
        acceptor.last_call()
        sock.close()
        for client in clients:
            client.sendall(b"hello")
            client.shutdown(socket.SHUT_WR)
        await acceptor.drain()
        assert [read_all(client) for client in clients] == [b"HELLO"] * 20
        for client in clients:
            client.close()

    run(main())


def test_a_drain_waits_for_the_connections_in_flight(run: Run) -> None:
    """Each one goes on until it is over."""

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, shout)
            reader, writer = await connect(sock.getsockname())
            await until(lambda: acceptor.connections)
            drain = asyncio.ensure_future(acceptor.drain())
            writer.write(b"still here")
            assert await reader.readexactly(10) == b"STILL HERE"
            assert not drain.done()
            await close(writer)
            await drain

    run(main())


@pytest.mark.parametrize("factory", [Factory.forProtocol(Polite), PoliteAsyncio], ids=["plain", "async"])
def test_a_drain_asks_protocols_to_finish(run: Run, factory: Any) -> None:  # noqa: ANN401 (three kinds of factory)
    """Their `drain()` may be of either kind."""

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, factory)
            reader, writer = await connect(sock.getsockname())
            await until(lambda: any(each.transport for each in acceptor.connections))
            await acceptor.drain()
            assert await reader.read() == b"bye"
            await close(writer)

    run(main())


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_protocol_whose_drain_fails_does_not_keep_the_others_from_being_asked(
    run: Run, caplog: pytest.LogCaptureFixture, *, asynchronous: bool
) -> None:
    """It is logged, and its connection waited for."""

    class Rude(Upper):
        def drain(self) -> object:
            if asynchronous:
                return self.fail()
            raise ValueError("why?")

        async def fail(self) -> None:
            raise ValueError("why?")

    protocols = iter([Rude(), PoliteAsyncio()])

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, lambda: next(protocols))
            rude = await connect(sock.getsockname())
            polite = await connect(sock.getsockname())
            await until(lambda: sum(bool(each.transport) for each in acceptor.connections) == 2)
            drain = asyncio.ensure_future(acceptor.drain())
            assert await polite[0].read() == b"bye"
            await close(polite[1])
            assert not drain.done()
            await close(rude[1])
            await drain

    run(main())
    assert [each.message for each in caplog.records] == ["drain() of a protocol failed"]


def test_two_drains_at_the_same_time_end_both_and_ask_once(run: Run) -> None:
    """A tree may drain while somebody stops one service of it."""
    protocol = Polite()
    factory = Factory.forProtocol(lambda: protocol)

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, factory)
            _, writer = await connect(sock.getsockname())
            await until(lambda: any(each.transport for each in acceptor.connections))
            await asyncio.gather(acceptor.drain(), acceptor.drain())
            await close(writer)

    run(main())
    assert protocol.asked == 1


@pytest.mark.parametrize("factory", FACTORIES, ids=["class", "maker", "handler", "object", "framework"])
def test_connections_that_are_left_when_the_time_is_over_are_cut_off(
    run: Run,
    caplog: pytest.LogCaptureFixture,
    factory: Any,  # noqa: ANN401 (three kinds of factory)
) -> None:
    """And that is logged with their number."""

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, factory)
            clients = [dial(sock.getsockname()) for _ in range(3)]
            await until(lambda: sum(bool(each.transport) for each in acceptor.connections) == 3)
            drain = asyncio.ensure_future(acceptor.drain())
            await asyncio.sleep(0)
            drain.cancel()
            await drain
            await until(lambda: not acceptor.connections)
            for client in clients:
                assert read_all(client) == b""
                client.close()

    run(main())
    (record,) = caplog.records
    assert (record.message, record.svcctl_connections) == ("connections cut off", 3)  # type: ignore[attr-defined]  # given as extra


def test_a_handler_that_outlives_its_connection_is_waited_for(run: Run) -> None:
    """It may still have something to write down."""
    done: list[bool] = []
    go_on = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await go_on.wait()
        done.append(True)

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, handler)
            assert await talk(sock.getsockname()) == b""
            drain = asyncio.ensure_future(acceptor.drain())
            for _ in range(20):
                await asyncio.sleep(0)
            assert not drain.done()
            go_on.set()
            await drain
            assert done == [True]

    run(main())


def test_a_client_that_vanishes_is_no_news(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing above the level of debugging is logged."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.write(b"x" * 10_000_000)
        await writer.drain()

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, handler)
            client = dial(sock.getsockname())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            await until(lambda: acceptor.connections)
            client.close()  # with a reset
            await acceptor.drain()

    with caplog.at_level(logging.INFO):
        run(main())
    assert caplog.records == []
