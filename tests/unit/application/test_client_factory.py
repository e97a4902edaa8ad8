"""Factories that are told how their connection goes, and connect again."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import pytest

from svcctl.application import lifecycle, protocol
from svcctl.application.clients.client import TCPClient
from svcctl.application.clients.factory import ClientFactory, ReconnectingClientFactory
from svcctl.application.internet import TCPServer
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.wire import Echo
from svcctl.errors import LifecycleError, ServiceFailedError
from tests.fakes.clock import Clock
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run
from tests.unit.application.test_client import LOOPBACK, free_port


class Calm(ReconnectingClientFactory):
    """Reconnects after 2, 4, 8 and then always 10 seconds of a clock of the test's."""

    protocol = Protocol
    factor = 2.0
    maxDelay = 10
    jitter = 0

    def __init__(self) -> None:
        self.clock = Clock()
        self.told = 0

    def clientConnectionFailed(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (connectors need no common class)
        """Count, and try again."""
        self.told += 1
        super().clientConnectionFailed(connector, reason)

    def clientConnectionLost(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (the same)
        """Count, and try again."""
        self.told += 1
        super().clientConnectionLost(connector, reason)


def test_it_tries_again_with_longer_delays_until_the_service_stops(run: Run) -> None:
    """No delayed call is left of it, and nothing connects after the stop."""

    async def main() -> list[float]:
        factory = Calm()
        client = TCPClient(LOOPBACK, free_port(), factory)
        await lifecycle.start(client)
        delays = []
        for attempts in range(1, 6):
            await until(lambda attempts=attempts: factory.told == attempts)
            assert factory.numPorts == 1
            (due,) = factory.clock.waiting
            delays.append(due - factory.clock.now)
            if attempts < 5:
                await factory.clock.advance(delays[-1])
        await lifecycle.stop(client)
        assert factory.clock.waiting == []
        assert factory.numPorts == 0
        return delays

    assert run(main()) == [2, 4, 8, 10, 10]


def test_it_comes_back_after_a_restart_of_the_server(run: Run) -> None:
    """A reset of the delay begins with the shortest one."""

    async def main() -> None:
        server = TCPServer(0, Factory.forProtocol(Echo), interface=LOOPBACK)
        await lifecycle.start(server)
        factory = Calm()
        client = TCPClient(LOOPBACK, server.address[1], factory)
        port = server.address[1]
        await lifecycle.start(client)
        for turn in range(1, 3):
            await until(lambda: client.connected)
            factory.resetDelay()
            await lifecycle.stop(server, budget=0.01)
            await until(lambda turn=turn: factory.told == turn)
            assert factory.clock.waiting == [factory.clock.now + 2]
            server = TCPServer(port, Factory.forProtocol(Echo), interface=LOOPBACK)
            await lifecycle.start(server)
            await factory.clock.advance(2)
        await until(lambda: client.connected)
        await lifecycle.stop(client)
        assert factory.told == 3
        assert factory.clock.waiting == []
        await lifecycle.stop(server)

    run(main())


def test_it_stops_trying_when_it_is_told_to(run: Run) -> None:
    """The delayed call is cancelled; a connection would stay."""

    async def main() -> None:
        factory = Calm()
        client = TCPClient(LOOPBACK, free_port(), factory)
        await lifecycle.start(client)
        await until(lambda: factory.told)
        factory.stopTrying()
        assert factory.clock.waiting == []
        factory.retry()
        assert factory.clock.waiting == []
        assert client.running
        await lifecycle.stop(client)

    run(main())


def test_an_attempt_in_progress_is_given_up_when_it_stops_trying(run: Run) -> None:
    """Even within the hook that says that it has begun."""

    class Reluctant(Calm):
        def startedConnecting(self, connector: Any) -> None:  # noqa: ANN401 (connectors need no common class)
            self.connector = connector
            self.stopTrying()

    async def main() -> None:
        factory = Reluctant()
        client = TCPClient(LOOPBACK, free_port(), factory)
        await lifecycle.start(client)
        assert factory.told == 1
        assert factory.clock.waiting == []
        await lifecycle.stop(client)
        assert factory.told == 1

    run(main())


def test_the_service_fails_when_the_retries_are_used_up(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing would ever happen any more, and it must not look as if it ran."""

    async def main() -> ServiceFailedError:
        factory = Calm()
        factory.maxRetries = 1
        client = TCPClient(LOOPBACK, free_port(), factory)
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(client, failures.append)
        await lifecycle.start(client)
        await until(lambda: factory.told == 1)
        assert failures == []
        await factory.clock.advance(2)
        await until(lambda: factory.told == 2)
        assert not client.running
        await lifecycle.stop(client)
        return failures[0]

    with caplog.at_level(logging.ERROR):
        assert "cannot connect to" in str(run(main()))
    assert "no more attempts to connect" in caplog.messages


def test_a_hook_that_connects_again_by_itself_does_so_until_the_service_stops(run: Run) -> None:
    """The oldest way to reconnect; after the stop, its wish is not heeded."""

    class Eager(ClientFactory):
        told = 0

        def clientConnectionFailed(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401, ARG002 (the framework's signature)
            self.told += 1
            connector.connect()

    async def main() -> None:
        factory = Eager()
        client = TCPClient(LOOPBACK, free_port(), factory)
        await lifecycle.start(client)
        await until(lambda: factory.told > 3)
        assert factory.numPorts == 1
        await lifecycle.stop(client)
        assert factory.numPorts == 0

    run(main())


@pytest.mark.parametrize("hook", ["clientConnectionFailed", "startFactory", "startedConnecting"])
def test_a_hook_that_raises_is_a_failure(run: Run, hook: str) -> None:
    """Of the start, or of the service if it had started."""

    def broken(*_arguments: object) -> None:
        raise LookupError(f"{hook} is broken")

    async def main() -> BaseException:
        factory = Calm()
        setattr(factory, hook, broken)
        client = TCPClient(LOOPBACK, free_port(), factory)
        failures: list[BaseException] = []
        lifecycle.on_failure(client, failures.append)
        try:
            await lifecycle.start(client)
        except Exception as error:  # noqa: BLE001 (the result of the test)
            return error
        await until(lambda: failures)
        await lifecycle.stop(client)
        return failures[0]

    assert f"{hook} is broken" in str(run(main()))


def test_the_delay_varies_by_the_jitter() -> None:
    """Around the exact one; never below 0."""

    class Later:
        def __init__(self) -> None:
            self.delays: list[float] = []

        def connect_later(self, delay: float, _clock: object) -> None:
            """Take note."""
            self.delays.append(delay)

    factory = ReconnectingClientFactory()
    later = Later()
    for _ in range(50):
        factory.resetDelay()
        factory.retry(later)
    assert len(set(later.delays)) > 1
    assert all(0 <= delay < 2 * factory.factor for delay in later.delays)


def test_there_is_nothing_to_retry_before_the_first_attempt() -> None:
    """The framework raised a builtin error of the same meaning."""
    with pytest.raises(LifecycleError, match="no connector to retry"):
        ReconnectingClientFactory().retry()


def test_it_is_loaded_as_one_that_has_not_tried_yet() -> None:
    """What it was told to be stays."""
    factory = ReconnectingClientFactory()
    factory.maxDelay = 7
    factory.retries, factory.delay, factory.continueTrying = 3, 5.0, False
    factory.connector = factory.clock = object()
    loaded: ReconnectingClientFactory = pickle.loads(pickle.dumps(factory))  # noqa: S301 (our own bytes)
    assert (loaded.maxDelay, loaded.retries, loaded.delay, loaded.continueTrying) == (7, 0, None, True)
    assert loaded.connector is loaded.clock is None


def test_they_are_found_where_the_framework_had_them() -> None:
    """Under the same names."""
    assert protocol.ClientFactory is ClientFactory
    assert protocol.ReconnectingClientFactory is ReconnectingClientFactory
