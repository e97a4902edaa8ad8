"""Timers that are stopped, and those whose function fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.timer import TimerService
from svcctl.application.tree.record import State, record_of
from svcctl.errors import ServiceFailedError, StartError
from tests.fakes.clock import Clock, settle
from tests.unit.application.conftest import Run
from tests.unit.application.timers import Calls, timer


def test_a_stop_waits_for_the_call_in_progress(run: Run) -> None:
    """And no other one follows."""

    async def main() -> list[float]:
        clock = Clock()
        calls = Calls(clock)
        service = timer(clock, 1, calls.later)
        await lifecycle.start(service)
        await settle()
        stop = asyncio.ensure_future(lifecycle.stop(service))
        await settle()
        assert not stop.done()
        assert calls.may_end is not None
        calls.may_end.set_result(None)
        await stop
        assert not service.running
        await clock.advance(5)
        return calls.times

    assert run(main()) == [0]


def test_a_call_that_does_not_end_is_cancelled_at_the_limit(run: Run) -> None:
    """Nothing of it is left."""

    async def main() -> bool:
        cancelled: list[bool] = []

        async def hang() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.append(True)

        service = TimerService(1, hang)
        await lifecycle.start(service)
        await asyncio.sleep(0)
        with pytest.raises(ExceptionGroup):
            await lifecycle.stop(service, 0.0)
        await settle()
        return cancelled == [True]

    assert run(main())


def test_a_function_may_stop_its_own_timer(run: Run) -> None:
    """That call is the last one."""

    async def main() -> list[float]:
        clock = Clock()
        calls: list[float] = []

        def work() -> None:
            calls.append(clock.now)
            if len(calls) == 2:
                service.stopService()

        service = timer(clock, 1, work)
        await lifecycle.start(service)
        await clock.advance(1)
        assert clock.waiting == []
        await lifecycle.stop(service)
        return calls

    assert run(main()) == [0, 1]


def test_a_timer_that_was_never_started_can_be_stopped(run: Run) -> None:
    """D7: by hand, too."""

    async def main() -> None:
        service = TimerService(1, print)
        await lifecycle.stop(service)
        stopped = service.stopService()
        if stopped is not None:
            await stopped
        assert not service.running

    run(main())


def test_what_the_call_in_progress_raises_is_an_error_of_the_stop(run: Run) -> None:
    """Not a failure of a running service."""

    async def main() -> None:
        may_fail = asyncio.Event()

        async def work() -> None:
            await may_fail.wait()
            raise ValueError("broken")

        service = timer(Clock(), 1, work)
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(service, failures.append)
        await lifecycle.start(service)
        await settle()
        stop = asyncio.ensure_future(lifecycle.stop(service))
        await settle()
        may_fail.set()
        with pytest.raises(ExceptionGroup) as caught:
            await stop
        assert "failed to stop: ValueError: broken" in str(caught.value.exceptions[0])
        assert failures == []

    run(main())


def test_a_first_call_that_raises_fails_the_start(run: Run) -> None:
    """A plain function; nothing goes on."""

    def fail() -> None:
        raise ValueError("no")

    async def main() -> None:
        service = TimerService(1, fail)
        with pytest.raises(StartError, match="failed to start: ValueError: no"):
            await lifecycle.start(service)
        assert not service.running
        await lifecycle.stop(service)

    run(main())


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_later_call_that_raises_is_a_failure_of_the_service(run: Run, *, asynchronous: bool) -> None:
    """D8: it does not say that it runs, its owner is told, and it can be stopped and started again."""

    async def main() -> None:
        clock = Clock()
        outcomes = iter([None, None, ValueError("broken"), None])

        def work() -> None:
            if (error := next(outcomes)) is not None:
                raise error

        async def work_later() -> None:
            work()

        service: Any = timer(clock, 1, work_later if asynchronous else work)
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(service, failures.append)
        await lifecycle.start(service)
        await settle()
        await clock.advance(1)
        assert service.running
        await clock.advance(1)
        assert not service.running
        assert record_of(service).state is State.FAILED
        assert [str(each) for each in failures] == ["TimerService[0] failed: ValueError: broken"]
        assert clock.waiting == []
        await lifecycle.stop(service)
        await lifecycle.start(service)
        assert service.running
        await lifecycle.stop(service)

    run(main())


def test_a_call_that_is_cancelled_is_a_failure_of_the_service(run: Run) -> None:
    """Else the timer would stand still and say that it runs."""

    async def main() -> None:
        clock = Clock()

        async def cancelled() -> None:
            raise asyncio.CancelledError

        service = timer(clock, 1, cancelled)
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(service, failures.append)
        await lifecycle.start(service)
        await settle()
        assert not service.running
        assert len(failures) == 1
        assert clock.waiting == []
        await lifecycle.stop(service)

    run(main())
