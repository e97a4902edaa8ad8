"""A client that keeps its connection: every row of its table, with a peer and a clock that do what the test says."""

from __future__ import annotations

import asyncio
import logging

import pytest

from svcctl.application import lifecycle
from svcctl.application.tree.record import State, record_of
from svcctl.errors import ServiceFailedError
from tests.fakes.clock import settle
from tests.fakes.loop import run
from tests.unit.application.client_stage import Stage, by_hand


def test_the_start_makes_one_attempt_and_does_not_wait_for_it() -> None:
    """A peer that is down keeps no application from starting."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        assert (stage.client.running, stage.client.connected) == (True, False)
        assert len(stage.peer.attempts) == 1
        await stage.stop()

    run(main())


def test_a_start_while_it_runs_is_a_warning_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """By hand, that is; the driver starts nothing twice."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        stage.client.startService()
        await settle()
        assert len(stage.peer.attempts) == 1
        await stage.stop()

    run(main())
    assert [record.message for record in caplog.records] == ["client started while it runs"]


def test_failed_attempts_are_repeated_with_longer_delays_without_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each is announced in the log, with what the one before failed with."""

    async def main() -> None:
        stage = Stage()
        stage.client.setName("uplink")
        await stage.start()
        for failures in range(1, 21):
            await stage.fail()
            assert stage.clock.waiting == [stage.clock.now + 10.0 * failures]
            await stage.clock.advance(10.0 * failures - 1)
            assert len(stage.peer.attempts) == failures
            await stage.clock.advance(1)
            assert len(stage.peer.attempts) == failures + 1
        await stage.stop()

    with caplog.at_level(logging.INFO):
        run(main())
    assert [record.message for record in caplog.records] == ["scheduling retry"] * 20
    facts = vars(caplog.records[1])
    assert (facts["svcctl_path"], facts["svcctl_failures"], facts["svcctl_seconds"]) == ("uplink", 2, 20.0)
    assert facts["svcctl_error"] == "ConnectionRefusedError: nobody there"


def test_a_connection_resets_the_count_of_failures() -> None:
    """The first retry after it is number 1 again."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        for delay in (10, 20):
            await stage.fail()
            await stage.clock.advance(delay)
        await stage.connect()
        stage.peer.pipes[-1].lose()
        await settle()
        assert stage.clock.waiting == [stage.clock.now + 10]
        await stage.clock.advance(10)
        await stage.fail()
        assert stage.clock.waiting == [stage.clock.now + 20]
        await stage.stop()

    run(main())


def test_the_factory_is_told_of_the_service_not_of_each_attempt() -> None:
    """It starts with the service and stops with it."""

    async def main() -> list[str]:
        stage = Stage()
        await stage.start()
        await stage.fail()
        await stage.clock.advance(10)
        await stage.connect()
        stage.factory.heard.append("connected")
        await stage.stop()
        return stage.factory.heard

    assert run(main()) == ["start", "connected", "stop"]


def test_a_factory_that_refuses_is_a_failed_attempt() -> None:
    """It is tried again."""

    async def main() -> None:
        stage = Stage()
        stage.factory.refuses = True
        await stage.start()
        waiter = stage.client.whenConnected(failAfterFailures=1)
        stage.peer.accept()
        await settle()
        assert stage.clock.waiting == [10]
        with pytest.raises(ConnectionAbortedError, match="refused"):
            await waiter
        stage.factory.refuses = False
        await stage.clock.advance(10)
        await stage.connect()
        assert stage.client.connected
        await stage.stop()

    run(main())


def test_a_lost_connection_is_made_again_after_the_delay() -> None:
    """Whoever asks in between gets the next one."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        first = await stage.connect()
        stage.peer.pipes[0].lose(ConnectionResetError("reset"))
        await settle()
        assert first.heard == ["made", "lost ConnectionResetError"]
        assert not stage.client.connected
        waiter = stage.client.whenConnected()
        await stage.clock.advance(9)
        assert len(stage.peer.attempts) == 1
        await stage.clock.advance(1)
        second = await stage.connect()
        assert await waiter is second is not first
        await stage.stop()
        assert second.heard == ["made", "lost ConnectionDone"]

    run(main())


def test_a_stop_before_any_start_is_done_at_once() -> None:
    """So is another one after a stop."""

    async def main() -> None:
        stage = Stage()
        await by_hand(stage.client.stopService())
        assert stage.factory.heard == []
        await stage.start()
        await stage.stop()
        await by_hand(stage.client.stopService())
        assert stage.factory.heard == ["start", "stop"]

    run(main())


def test_a_stop_while_it_connects_cancels_the_attempt() -> None:
    """And is done when that is."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        await stage.stop()
        assert stage.peer.attempts[0].cancelled()
        assert stage.factory.built == []

    run(main())


def test_a_stop_in_the_moment_of_connecting_closes_the_connection() -> None:
    """The peer has accepted, and the service has not heard of it yet."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        stage.peer.accept()
        await asyncio.sleep(0)  # the endpoint goes on, and then the service would
        await stage.stop()
        assert all(talk.heard[-1] == "lost ConnectionDone" for talk in stage.factory.built)
        assert not stage.client.connected

    run(main())


def test_a_stop_while_it_waits_cancels_the_retry_and_the_waiters() -> None:
    """At once, without the clock."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        await stage.fail()
        waiter = stage.client.whenConnected()
        assert stage.clock.waiting == [10]
        await stage.stop()
        assert waiter.cancelled()
        await stage.clock.advance(100)
        assert len(stage.peer.attempts) == 1

    run(main())


