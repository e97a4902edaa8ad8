"""The reactor: delayed calls, threads, triggers around the start and the stop, and the stop itself."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import uvloop

from svcctl.application import lifecycle, reactor
from svcctl.application.protocol import Factory
from svcctl.application.reacting.errors import AlreadyCalled, AlreadyCancelled, ReactorNotRunning
from svcctl.application.service import Service
from svcctl.application.wire import Echo
from svcctl.errors import UsageError
from tests.fakes import loop as jumping
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run
from tests.unit.application.reacting import application, fresh_reactor, start  # noqa: F401 (a fixture)


def note(log: list[Any], *facts: object, **more: object) -> None:
    """Write down when and how it was called."""
    log.append((reactor.seconds(), *facts, *more.items()))


def test_delayed_calls_are_made_when_they_are_due() -> None:
    """Those of a file that is being loaded count from the start."""
    log: list[Any] = []
    early = reactor.callLater(5, note, log, "early", delay="word")
    assert early.active()

    async def main() -> None:
        root = await start(application())
        reactor.callLater(2, note, log, "late")
        assert early.getTime() == 1005
        assert len(reactor.getDelayedCalls()) == 2
        await asyncio.sleep(10)
        assert reactor.getDelayedCalls() == []
        assert not early.active()
        await lifecycle.stop(root)

    jumping.run(main())
    assert log == [(1002, "late"), (1005, "early", ("delay", "word"))]


def test_a_delayed_call_can_be_put_off_and_cancelled() -> None:
    """As long as it has not been made."""
    log: list[Any] = []

    async def main() -> None:
        root = await start(application())
        first = reactor.callLater(5, note, log, "first")
        second = reactor.callLater(5, note, log, "second")
        third = reactor.callLater(5, note, log, "third")
        await asyncio.sleep(1)
        first.reset(10)
        second.delay(2)
        third.cancel()
        assert (first.getTime(), second.getTime()) == (1011, 1007)
        await asyncio.sleep(20)
        for change in (first.cancel, lambda: first.reset(1), lambda: second.delay(1)):
            with pytest.raises(AlreadyCalled, match="has been made already"):
                change()
        with pytest.raises(AlreadyCancelled, match="has been cancelled already"):
            third.cancel()
        await lifecycle.stop(root)

    jumping.run(main())
    assert log == [(1007, "second"), (1011, "first")]


def test_a_call_can_be_put_off_and_cancelled_before_there_is_a_loop() -> None:
    """It is the application's start that counts."""
    log: list[Any] = []
    reactor.callLater(5, note, log, "cancelled").cancel()
    reactor.callLater(5, note, log, "reset").reset(1)
    reactor.callLater(5, note, log, "delayed").delay(1)

    async def main() -> None:
        root = await start(application())
        await asyncio.sleep(20)
        await lifecycle.stop(root)

    jumping.run(main())
    assert log == [(1001, "reset"), (1006, "delayed")]


def test_calls_that_are_not_due_are_dropped_at_the_stop() -> None:
    """Nothing of an application happens after its end."""
    log: list[Any] = []

    async def main() -> None:
        root = await start(application())
        call = reactor.callLater(5, note, log)
        await lifecycle.stop(root)
        assert not call.active()
        await asyncio.sleep(10)

    jumping.run(main())
    assert log == []


def test_what_a_call_raises_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """A plain function's, and a coroutine function's; other calls are made all the same."""
    log: list[Any] = []

    def broken() -> None:
        raise ValueError("plain")

    async def broken_later() -> None:
        await asyncio.sleep(1)
        raise ValueError("awaited")

    async def main() -> None:
        root = await start(application())
        reactor.callLater(1, broken)
        reactor.callLater(1, broken_later)
        reactor.callLater(1, note, log, "fine")
        await asyncio.sleep(5)
        assert root.running
        await lifecycle.stop(root)

    jumping.run(main())
    assert log == [(1001, "fine")]
    assert "ValueError: plain" in caplog.text
    assert "ValueError: awaited" in caplog.text
    assert "Traceback" in caplog.text


def test_what_a_call_still_does_at_the_stop_is_cancelled() -> None:
    """As asyncio's tasks are at the end of their loop."""
    log: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            log.append("cancelled")

    async def main() -> None:
        root = await start(application())
        reactor.callLater(0, endless)
        await asyncio.sleep(1)
        await lifecycle.stop(root)

    jumping.run(main())
    assert log == ["cancelled"]


@pytest.mark.parametrize("delay", [-1, float("nan"), "1", None, True])
def test_what_is_no_delay_is_refused(delay: Any) -> None:  # noqa: ANN401 (whatever users give)
    """Where it is given."""
    with pytest.raises(UsageError, match="is no delay"):
        reactor.callLater(delay, print)
    with pytest.raises(UsageError, match="is no delay"):
        reactor.callLater(1, print).reset(delay)


def test_what_cannot_be_called_is_refused() -> None:
    """By every function that is going to call it."""
    nothing: Any = 5
    for function in (reactor.callFromThread, reactor.callInThread, reactor.callWhenRunning):
        with pytest.raises(UsageError, match="cannot be called"):
            function(nothing)
    with pytest.raises(UsageError, match="cannot be called"):
        reactor.callLater(1, nothing)
    with pytest.raises(UsageError, match="cannot be called"):
        reactor.addSystemEventTrigger("before", "shutdown", nothing)


