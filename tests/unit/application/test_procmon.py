"""Process monitors, by a clock of the test's: what they start, end and remove."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.processes.programs import Program
from svcctl.errors import LifecycleError, PermissionDeniedError, StartError
from tests.fakes.clock import settle
from tests.unit.application.conftest import Run
from tests.unit.application.monitors import monitor, stopped


def test_processes_start_with_the_service_and_end_with_it(run: Run) -> None:
    """In the order in which they were added."""

    async def main() -> None:
        service, children, clock = monitor("a", "b")
        assert children.alive == []
        await lifecycle.start(service)
        assert children.alive == ["a", "b"]
        await stopped(service, clock)
        assert children.alive == []
        assert [child.signals for child in children.all] == [["TERM"], ["TERM"]]

    run(main())


def test_a_process_added_to_a_running_monitor_starts_at_once(run: Run) -> None:
    """With what it was given."""

    async def main() -> None:
        service, children, clock = monitor()
        await lifecycle.start(service)
        service.addProcess("a", ["prog", b"x", Path("/y")], 1, 2, {"A": "b"}, Path("/tmp"))  # noqa: S108 (nothing is written)
        assert children.all[0].program == Program(("prog", b"x", "/y"), 1, 2, {"A": "b"}, "/tmp")  # noqa: S108 (the same)
        service.addProcess("b", ["prog"])
        assert children.all[1].program == Program(("prog",), None, None, {}, None)
        await stopped(service, clock)

    run(main())


def test_starting_what_runs_and_stopping_what_does_not_does_nothing(run: Run) -> None:
    """No error, no second process, no signal."""

    async def main() -> None:
        service, children, clock = monitor("a")
        service.stopProcess("a")
        await lifecycle.start(service)
        service.startProcess("a")
        assert len(children.all) == 1
        children.all[0].exit()
        await settle()
        service.stopProcess("a")
        assert children.all[0].signals == ["TERM"]  # for what it may have left behind
        await stopped(service, clock)

    run(main())


def test_what_ignores_sigterm_is_killed_after_the_kill_time(run: Run) -> None:
    """Not before, and once."""

    async def main() -> None:
        service, children, clock = monitor("a", program="stubborn")
        service.killTime = 3
        await lifecycle.start(service)
        service.stopProcess("a")
        service.stopProcess("a")
        await clock.advance(2.9)
        assert children.all[0].signals == ["TERM"]
        await clock.advance(0.1)
        assert children.all[0].signals == ["TERM", "KILL"]
        assert not children.all[0].alive
        await stopped(service, clock)

    run(main())


def test_a_natural_death_cancels_the_kill(run: Run) -> None:
    """The next one is not killed for it."""

    async def main() -> None:
        service, children, clock = monitor("a")
        await lifecycle.start(service)
        await clock.advance(1)
        service.stopProcess("a")
        await settle()
        assert clock.waiting == [clock.now]
        await clock.advance(0)
        await clock.advance(10)
        assert children.all[1].signals == []
        await stopped(service, clock)

    run(main())


def test_the_stop_cancels_pending_restarts_and_waits_for_the_end(run: Run) -> None:
    """D14: the one that ignores SIGTERM is killed before the stop is over."""

    async def main() -> None:
        service, children, clock = monitor("a")
        service.addProcess("b", ["stubborn"])
        await lifecycle.start(service)
        children.all[0].exit()
        await settle()
        stop = asyncio.ensure_future(lifecycle.stop(service))
        await settle()
        assert clock.waiting == [5]
        assert not stop.done()
        await clock.advance(5)
        await stop
        assert children.alive == []
        await clock.advance(10)
        assert len(children.all) == 2

    run(main())


def test_a_stop_without_time_kills_what_is_left(run: Run) -> None:
    """And says that it had to."""

    async def main() -> None:
        service, children, _ = monitor("a", program="stubborn")
        await lifecycle.start(service)
        with pytest.raises(ExceptionGroup, match="did not stop cleanly"):
            await lifecycle.stop(service, 0.0)
        assert children.all[0].signals == ["TERM", "KILL"]
        assert children.alive == []

    run(main())


def test_any_other_error_fails_the_start_and_ends_what_had_started(run: Run) -> None:
    """Typed errors that are an OSError, too, among them."""

    async def main() -> None:
        service, children, clock = monitor("a", "b")
        spawn = service._spawn

        def refuse(name: str, *others: Any) -> Any:  # noqa: ANN401 (what a child takes)
            if name == "b":
                raise PermissionDeniedError("not as that user")
            return spawn(name, *others)

        service._spawn = refuse
        with pytest.raises(StartError, match="not as that user"):
            await lifecycle.start(service)
        assert children.alive == []
        assert clock.waiting == []

    run(main())


def test_an_error_while_a_process_is_added_leaves_the_monitor_as_it_was(run: Run) -> None:
    """It is raised where the process was added."""

    async def main() -> None:
        service, children, clock = monitor("a")
        await lifecycle.start(service)
        children.error = PermissionDeniedError("not as that user")
        with pytest.raises(PermissionDeniedError):
            service.addProcess("b", ["x"])
        assert list(service.processes) == ["a"]
        await stopped(service, clock)

    run(main())


def test_a_removed_process_is_ended_and_stays_away(run: Run) -> None:
    """Whoever removes it may wait for that."""

    async def main() -> None:
        service, children, clock = monitor("a", program="stubborn")
        await lifecycle.start(service)
        removal = asyncio.ensure_future(service.removeProcess("a"))
        await settle()
        assert not removal.done()
        assert "a" not in service.processes
        await clock.advance(5)
        await removal
        assert children.alive == []
        assert clock.waiting == []
        await stopped(service, clock)

    run(main())


def test_a_name_can_be_given_again_at_once_but_the_new_process_waits_for_the_old_one(run: Run) -> None:
    """Until it is gone."""

    async def main() -> None:
        service, children, clock = monitor("a", program="stubborn")
        await lifecycle.start(service)
        service.removeProcess("a")
        service.addProcess("a", ["patient"])
        service.startProcess("a")
        await settle()
        assert len(children.all) == 1
        await clock.advance(5)
        assert children.alive == ["a"]
        assert children.all[1].program.args == ("patient",)
        await stopped(service, clock)

    run(main())


def test_the_stop_waits_for_removed_processes_too(run: Run) -> None:
    """Even if whoever removed them does not."""

    async def main() -> None:
        service, children, clock = monitor("a", program="stubborn")
        await lifecycle.start(service)
        service.removeProcess("a")
        stop = asyncio.ensure_future(lifecycle.stop(service))
        await settle()
        assert not stop.done()
        await clock.advance(5)
        await stop
        assert children.alive == []

    run(main())


def test_a_stopped_monitor_starts_nothing(run: Run) -> None:
    """Nobody would end it."""

    async def main() -> None:
        service, children, clock = monitor("a")
        with pytest.raises(LifecycleError, match="does not run, so it cannot start 'a'"):
            service.startProcess("a")
        service.restartAll()
        await service.removeProcess("a")
        assert children.all == []
        assert clock.waiting == []

    run(main())
