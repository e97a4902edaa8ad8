"""Process monitors, by a clock of the test's: programs that end, and when they start again."""

from __future__ import annotations

import logging

import pytest

from svcctl.application import lifecycle
from svcctl.application.tree.record import State, record_of
from svcctl.errors import ServiceFailedError
from tests.fakes.clock import settle
from tests.unit.application.conftest import Run
from tests.unit.application.monitors import monitor, stopped


def test_early_deaths_are_followed_by_delays_that_double_to_the_longest(run: Run) -> None:
    """Whatever the exit status."""

    async def main() -> list[float]:
        service, children, clock = monitor("a")
        service.maxRestartDelay = 5
        await lifecycle.start(service)
        delays = []
        for status in (0, 1, -9, 0, 0):
            children.all[-1].exit(status)
            await settle()
            (due,) = clock.waiting
            delays.append(due - clock.now)
            await clock.advance(due - clock.now)
            assert children.alive == ["a"]
        await stopped(service, clock)
        return delays

    assert run(main()) == [1, 2, 4, 5, 5]


def test_a_later_death_is_followed_by_a_restart_at_once_and_resets_the_delay(run: Run) -> None:
    """From the threshold on."""

    async def main() -> None:
        service, children, clock = monitor("a")
        await lifecycle.start(service)
        for _ in range(3):
            children.all[-1].exit()
            await settle()
            await clock.advance(clock.waiting[0] - clock.now)
        await clock.advance(1)
        children.all[-1].exit()
        await settle()
        assert clock.waiting == [clock.now]
        await clock.advance(0)
        assert children.alive == ["a"]
        await clock.advance(0.99)
        children.all[-1].exit()
        await settle()
        assert clock.waiting == [clock.now + 1]
        await stopped(service, clock)

    run(main())


def test_there_is_no_limit_of_attempts(run: Run) -> None:
    """The hundredth is made like the first."""

    async def main() -> int:
        service, children, clock = monitor("a", program="brief")
        service.maxRestartDelay = 2
        await lifecycle.start(service)
        for _ in range(100):
            await settle()
            await clock.advance(2)
        await stopped(service, clock)
        return len(children.all)

    assert run(main()) == 101


def test_stopping_a_process_is_followed_by_the_ordinary_restart(run: Run) -> None:
    """As with all of them at once."""

    async def main() -> None:
        service, children, clock = monitor("a", "b")
        await lifecycle.start(service)
        await clock.advance(1)
        service.stopProcess("a")
        await settle()
        await clock.advance(0)
        assert children.alive == ["b", "a"]
        await clock.advance(1)
        service.restartAll()
        await settle()
        assert children.alive == []
        await clock.advance(0)
        assert sorted(children.alive) == ["a", "b"]
        assert len(children.all) == 5
        await stopped(service, clock)

    run(main())


def test_what_waits_for_its_restart_can_be_started_now(run: Run) -> None:
    """Once."""

    async def main() -> None:
        service, children, clock = monitor("a")
        await lifecycle.start(service)
        children.all[0].exit()
        await settle()
        service.startProcess("a")
        assert children.alive == ["a"]
        assert clock.waiting == []
        await stopped(service, clock)

    run(main())


def test_what_a_program_leaves_behind_is_ended_before_the_next_start(run: Run) -> None:
    """The two would get into each other's way."""

    async def main() -> None:
        service, children, clock = monitor("a", program="leaving")
        await lifecycle.start(service)
        await settle()
        assert children.all[0].signals == ["TERM"]
        await clock.advance(4.9)
        assert len(children.all) == 1
        await clock.advance(0.1)
        assert children.all[0].signals == ["TERM", "KILL"]
        await clock.advance(1)
        assert len(children.all) == 2
        await stopped(service, clock)

    run(main())


def test_a_program_that_cannot_be_started_is_tried_again_and_reported_once(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that died at once; another reason is another report."""
    caplog.set_level(logging.ERROR)

    async def main() -> None:
        service, children, clock = monitor("a", program="missing")
        await lifecycle.start(service)
        assert service.running
        assert clock.waiting == [1]
        await clock.advance(1)
        assert clock.waiting == [3]
        await clock.advance(2)
        assert children.attempts == 3
        assert [record.message for record in caplog.records] == ["process cannot be started"]
        children.error = OSError("too many")
        await clock.advance(4)
        assert len(caplog.records) == 2
        await stopped(service, clock)

    run(main())


def test_any_other_error_at_a_restart_is_a_failure_of_the_service(run: Run) -> None:
    """Whoever owns the tree is told."""

    async def main() -> None:
        service, children, clock = monitor("a")
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(service, failures.append)
        await lifecycle.start(service)
        children.all[0].exit()
        children.error = ValueError("no")
        await settle()
        await clock.advance(1)
        assert record_of(service).state is State.FAILED
        assert [type(each.__cause__) for each in failures] == [ValueError]
        await stopped(service, clock)

    run(main())


def test_a_monitor_can_be_started_again_with_fresh_delays(run: Run) -> None:
    """Nothing of the former run is left."""

    async def main() -> None:
        service, children, clock = monitor("a")
        for _ in range(2):
            await lifecycle.start(service)
            children.all[-1].exit()
            await settle()
            assert clock.waiting == [clock.now + 1]
            await stopped(service, clock)

    run(main())