def test_it_runs_when_all_services_are_ready(run: Run) -> None:
    """What is to be called then waits for it; afterwards calls are made at once."""
    log: list[str] = []

    class Watching(Service):
        async def startService(self) -> None:
            assert not reactor.running
            reactor.callWhenRunning(log.append, "from a start")
            await asyncio.sleep(0)
            log.append("started")

    async def main() -> None:
        reactor.callWhenRunning(log.append, "recorded")
        root = await start(application(Watching()))
        await until(lambda: len(log) == 3)
        assert log == ["started", "recorded", "from a start"]
        assert reactor.running
        assert reactor.callWhenRunning(log.append, "at once") is None
        assert log[-1] == "at once"
        await lifecycle.stop(root)
        assert not reactor.running

    run(main())


def test_triggers_are_called_in_their_phases(run: Run) -> None:
    """Around the stop of the services and of the reactor's own ports; what has to be awaited is waited for."""
    log: list[str] = []

    class Using(Service):
        def startService(self) -> None:
            self.port = reactor.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1")
            for phase in ("after", "during", "before"):
                for event in ("startup", "shutdown"):
                    reactor.addSystemEventTrigger(phase, event, self.noted, f"{phase} {event}")

        async def noted(self, text: str) -> None:
            await asyncio.sleep(0)
            log.append(text)

        def stopService(self) -> None:
            log.append("stop")

    async def main() -> None:
        root = application(Using())
        for _ in range(2):
            await start(root)
            await until(lambda: len(log) >= 3)
            await lifecycle.stop(root)
            assert log == [
                *("before startup", "during startup", "after startup"),
                *("before shutdown", "stop", "during shutdown", "after shutdown"),
            ]
            log.clear()

    run(main())


def test_a_trigger_that_raises_is_a_failure_of_the_stop(run: Run) -> None:
    """All others are called, and everything is stopped, all the same."""
    log: list[str] = []

    def broken(phase: str) -> None:
        raise ValueError(phase)

    async def main() -> None:
        for phase in ("before", "during", "after"):
            reactor.addSystemEventTrigger(phase, "shutdown", broken, phase)
            reactor.addSystemEventTrigger(phase, "shutdown", log.append, phase)
        root = await start(application())
        with pytest.raises(ExceptionGroup) as caught:
            await lifecycle.stop(root)
        assert log == ["before", "during", "after"]
        assert [str(each) for each in caught.value.exceptions] == [
            "app/reactor failed to stop: ValueError: before",
            "app/reactor failed to stop: ExceptionGroup: triggers failed (2 sub-exceptions)",
        ]
        assert not root.running

    run(main())


def test_a_trigger_that_was_removed_is_not_called(run: Run) -> None:
    """Removing it again is an error, as is removing one whose time is over."""
    log: list[str] = []

    async def main() -> None:
        trigger = reactor.addSystemEventTrigger("before", "shutdown", log.append, "recorded")
        reactor.removeSystemEventTrigger(trigger)
        with pytest.raises(UsageError, match="is no trigger of the reactor"):
            reactor.removeSystemEventTrigger(trigger)
        root = await start(application())
        await lifecycle.stop(root)

    run(main())
    assert log == []


@pytest.mark.parametrize(("phase", "event"), [("while", "shutdown"), ("before", "persist")])
def test_unknown_phases_and_events_are_refused(phase: str, event: str) -> None:
    """And the known ones are named."""
    with pytest.raises(UsageError, match="of the reactor") as caught:
        reactor.addSystemEventTrigger(phase, event, print)
    assert caught.value.hint.startswith("it has ")


def test_threads_call_into_the_loop_and_the_loop_into_threads(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Also those that were asked for before there was one; a stop waits for what a thread does."""
    log: list[tuple[str, bool]] = []
    gate = threading.Event()

    def where(text: str) -> None:
        log.append((text, threading.current_thread() is threading.main_thread()))

    def work() -> None:
        where("thread")
        reactor.callFromThread(where, "from thread")
        raise ValueError("in a thread")

    def slow() -> None:
        gate.wait(30)
        where("slow")

    async def main() -> None:
        reactor.callFromThread(where, "recorded")
        reactor.callInThread(where, "recorded thread")
        root = await start(application())
        reactor.suggestThreadPoolSize(2)
        reactor.callInThread(work)
        await until(lambda: len(log) == 4 and "in a thread" in caplog.text)
        reactor.callInThread(slow)
        reactor.callLater(0, gate.set)
        stopping = asyncio.create_task(lifecycle.stop(root))
        gate.set()
        await stopping

    run(main())
    assert set(log) == {
        *{("recorded", True), ("recorded thread", False), ("thread", False), ("from thread", True)},
        ("slow", False),
    }
    assert log[-1] == ("slow", False)


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None])
def test_what_is_no_number_of_threads_is_refused(size: Any) -> None:  # noqa: ANN401 (whatever users give)
    """Where it is given."""
    with pytest.raises(UsageError, match="is no number of threads"):
        reactor.suggestThreadPoolSize(size)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_stop_asks_the_process_to_end(loop_factory: Any) -> None:  # noqa: ANN401 (two kinds of loop)
    """With status 0, once; whoever runs the loop stops the tree. Asked again, it is an error."""
    refused: list[str] = []

    def ask() -> None:
        reactor.stop()
        try:
            reactor.stop()
        except ReactorNotRunning as error:
            refused.append(str(error))

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        root = runner.run(start(application()))
        runner.get_loop().call_soon(ask)
        with pytest.raises(SystemExit) as caught:
            runner.get_loop().run_forever()
        runner.run(lifecycle.stop(root))
    assert caught.value.code == 0
    assert refused == ["the application does not run, or is stopping already"]


def test_what_does_not_run_cannot_be_stopped() -> None:
    """There is no application, or it has ended."""
    with pytest.raises(ReactorNotRunning):
        reactor.stop()
