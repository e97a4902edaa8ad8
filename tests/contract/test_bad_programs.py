"""Programs of a process monitor that do not start or do not end, run by the real runner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from svcctl.errors import EX_OK, EX_SOFTWARE
from tests.contract.bad_trees import REST, assert_undone
from tests.contract.running import supervise


def test_a_child_that_ignores_sigterm_is_killed_and_the_tree_is_stopped(tmp_path: Path) -> None:
    """After its kill time; that is told, and is no failure."""
    stubborn = "trap '' TERM; echo deaf; while :; do read -t 1 nothing < /dev/zero; done"
    text = f"""
m = procmon.ProcessMonitor()
m.killTime = 0.2
m.addProcess("stubborn", ["/bin/bash", "-c", {stubborn!r}])
put(m)
"""
    with supervise(tmp_path, f"{REST}{text}") as init:
        init.wait_for("READY", "1")
        init.wait_for_log("deaf")
        assert init.stop() == EX_OK
        assert "process did not end in time and is killed" in init.stderr
        assert "svcctl_path=shop/bad" in init.stderr or "path=shop/bad" in init.stderr
        assert "Traceback" not in init.stderr
    assert_undone(tmp_path, set())


def test_a_child_that_outlives_the_time_for_the_stop_is_killed_and_named(tmp_path: Path) -> None:
    """The kill time is longer than the time for the stop; the hint says so."""
    stubborn = "trap '' TERM; echo deaf; while :; do read -t 1 nothing < /dev/zero; done"
    text = f"""
application.stop_timeout = 0.5
m = procmon.ProcessMonitor()
m.killTime = 60
m.addProcess("stubborn", ["/bin/bash", "-c", {stubborn!r}])
put(m)
"""
    with supervise(tmp_path, f"{REST}{text}") as init:
        init.wait_for("READY", "1")
        init.wait_for_log("deaf")
        assert init.stop() == EX_SOFTWARE
        assert "shop/bad did not stop within 0." in init.stderr
        assert "make killTime less than the application's stop_timeout" in init.stderr
        assert "status=-9" in init.stderr
    assert_undone(tmp_path, set())


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["./data"], 'needs={"programs": [...]}'),
        (["./missing"], "look for a mistake in its path"),
        (["./bare"], "a script begins with a line such as #!/bin/sh"),
    ],
)
def test_a_program_that_cannot_be_started_is_told_with_the_service_and_a_hint(
    args: Sequence[str], hint: str, tmp_path: Path
) -> None:
    """The monitor goes on: the program may come."""
    (tmp_path / "data").write_text("no program\n")
    (tmp_path / "bare").write_text("echo\n")
    (tmp_path / "bare").chmod(0o755)
    text = f"m = procmon.ProcessMonitor(); m.addProcess('x', {args!r}); put(m)\n"
    with supervise(tmp_path, f"{REST}{text}") as init:
        init.wait_for("READY", "1")
        told = [line for line in init.stderr.splitlines() if "process cannot be started" in line]
        assert len(told) == 1
        assert "path=shop/bad" in told[0]
        assert hint in told[0]
        assert init.stop() == EX_OK
