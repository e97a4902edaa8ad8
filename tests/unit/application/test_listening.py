"""Accepting without losing a connection, and draining."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from svcctl.application.listening import Acceptor, protocol_maker
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.wire import Echo
from svcctl.errors import FactoryError
from tests.unit.application.clients import close, connect, dial, read_all, talk, until
from tests.unit.application.conftest import Run


def listener() -> socket.socket:
    """Return a listening socket on the loopback."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    return sock


async def serve(sock: socket.socket, factory: Any) -> Acceptor:  # noqa: ANN401 (three kinds of factory)
    """Accept on a socket."""
    acceptor = Acceptor(sock, protocol_maker(factory))
    acceptor.start()
    return acceptor


class Upper(asyncio.Protocol):
    """An asyncio protocol that returns what it gets in capitals."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(data.upper())


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Return what comes in capitals."""
    while data := await reader.read(1000):
        writer.write(data.upper())


class Shouting(Protocol):
    """The same in the framework's own terms."""

    def dataReceived(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(data.upper())


class ShoutingCallable:
    """An object that is a handler."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        await shout(reader, writer)


FACTORIES = [Upper, lambda: Upper(), shout, ShoutingCallable(), Factory.forProtocol(Shouting)]  # noqa: PLW0108 (a maker that is no class)


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


class ExhaustedSocket(socket.socket):
    """A listening socket for which there are no descriptors at first.

    Attributes:
        failures: How often it still fails.
    """

    failures = 2

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept, or fail."""
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def exhausted() -> ExhaustedSocket:
    """Return such a socket, listening on the loopback."""
    sock = ExhaustedSocket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    return sock


@pytest.fixture
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svcctl.application.listening._PAUSE", 0.01)


@pytest.mark.usefixtures("_short_pause")
def test_without_descriptors_it_waits_and_goes_on(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Instead of trying again at once, for ever."""

    async def main() -> None:
        with exhausted() as sock:
            acceptor = await serve(sock, shout)
            assert await talk(sock.getsockname(), b"hello") == b"HELLO"
            await acceptor.drain()

    run(main())
    assert [each.message for each in caplog.records] == ["cannot accept; waiting"] * 2


@pytest.mark.usefixtures("_short_pause")
@pytest.mark.parametrize("last_call", [False, True])
def test_a_stop_without_descriptors_does_not_listen_again_later(run: Run, *, last_call: bool) -> None:
    """Neither because of the pause before it nor because of its own last call."""

    async def main() -> None:
        sock = exhausted()
        sock.failures = 1
        acceptor = await serve(sock, shout)
        client = dial(sock.getsockname())
        if last_call:
            acceptor.last_call()
        else:
            await until(lambda: not sock.failures)
            acceptor.stop()
        sock.close()
        await asyncio.sleep(0.05)
        client.close()
        await acceptor.drain()

    run(main())


EXHAUSTION = """
import asyncio, logging, resource, socket, sys
from svcctl.application.listening import Acceptor, protocol_maker

logging.basicConfig(format="%(message)s", stream=sys.stdout)

async def echo(reader, writer):
    writer.write(await reader.read(100))

async def main():
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    acceptor = Acceptor(sock, protocol_maker(echo))
    acceptor.start()
    client = socket.create_connection(sock.getsockname())
    client.sendall(b"served\\n")
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    try:
        while True:
            held.append(open("/dev/null"))
    except OSError:
        pass
    while acceptor._pause is None:
        await asyncio.sleep(0)
    for each in held:
        each.close()
    acceptor._pause.cancel()
    acceptor.start()
    client.setblocking(False)
    sys.stdout.write((await asyncio.get_running_loop().sock_recv(client, 100)).decode())
    client.close()
    await acceptor.drain()

asyncio.run(main())
"""


def test_a_process_that_is_really_out_of_descriptors_serves_again_afterwards() -> None:
    """The fake above does what the system does."""
    command = [sys.executable, "-P", "-c", EXHAUSTION]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "cannot accept; waiting\nserved\n"


def test_the_backlog_is_accepted_in_portions(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of new connections does not keep the old ones from being served."""
    monkeypatch.setattr("svcctl.application.listening._AT_ONCE", 2)

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, shout)
            clients = [dial(sock.getsockname()) for _ in range(5)]
            seen: set[int] = set()

            def enough() -> bool:
                seen.add(len(acceptor.connections))
                return len(acceptor.connections) == 5

            while not enough():  # noqa: ASYNC110 (each single turn of the loop counts)
                await asyncio.sleep(0)
            assert max(b - a for a, b in zip(sorted(seen), sorted(seen)[1:], strict=False)) <= 2
            for client in clients:
                client.close()
            await acceptor.drain()

    run(main())


def test_connections_are_counted_from_the_moment_they_are_accepted(run: Run) -> None:
    """Before anything is attached to them, until they are closed."""
    counts: list[int] = []

    def make(acceptors: list[Acceptor]) -> Callable[[], Upper]:
        def maker() -> Upper:
            counts.append(len(acceptors[0].connections))
            return Upper()

        return maker

    async def main() -> None:
        with listener() as sock:
            acceptors: list[Acceptor] = []
            acceptors.append(await serve(sock, make(acceptors)))
            await talk(sock.getsockname())
            await until(lambda: not acceptors[0].connections)
            await acceptors[0].drain()

    run(main())
    assert counts == [1]
