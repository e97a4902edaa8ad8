"""Runs of programs: real processes, and the fake that stands for them elsewhere, held to the same behaviour."""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.application.processes import kin
from svcctl.application.processes.child import Child
from svcctl.application.processes.programs import Program
from svcctl.errors import ConfigurationError, PermissionDeniedError
from tests.fakes.children import FakeChild
from tests.fakes.lines import Lines
from tests.unit.application.conftest import Run

#: Goes into a process group of its own, within its session.
GROUP = "import os, time; os.setpgid(0, 0); print(os.getpid(), flush=True); time.sleep(1000)"

#: Starts another program when it gets SIGTERM; a child of a shell would lose the signal that comes right then.
LATE = """
import os, signal, subprocess, time
signal.signal(signal.SIGTERM, lambda *_: (subprocess.Popen(["sleep", "1000"]), os._exit(3)))
print("ready", flush=True)
time.sleep(1000)
"""

#: What the fake calls a behaviour, and a script of the shell that behaves in this way.
SCRIPTS = {
    "patient": "echo ready; exec sleep 1000",
    "stubborn": "trap '' TERM; echo ready; while :; do sleep 1000; done",
    "brief": "exit 0",
    "leaving": "(trap '' TERM; while :; do sleep 1000; done) & exit 0",
}


