"""Waiting for the connection of a client, and preparing it."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from svcctl.application import internet, lifecycle
from svcctl.application.clients.service import ClientService
from svcctl.application.protocol import Factory
from svcctl.errors import ConnectError, EndpointError, FactoryError, UsageError
from tests.fakes.clock import settle
from tests.fakes.loop import run
from tests.fakes.peer import Peer
from tests.unit.application.client_stage import Stage, Talk


def test_waiters_get_the_protocol_of_the_application() -> None:
    """Before the start, while it connects, and while it is connected: the same one."""

    async def main() -> None:
        stage = Stage()
        early = stage.client.whenConnected()
        await stage.start()
        later = stage.client.whenConnected()
        protocol = await stage.connect()
        assert stage.client.connected
        assert protocol is await early is await later is await stage.client.whenConnected(1)
        protocol.transport.write(b"hello")
        assert stage.peer.pipes[0].log == ["write hello"]
        await stage.stop()

    run(main())


def test_waiters_are_cancelled_when_it_has_been_stopped() -> None:
    """Until it is started again: then they get the next connection."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        await stage.stop()
        assert stage.client.whenConnected().cancelled()
        await stage.start()
        waiter = stage.client.whenConnected()
        assert await stage.connect() is await waiter
        await stage.stop()

    run(main())


def test_a_waiter_fails_with_the_real_error_after_its_number_of_failures() -> None:
    """They count from its call on, and everybody has a number of their own."""

    async def main() -> None:
        stage = Stage()
        patient = stage.client.whenConnected()
        await stage.start()
        await stage.fail()
        one, two = stage.client.whenConnected(1), stage.client.whenConnected(failAfterFailures=2)
        await stage.clock.advance(10)
        real = OSError("the real one")
        stage.peer.refuse(real)
        await settle()
        assert one.exception() is real
        assert not two.done()
        await stage.clock.advance(20)
        await stage.fail()
        assert isinstance(two.exception(), ConnectionRefusedError)
        await stage.clock.advance(30)
        assert await stage.connect() is await patient
        await stage.stop()

    run(main())


def test_a_waiter_that_has_given_up_disturbs_nobody() -> None:
    """It was cancelled, by a time limit for instance."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        gone = [stage.client.whenConnected(), stage.client.whenConnected(1)]
        waiter = stage.client.whenConnected()
        for each in gone:
            each.cancel()
        await stage.fail()
        await stage.clock.advance(10)
        assert await stage.connect() is await waiter
        await stage.stop()

    run(main())


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "1"])
def test_a_wrong_number_of_failures_is_refused(number: Any) -> None:  # noqa: ANN401 (wrong on purpose)
    """At the call."""

    async def main() -> None:
        with pytest.raises(UsageError, match="is no number of failures"):
            Stage().client.whenConnected(number)

    run(main())


def test_each_connection_is_prepared_before_anybody_gets_it() -> None:
    """Those after a loss, too; the result does not matter."""
    prepared: list[Any] = []
    gates: list[asyncio.Future[str]] = []

    async def prepare(protocol: Any) -> str:  # noqa: ANN401 (protocols need no common class)
        prepared.append(protocol)
        gates.append(asyncio.get_running_loop().create_future())
        return await gates[-1]

    async def main() -> None:
        stage = Stage(prepare=prepare)
        await stage.start()
        for turn in range(2):
            waiter = stage.client.whenConnected()
            talk = await stage.connect()
            assert prepared[-1] is talk
            assert not waiter.done()
            assert not stage.client.connected
            gates[-1].set_result("ignored")
            await settle()
            assert waiter.result() is talk
            if turn == 0:
                stage.peer.pipes[-1].lose()
                await settle()
                await stage.clock.advance(10)
        await stage.stop()
        assert len(prepared) == 2

    run(main())


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_preparation_that_raises_is_a_failed_attempt(*, asynchronous: bool) -> None:
    """The connection is closed, and the next one is prepared anew."""
    error = ValueError("no such user")
    calls = 0

    def prepare(_protocol: Any) -> Any:  # noqa: ANN401 (protocols need no common class)
        nonlocal calls
        calls += 1
        if calls == 1 and not asynchronous:
            raise error
        return prepare_later(calls)

    async def prepare_later(call: int) -> None:
        await asyncio.sleep(0)
        if call == 1:
            raise error

    async def main() -> None:
        stage = Stage(prepare=prepare)
        await stage.start()
        waiter, strict = stage.client.whenConnected(), stage.client.whenConnected(1)
        talk = await stage.connect()
        assert strict.exception() is error
        assert talk.heard == ["made", "lost ConnectionDone"]
        assert stage.clock.waiting == [10]
        await stage.clock.advance(10)
        assert await stage.connect() is await waiter
        await stage.stop()

    run(main())


def test_a_connection_lost_while_it_is_prepared_is_a_failed_attempt() -> None:
    """The preparation is cancelled instead of waiting for ever."""
    ends: list[str] = []

    async def prepare(_protocol: Any) -> None:  # noqa: ANN401 (protocols need no common class)
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def main() -> None:
        stage = Stage(prepare=prepare)
        await stage.start()
        waiter = stage.client.whenConnected(1)
        await stage.connect()
        stage.peer.pipes[0].lose()
        await settle()
        with pytest.raises(ConnectionAbortedError, match="lost while it was prepared"):
            await waiter
        assert stage.clock.waiting == [10]
        await stage.clock.advance(10)
        await stage.connect()
        await stage.stop()

    run(main())
    assert ends == ["cancelled", "cancelled"]


def test_a_running_service_is_loaded_and_copied_as_a_stopped_one() -> None:
    """It connects when it is started."""

    async def main() -> ClientService:
        client = ClientService(Peer(), Factory.forProtocol(Talk))
        client.setName("uplink")
        await lifecycle.start(client)
        client.whenConnected()
        await settle()
        loaded: ClientService = pickle.loads(pickle.dumps(without_attempts(client)))  # noqa: S301 (our own bytes)
        await lifecycle.stop(client)
        assert (loaded.name, loaded.running, loaded.connected) == ("uplink", False, False)
        await lifecycle.start(loaded)
        await settle()
        peer: Peer = loaded.endpoint
        peer.accept()
        assert isinstance(await loaded.whenConnected(), Talk)
        await lifecycle.stop(loaded)
        return loaded

    def without_attempts(client: ClientService) -> ClientService:
        client.endpoint.attempts.clear()  # the fake's own, which no file could hold
        return client

    run(main())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((8080, Factory()), UsageError, "8080 is nothing to connect to"),
        ((Peer, Factory()), UsageError, "is nothing to connect to"),
        (("tcp:nowhere", Factory()), EndpointError, "endpoint 'tcp:nowhere'"),
        ((Peer(), Talk), FactoryError, "is a protocol, not a factory"),
        ((Peer(), Factory(), 5), UsageError, "5 cannot be called"),
        ((Peer(), Factory(), None, None, "prepare"), UsageError, "'prepare' cannot be called"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, error: type[Exception], message: str) -> None:  # noqa: ANN401 (wrong on purpose)
    """Where the user's line is."""
    with pytest.raises(error, match=message):
        ClientService(*arguments)


def test_it_is_found_where_the_framework_had_it() -> None:
    """Under the same name."""
    assert internet.ClientService is ClientService
    assert issubclass(ConnectError, OSError)
