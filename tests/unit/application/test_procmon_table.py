"""The table of a process monitor: what may stand in it, and what becomes of it."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.processes.programs import Program
from svcctl.application.procmon import ProcessMonitor
from svcctl.errors import ProcessNameError, StartError, UsageError
from tests.unit.application.conftest import Run
from tests.unit.application.monitors import monitor, stopped


def test_the_times_have_the_defaults_that_users_know() -> None:
    """Of the class, and of each monitor."""
    for each in (ProcessMonitor, ProcessMonitor()):
        times = (each.threshold, each.killTime, each.minRestartDelay, each.maxRestartDelay)
        assert times == (1, 5, 1, 3600)


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


def test_it_tells_which_programs_it_starts() -> None:
    """Each once, by its path, or by the name that is all it was given."""
    service = ProcessMonitor()
    service.addProcess("a", ["/usr/bin/env", "-i"])
    service.addProcess("b", [b"/usr/bin/env"])
    service.addProcess("c", ["./tool"], cwd="/srv")
    service.addProcess("d", ["tool"], cwd="/srv")
    assert service.starting_programs() == ("/usr/bin/env", "/srv/tool", "tool")


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