def test_a_stop_while_connected_waits_for_the_end_of_the_connection() -> None:
    """The protocol has been told when the stop is done."""

    async def main() -> None:
        stage = Stage(obliging=False)
        await stage.start()
        talk = await stage.connect()
        stop = asyncio.ensure_future(lifecycle.stop(stage.client, budget=100.0))
        await settle()
        assert stage.peer.pipes[0].log == ["close"]
        assert not stop.done()
        assert record_of(stage.client).state is State.STOPPING
        stage.peer.pipes[0].lose()
        await stop
        assert talk.heard == ["made", "lost ConnectionDone"]

    run(main())


def test_a_connection_that_does_not_end_is_cut_off_at_the_limit() -> None:
    """And the stop says who it was."""

    async def main() -> ExceptionGroup[Exception]:
        stage = Stage(obliging=False)
        stage.client.setName("uplink")
        await stage.start()
        talk = await stage.connect()
        with pytest.raises(ExceptionGroup) as caught:
            await lifecycle.stop(stage.client, budget=5.0)
        assert stage.peer.pipes[0].log == ["close", "abort"]
        assert talk.heard == ["made", "lost ConnectionDone"]
        assert record_of(stage.client).state is State.STOPPED
        return caught.value

    (error,) = run(main()).exceptions
    assert str(error).startswith("uplink did not stop within 5 s")


def test_of_two_stops_both_are_done_at_the_end_of_the_connection() -> None:
    """The second one cuts nothing off."""

    async def main() -> None:
        stage = Stage(obliging=False)
        stage.client.startService()
        await settle()
        await stage.connect()
        stops = [by_hand(stage.client.stopService()) for _ in range(2)]
        await settle()
        assert [stop.done() for stop in stops] == [False, False]
        assert stage.peer.pipes[0].log == ["close"]
        stage.peer.pipes[0].lose()
        await asyncio.gather(*stops)
        assert not stage.client.running

    run(main())


def test_no_delayed_call_survives_a_stop_that_follows_a_failure_at_once() -> None:
    """Whatever happened in the same turn of the loop."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        stage.peer.refuse()
        await stage.stop()
        await stage.clock.advance(1000)
        assert len(stage.peer.attempts) == 1

    run(main())


def test_a_start_while_it_stops_waits_for_the_disconnect_and_then_connects() -> None:
    """The stop is done before that."""

    async def main() -> None:
        stage = Stage(obliging=False)
        stage.client.startService()
        await settle()
        await stage.connect()
        stop = by_hand(stage.client.stopService())
        await settle()
        stage.client.startService()
        waiter = stage.client.whenConnected()
        await settle()
        assert (stop.done(), len(stage.peer.attempts)) == (False, 1)
        stage.peer.pipes[0].lose()
        await settle()
        assert (stop.done(), len(stage.peer.attempts)) == (True, 2)
        assert stage.client.running
        assert await stage.connect() is await waiter
        assert stage.factory.heard == ["start"]
        stop = by_hand(stage.client.stopService())
        await settle()
        stage.peer.pipes[1].lose()
        await stop
        assert stage.factory.heard == ["start", "stop"]

    run(main())


def test_a_stop_while_it_restarts_goes_back_to_waiting_for_the_disconnect() -> None:
    """Both stops are done with it, and nothing connects afterwards."""

    async def main() -> None:
        stage = Stage(obliging=False)
        stage.client.startService()
        await settle()
        await stage.connect()
        first = by_hand(stage.client.stopService())
        await settle()
        stage.client.startService()
        waiter = stage.client.whenConnected()
        second = by_hand(stage.client.stopService())
        await settle()
        assert waiter.cancelled()
        assert (first.done(), second.done()) == (False, False)
        assert stage.peer.pipes[0].log == ["close"]
        stage.peer.pipes[0].lose()
        await asyncio.gather(first, second)
        await stage.clock.advance(1000)
        assert len(stage.peer.attempts) == 1
        assert stage.factory.heard == ["start", "stop"]
        assert not stage.client.running

    run(main())


def test_a_retry_policy_that_raises_is_a_failure_of_the_service() -> None:
    """It would never connect again, so it must not look as if it ran."""

    async def main() -> ServiceFailedError:
        stage = Stage()
        stage.client.setName("uplink")
        stage.client.retryPolicy = lambda failures: {0: 0.0}[failures]
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(stage.client, failures.append)
        await stage.start()
        waiter = stage.client.whenConnected()
        await stage.fail()
        assert not stage.client.running
        assert waiter.cancelled()
        await stage.stop()
        assert stage.factory.heard == ["start", "stop"]
        return failures[0]

    assert str(run(main())).startswith("uplink failed: KeyError")


def test_an_attempt_cancelled_by_somebody_else_is_a_failed_one() -> None:
    """Only its own stop ends the service."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        stage.peer.attempts[0].cancel()
        await settle()
        assert stage.client.running
        assert stage.clock.waiting == [10]
        await stage.stop()

    run(main())


def test_a_drain_asks_the_protocol_and_keeps_the_connection() -> None:
    """What other services still send goes through until this one is stopped."""

    async def main() -> None:
        stage = Stage()
        await stage.start()
        talk = await stage.connect()
        await stage.client.drain()
        assert stage.client.connected
        assert talk.heard == ["made"]
        await stage.stop()

    run(main())
