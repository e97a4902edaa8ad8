"""Process monitors, by a clock that goes on when the test says so and programs that do what it says."""

from __future__ import annotations

import asyncio
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.processes.kin import process
from svcctl.application.processes.programs import Program
from svcctl.application.procmon import ProcessMonitor
from svcctl.application.tree.record import State, record_of
from svcctl.errors import (
    LifecycleError,
    PermissionDeniedError,
    ProcessNameError,
    ServiceFailedError,
    StartError,
    UsageError,
)
from tests.fakes.children import Children
from tests.fakes.clock import Clock, settle
from tests.fakes.lines import Lines
from tests.unit.application.conftest import Run


def monitor(*names: str, program: str = "patient") -> tuple[Any, Children, Clock]:
    """Return a monitor of some processes, what starts them, and its clock."""
    service: Any = ProcessMonitor()
    service._spawn = children = Children()
    service.clock = clock = Clock()
    for name in names:
        service.addProcess(name, [program])
    return service, children, clock


async def stopped(service: Any, clock: Clock) -> None:  # noqa: ANN401 (a service)
    """Stop a service; whatever does not end by itself has its time to do so, and is killed."""
    stop = asyncio.ensure_future(lifecycle.stop(service))
    await settle()
    await clock.advance(5)
    await stop
    assert clock.waiting == []


def test_the_times_have_the_defaults_that_users_know() -> None:
    """Of the class, and of each monitor."""
    for each in (ProcessMonitor, ProcessMonitor()):
        times = (each.threshold, each.killTime, each.minRestartDelay, each.maxRestartDelay)
        assert times == (1, 5, 1, 3600)


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


@pytest.mark.parametrize("running", [False, True])
def test_wrong_names_are_key_errors(run: Run, *, running: bool) -> None:
    """Whether it runs or not; nothing has changed then."""

    async def main() -> None:
        service, children, clock = monitor("a")
        if running:
            await lifecycle.start(service)
        with pytest.raises(ProcessNameError, match="has a process named 'a' already"):
            service.addProcess("a", ["other"])
        for method in (service.removeProcess, service.startProcess, service.stopProcess):
            with pytest.raises(KeyError, match="has no process named 'b'"):
                method("b")
        assert service.processes["a"].args == ("patient",)
        assert len(children.all) == int(running)
        if running:
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


def test_a_running_monitor_pickles_as_a_stopped_one_with_its_processes(run: Run) -> None:
    """And with its times."""

    async def main() -> None:
        service, _, clock = monitor("a")
        service.killTime = 7
        await lifecycle.start(service)
        again = pickle.loads(pickle.dumps(service))  # noqa: S301 (made a moment ago)
        assert (again.running, again.killTime, again.clock) == (False, 7, None)
        assert again.processes == {"a": Program(("patient",), None, None, {}, None)}
        await stopped(service, clock)

    run(main())


@pytest.mark.parametrize("name", ["threshold", "killTime", "minRestartDelay", "maxRestartDelay"])
@pytest.mark.parametrize("value", [-1, "1", None, float("nan"), float("inf")])
def test_what_is_no_time_is_refused(run: Run, name: str, value: Any) -> None:  # noqa: ANN401 (what is no time)
    """Where it is set; in a subclass, at the start."""
    with pytest.raises(UsageError, match=f"is no {name}"):
        setattr(ProcessMonitor(), name, value)
    careless = type("Careless", (ProcessMonitor,), {name: value})
    with pytest.raises(StartError, match=f"is no {name}"):
        run(lifecycle.start(careless()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", ["x"]), "no name of a process"),
        ((3, ["x"]), "no name of a process"),
        (("a", "prog -v"), "no list of arguments"),
        (("a", []), "no list of arguments"),
        (("a", None), "no list of arguments"),
        (("a", ["prog", 1]), "1 is no argument"),
        (("a", ["prog", "a\0b"]), "is no argument"),
        (("a", [""]), "the program has no name"),
        (("a", ["x"], -1), "-1 is no user"),
        (("a", ["x"], True), "True is no user"),
        (("a", ["x"], None, ""), "'' is no group"),
        (("a", ["x"], None, None, ["A=1"]), "is no environment"),
        (("a", ["x"], None, None, {"A": 1}), "the variable 'A' is none"),
        (("a", ["x"], None, None, {"A=B": "1"}), "the variable 'A=B' is none"),
        (("a", ["x"], None, None, {}, 3), "3 is no folder"),
        (("a", ["x"], None, None, {}, ""), "'' is no folder"),
    ],
)
def test_what_cannot_be_started_is_refused_where_it_is_added(arguments: Any, message: str) -> None:  # noqa: ANN401 (wrong arguments)
    """And is not in the table then."""
    service = ProcessMonitor()
    with pytest.raises(UsageError, match=message):
        service.addProcess(*arguments)
    assert service.processes == {}


def test_the_value_of_a_wrong_variable_is_not_told() -> None:
    """It may be a secret."""
    with pytest.raises(UsageError) as caught:
        ProcessMonitor().addProcess("a", ["x"], env={"TOKEN": b"hunter2"})  # type: ignore[dict-item]  # the point
    assert "hunter2" not in str(caught.value)


def test_a_kernel_without_descriptors_of_processes_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is started."""

    def refuse(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("os.pidfd_open", refuse)

    async def main() -> None:
        service, children, _ = monitor("a")
        with pytest.raises(StartError, match="no descriptors of processes: Function not implemented"):
            await lifecycle.start(service)
        assert children.all == []

    run(main())


def test_it_tells_which_programs_it_starts() -> None:
    """Each once, by its path, or by the name that is all it was given."""
    service = ProcessMonitor()
    service.addProcess("a", ["/usr/bin/env", "-i"])
    service.addProcess("b", [b"/usr/bin/env"])
    service.addProcess("c", ["./tool"], cwd="/srv")
    service.addProcess("d", ["tool"], cwd="/srv")
    assert service.starting_programs() == ("/usr/bin/env", "/srv/tool", "tool")


def test_real_programs_are_gone_after_the_stop(run: Run, lines: Lines) -> None:
    """With all that they have started; a program that ignores SIGTERM has its time."""
    script = "trap '' TERM; echo $$; setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000; wait"

    async def main() -> None:
        service = ProcessMonitor()
        service.clock = clock = Clock()
        service.addProcess("a", ["sh", "-c", script])
        service.addProcess("b", ["/nowhere/at/all"])
        await lifecycle.start(service)
        pids = [int(text) for text in await lines.wait_for(2)]
        assert all(process(pid) for pid in pids)
        stop = asyncio.ensure_future(lifecycle.stop(service))
        await settle()
        assert not stop.done()
        await clock.advance(5)
        await stop
        assert [pid for pid in pids if process(pid)] == []

    run(main())


def test_a_real_program_that_dies_is_started_again(run: Run, lines: Lines) -> None:
    """At once, or after the delay."""

    async def main() -> None:
        service = ProcessMonitor()
        service.clock = clock = Clock()
        service.addProcess("a", ["sh", "-c", "echo $$; read x; kill -KILL $$"])
        await lifecycle.start(service)
        first = await lines.wait_for(1)
        while not clock.waiting or process(int(first[0])):  # noqa: ASYNC110 (the kernel has no events for tests)
            await asyncio.sleep(0.001)
        await clock.advance(1)
        both = await lines.wait_for(2)
        assert both[0] != both[1]
        await lifecycle.stop(service)

    run(main())