class Observed:
    """What happened to a child."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.events: list[Any] = []
        self.exited: asyncio.Future[None] = loop.create_future()
        self.gone: asyncio.Future[None] = loop.create_future()

    def on_exit(self, status: int) -> None:
        """Take note."""
        self.events.append(status)
        self.exited.set_result(None)

    def on_gone(self) -> None:
        """Take note."""
        self.events.append("gone")
        self.gone.set_result(None)


def program(*args: str, **others: Any) -> Program:  # noqa: ANN401 (the program's other fields)
    """Return a program with nothing special."""
    return Program(args, **{"uid": None, "gid": None, "env": {}, "cwd": None, **others})


def script(text: str, **others: Any) -> Program:  # noqa: ANN401 (the program's other fields)
    """Return a script of the shell as a program."""
    return program("/bin/sh", "-c", text, **others)


def real(behaviour: str, observed: Observed) -> Any:  # noqa: ANN401 (two classes that look alike)
    """Start a real process."""
    what = program("/nowhere/missing") if behaviour == "missing" else script(SCRIPTS[behaviour])
    return Child("it", what, observed.on_exit, observed.on_gone)


def fake(behaviour: str, observed: Observed) -> Any:  # noqa: ANN401 (two classes that look alike)
    """Start a fake one, which is ready at once."""
    logging.getLogger("svcctl.application.processes.output").info("ready")
    return FakeChild("it", program(behaviour), observed.on_exit, observed.on_gone)


def descriptors() -> set[Path]:
    """Return what this process has open."""
    return set(Path("/proc/self/fd").iterdir())


Start = Callable[[str, Observed], Any]
both = pytest.mark.parametrize("start", [real, fake])


@both
def test_a_program_that_ends_by_itself_has_exited_and_is_gone(run: Run, start: Start) -> None:
    """With its status, in this order, once."""

    async def main() -> list[Any]:
        observed = Observed()
        start("brief", observed)
        await observed.gone
        return observed.events

    assert run(main()) == [0, "gone"]


@both
def test_a_program_ends_by_sigterm(run: Run, start: Start, lines: Lines) -> None:
    """But not before the caller has gone on."""

    async def main() -> list[Any]:
        observed = Observed()
        child = start("patient", observed)
        await lines.wait_for(1)
        child.terminate()
        assert observed.events == []
        await observed.gone
        return observed.events

    assert run(main()) == [-signal.SIGTERM, "gone"]


@both
def test_a_program_that_ignores_sigterm_ends_by_sigkill(run: Run, start: Start, lines: Lines) -> None:
    """And not before."""

    async def main() -> list[Any]:
        observed = Observed()
        child = start("stubborn", observed)
        await lines.wait_for(1)
        child.terminate()
        child.kill()
        await observed.gone
        return observed.events

    assert run(main()) == [-signal.SIGKILL, "gone"]


@both
def test_what_a_program_leaves_behind_keeps_it_from_being_gone(run: Run, start: Start) -> None:
    """It can still be ended."""

    async def main() -> list[Any]:
        observed = Observed()
        child = start("leaving", observed)
        await observed.exited
        assert observed.events == [0]
        child.terminate()
        child.kill()
        await observed.gone
        return observed.events

    assert run(main()) == [0, "gone"]


@both
def test_a_program_that_is_not_there_is_an_os_error(run: Run, start: Start) -> None:
    """At once."""

    async def main() -> None:
        with pytest.raises(FileNotFoundError):
            start("missing", Observed())

    run(main())


@pytest.mark.parametrize(
    "text",
    [
        "sleep 1000 & echo $!; wait",
        "setsid sleep 1000 & echo $!; wait",
        "sh -c 'setsid sleep 1000 & echo $!; wait' & wait",
        f"{sys.executable} -c '{GROUP}' & wait",
    ],
    ids=["child", "own session", "grandchild in its own session", "own group"],
)
def test_the_whole_family_is_ended(run: Run, lines: Lines, text: str) -> None:
    """Whatever group or session they are in, as long as their parents live."""

    async def main() -> bool:
        observed = Observed()
        child = Child("it", script(text), observed.on_exit, observed.on_gone)
        (pid,) = await lines.wait_for(1)
        assert kin.process(int(pid)) is not None
        child.terminate()
        await observed.gone
        return kin.process(int(pid)) is None

    assert run(main())


def test_an_orphan_that_left_its_group_but_not_its_session_is_ended(run: Run, lines: Lines) -> None:
    """Also after the program itself has ended."""

    async def main() -> bool:
        observed = Observed()
        text = f"{sys.executable} -c '{GROUP}' & exit 0"
        child = Child("it", script(text), observed.on_exit, observed.on_gone)
        await lines.wait_for(1)
        await observed.exited
        assert len(kin.kin(child.pid, {})) == 1
        child.terminate()
        await observed.gone
        return kin.kin(child.pid, {}) == []

    assert run(main())


def test_whoever_is_started_after_the_signal_is_signalled_too(run: Run, lines: Lines) -> None:
    """A program may take SIGTERM for a reason to start another one."""

    async def main() -> list[Any]:
        observed = Observed()
        child = Child("it", program(sys.executable, "-c", LATE), observed.on_exit, observed.on_gone)
        await lines.wait_for(1)
        child.terminate()
        await observed.gone
        return observed.events

    assert run(main()) == [3, "gone"]


def test_output_comes_line_by_line_to_the_end(run: Run, lines: Lines) -> None:
    """Each with its stream; the last line need not end."""

    async def main() -> list[Any]:
        observed = Observed()
        text = "echo one; echo two >&2; printf 'thr'; printf 'ee'"
        Child("web", script(text), observed.on_exit, observed.on_gone)
        await observed.gone
        return sorted(
            (record.__dict__["svcctl_stream"], record.getMessage(), record.__dict__["svcctl_process"])
            for record in lines.records
        )

    assert run(main()) == [("stderr", "two", "web"), ("stdout", "one", "web"), ("stdout", "three", "web")]


def test_much_output_is_not_lost_at_the_end(run: Run, lines: Lines) -> None:
    """All that the pipe holds is read."""

    async def main() -> int:
        observed = Observed()
        text = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i + 1)); done"
        Child("web", script(text), observed.on_exit, observed.on_gone)
        await observed.gone
        return len(lines.records)

    assert run(main()) == 3000


def test_the_environment_is_what_was_given_alone(run: Run, lines: Lines) -> None:
    """Empty, if nothing was; and there is nothing on standard input."""

    async def main() -> list[str]:
        observed = Observed()
        Child("it", program("/usr/bin/env"), observed.on_exit, observed.on_gone)
        await observed.gone
        observed = Observed()
        Child("it", program("env", env={"A": "1"}, cwd="/usr"), observed.on_exit, observed.on_gone)
        await observed.gone
        observed = Observed()
        Child("it", program("pwd", cwd="/usr"), observed.on_exit, observed.on_gone)
        await observed.gone
        observed = Observed()
        Child("it", program("wc", "-c"), observed.on_exit, observed.on_gone)
        await observed.gone
        return lines.texts

    assert run(main()) == ["A=1", "/usr", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts programs as somebody else")
def test_a_program_runs_as_another_user_with_their_groups_alone(run: Run, lines: Lines) -> None:
    """By name; the group is the user's own."""
    nobody = pwd.getpwnam("nobody")

    async def main() -> list[str]:
        observed = Observed()
        what = script("id -u; id -g; id -G; echo $$ > /dev/null", uid="nobody")
        Child("it", what, observed.on_exit, observed.on_gone)
        await observed.gone
        return lines.texts

    assert run(main()) == [str(nobody.pw_uid), str(nobody.pw_gid), str(nobody.pw_gid)]


