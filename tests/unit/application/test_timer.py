"""Timers, by a clock that goes on when the test says so."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.timer import TimerService
from svcctl.application.tree.record import State, record_of
from svcctl.errors import ServiceFailedError, StartError, UsageError
from tests.fakes.clock import Clock, settle
from tests.unit.application.conftest import Run


class Calls:
    """A function that keeps the times at which it was called.

    Args:
        clock: The clock.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.times: list[float] = []
        self.may_end: asyncio.Future[None] | None = None

    def now(self) -> None:
        """Take note."""
        self.times.append(self.clock.now)

    async def later(self) -> None:
        """Take note, and take until the test says so."""
        self.now()
        self.may_end = asyncio.get_running_loop().create_future()
        await self.may_end


def timer(clock: Any, step: float, call: Any, *args: Any) -> TimerService:  # noqa: ANN401 (a clock, a function and its arguments)
    """Return a timer with a clock of the test's."""
    service = TimerService(step, call, *args)
    service.clock = clock
    return service


def test_it_calls_at_once_and_then_at_multiples_of_the_interval(run: Run) -> None:
    """Counted from the start, whatever the clock showed then."""

    async def main() -> list[float]:
        clock = Clock(now=100.5)
        calls = Calls(clock)
        service = timer(clock, 2, calls.now)
        await lifecycle.start(service)
        assert calls.times == [100.5]
        for _ in range(4):
            await clock.advance(1)
        await lifecycle.stop(service)
        assert clock.waiting == []
        return calls.times

    assert run(main()) == [100.5, 102.5, 104.5]


def test_missed_calls_are_left_out(run: Run) -> None:
    """A jump of 3.5 intervals gives one call, and the next comes at the fourth."""

    async def main() -> list[float]:
        clock = Clock()
        calls = Calls(clock)
        service = timer(clock, 1, calls.now)
        await lifecycle.start(service)
        await settle()
        await clock.advance(3.5)
        assert clock.waiting == [4.0]
        await clock.advance(0.5)
        await lifecycle.stop(service)
        return calls.times

    assert run(main()) == [0, 3.5, 4]


def test_calls_do_not_drift(run: Run) -> None:
    """Being late by a little each time does not add up."""

    async def main() -> list[float]:
        clock = Clock()
        calls = Calls(clock)
        service = timer(clock, 1, calls.now)
        await lifecycle.start(service)
        await settle()
        for _ in range(5):
            await clock.advance(clock.waiting[0] - clock.now + 0.25)
        await lifecycle.stop(service)
        return calls.times

    assert run(main()) == [0, 1.25, 2.25, 3.25, 4.25, 5.25]


@pytest.mark.parametrize("step", [1, 0.1, 1 / 3])
def test_a_timer_that_fires_a_little_early_is_not_called_twice(run: Run, step: float) -> None:
    """As under a loop whose clock counts milliseconds."""

    async def main() -> int:
        clock = Clock(early=0.0004)
        calls = Calls(clock)
        service = timer(clock, step, calls.now)
        await lifecycle.start(service)
        await settle()
        for _ in range(20):
            await clock.advance(clock.waiting[0] - clock.now - 0.0003)
        await lifecycle.stop(service)
        return len(calls.times)

    assert run(main()) == 21


def test_calls_do_not_overlap(run: Run) -> None:
    """One that takes longer than the interval delays the next."""

    async def main() -> list[float]:
        clock = Clock()
        calls = Calls(clock)
        service = timer(clock, 1, calls.later)
        await lifecycle.start(service)
        await settle()
        await clock.advance(2.5)
        assert calls.times == [0]
        assert calls.may_end is not None
        calls.may_end.set_result(None)
        await settle()
        assert clock.waiting == [3.0]
        await clock.advance(0.5)
        calls.may_end.set_result(None)
        await settle()
        await lifecycle.stop(service)
        return calls.times

    assert run(main()) == [0, 3]


def test_an_interval_of_zero_calls_as_fast_as_possible(run: Run) -> None:
    """And lets the others run in between."""

    async def main() -> int:
        calls: list[int] = []
        service = TimerService(0, calls.append, 1)
        await lifecycle.start(service)
        while len(calls) < 5:  # noqa: ASYNC110 (as fast as the loop turns)
            await asyncio.sleep(0)
        await lifecycle.stop(service)
        count = len(calls)
        await settle()
        return len(calls) - count

    assert run(main()) == 0


def test_arguments_are_passed_on(run: Run) -> None:
    """By position and by name."""

    async def main() -> list[Any]:
        seen: list[Any] = []
        service = TimerService(60, lambda *args, **kwargs: seen.append((args, kwargs)), 1, two=2)
        await lifecycle.start(service)
        await lifecycle.stop(service)
        return seen

    assert run(main()) == [((1,), {"two": 2})]


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


def test_a_running_timer_pickles_as_a_stopped_one(run: Run) -> None:
    """Without its clock."""

    async def main() -> None:
        service = TimerService(60, print)
        await lifecycle.start(service)
        again = pickle.loads(pickle.dumps(service))  # noqa: S301 (made a moment ago)
        assert (again.running, again.step, again.call, again.clock) == (False, 60, (print, (), {}), None)
        await lifecycle.stop(service)
        await lifecycle.start(again)
        assert again.running
        await lifecycle.stop(again)

    run(main())


@pytest.mark.parametrize("step", [-1, float("nan"), float("inf"), "1", None, True])
def test_what_is_no_interval_is_refused(step: Any) -> None:  # noqa: ANN401 (what is no interval)
    """Where it is given."""
    with pytest.raises(UsageError, match="is no interval"):
        TimerService(step, print)
    with pytest.raises(ValueError, match="is no interval"):
        TimerService(step, print)


def test_what_cannot_be_called_is_refused() -> None:
    """Where it is given."""
    with pytest.raises(UsageError, match="42 cannot be called"):
        TimerService(1, 42)  # type: ignore[arg-type]  # the point of the test


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


def test_a_plain_function_costs_no_task(run: Run) -> None:
    """Ten thousand timers are ten thousand dates, not tasks."""

    async def main() -> set[Any]:
        clock = Clock()
        tasks: set[Any] = set()
        service = timer(clock, 1, lambda: tasks.update(asyncio.all_tasks()))
        await lifecycle.start(service)
        await clock.advance(1)
        await lifecycle.stop(service)
        return tasks - {asyncio.current_task()}

    assert run(main()) == set()


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


def test_a_function_may_return_anything_that_need_not_be_awaited(run: Run) -> None:
    """It is dropped."""

    async def main() -> int:
        clock = Clock()
        calls: list[int] = []

        def work() -> int:
            calls.append(1)
            return 42

        service = timer(clock, 1, work)
        await lifecycle.start(service)
        await clock.advance(1)
        await lifecycle.stop(service)
        return len(calls)

    assert run(main()) == 2


def test_a_timer_tells_what_it_calls() -> None:
    """For the manifest."""
    assert TimerService(2.5, print).calling() == ((2.5, print),)
