"""Timers, by a clock that goes on when the test says so: when they call, and what."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.timer import TimerService
from svcctl.errors import UsageError
from tests.fakes.clock import Clock, settle
from tests.unit.application.conftest import Run
from tests.unit.application.timers import Calls, timer


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