def test_a_user_that_does_not_exist_is_a_mistake_in_the_configuration(run: Run) -> None:
    """Not a reason to try again for ever."""

    async def main() -> None:
        with pytest.raises(ConfigurationError, match="no-such-user"):
            Child("it", script("exit", uid="no-such-user"), lambda _: None, lambda: None)

    run(main())


def test_another_user_without_the_right_is_a_typed_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel says to a process without privileges is not taken for a program that cannot be started."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("svcctl.application.processes.launch.subprocess.Popen", refuse)

    async def main() -> None:
        with pytest.raises(PermissionDeniedError, match="as user 12345"):
            Child("it", script("exit", uid=12345, gid=12345), lambda _: None, lambda: None)

    run(main())


def test_nothing_is_left_open(run: Run) -> None:
    """No descriptor of any kind."""

    async def main() -> bool:
        before = descriptors()
        observed = Observed()
        child = Child("it", script("sleep 1000 & wait"), observed.on_exit, observed.on_gone)
        child.kill()
        await observed.gone
        return descriptors() == before

    assert run(main())


def test_a_process_that_somebody_else_has_reaped_is_gone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status is not known, and nobody is signalled by its number any more."""

    def reaped(*_arguments: object) -> None:
        raise ChildProcessError(10, "No child processes")

    async def main() -> list[Any]:
        observed = Observed()
        child = Child("it", script("exit 5"), observed.on_exit, observed.on_gone)
        await observed.gone
        child.kill()
        return observed.events

    monkeypatch.setattr("svcctl.application.processes.child.os.waitid", reaped)
    assert run(main()) == [0, "gone"]


def test_want_of_descriptors_delays_the_end_and_loses_nobody(
    run: Run, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever cannot be watched now is looked for again."""
    attempts: list[int] = []
    pidfd_open = os.pidfd_open

    def scarce(pid: int) -> int:
        attempts.append(pid)
        if len(attempts) == 1:
            raise OSError(24, "Too many open files")
        return pidfd_open(pid)

    async def main() -> bool:
        observed = Observed()
        child = Child("it", script("setsid sleep 1000 & echo $!; wait"), observed.on_exit, observed.on_gone)
        (pid,) = await lines.wait_for(1)
        monkeypatch.setattr("svcctl.application.processes.family.os.pidfd_open", scarce)
        monkeypatch.setattr("svcctl.application.processes.family._PATIENCE", 0)
        child.kill()
        await observed.gone
        return len(attempts) > 1 and kin.process(int(pid)) is None

    assert run(main())
