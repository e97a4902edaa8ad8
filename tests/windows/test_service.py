"""The service host with a genuine Python for Windows, under Wine's service manager: evidence for our code, not for Windows.

All services live at once, in one run, since each spends its life waiting; the tests look at what was seen.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import EX_USAGE
from tests.systemd.trees import REPOSITORY
from tests.windows import compiler
from tests.windows.embedded import python
from tests.windows.wine import Wine, why_not_here, windows_path

_MISSING = why_not_here() or compiler.why_not_here()
pytestmark = [pytest.mark.windows, pytest.mark.skipif(bool(_MISSING), reason=_MISSING)]

STOPPED, START_PENDING, RUNNING, PAUSED = 1, 2, 4, 7
SPECIFIC, TIMED_OUT = 1066, 1053
ARGUMENT = 'a "b" ä\\'


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what was seen of all services, in a fresh prefix, and then after it was started anew."""
    wine = Wine(tmp_path_factory.mktemp("wine") / "prefix")
    work = tmp_path_factory.mktemp("wörk with blanks & 100%")
    here = Path(__file__).parent
    recorder = compiler.library(here / "recorder.c", work / "recorder.dll")
    # Nothing of ours is where names are plain.
    source, interpreter = work / "soürce's (x86)", work / "pythön [3] ^"
    source.symlink_to(REPOSITORY / "src")
    interpreter.symlink_to(python().parent)
    arguments = [windows_path(path) for path in (source, here, work, recorder)]
    command = ("wine", str(interpreter / "python.exe"), "-X", "utf8")
    result: dict[str, Any] = {}
    try:
        for script in ("driver.py", "booted.py"):
            result |= json.loads(wine.run(*command, windows_path(here / script), *arguments))
            wine.close()
    finally:
        wine.close()
    return result


def life(seen: dict[str, Any], mode: str) -> dict[str, Any]:
    """Return what was seen of a service; it went as planned, and left nothing."""
    found: dict[str, Any] = seen["lives"][mode]
    assert "error" not in found
    assert (found["new"], found["deleted"], found["after"]) == ([True, False], [True, False], None)
    assert found["left"] == []
    return found


def states(found: dict[str, Any]) -> list[int]:
    """Return the states without their codes."""
    return [state for state, _, _ in found["states"]]


def test_a_service_runs_when_its_application_is_ready_and_stops_when_it_has(seen: dict[str, Any]) -> None:
    """Its arguments, folder and variables arrive as they were given; a change of parameters is a reload."""
    found = life(seen, "good")
    assert RUNNING in states(found)
    assert PAUSED not in states(found)
    assert found["states"][-1] == [STOPPED, 0, 0]
    arguments, folder, greeting, *events = found["log"]
    assert found["told"] == ["the application is started", "stopped"]
    assert arguments == f"arguments {['good', ARGUMENT, '']}"
    assert folder.endswith("wörk with blanks & 100%0")
    assert greeting == "greeting häl lo None"
    assert events == ["ready", "reloaded", "stopping"]


def test_an_application_of_ours_answers_once_the_service_runs(seen: dict[str, Any]) -> None:
    """The first who connects is served; the request to stop is an orderly end."""
    found = life(seen, "echo")
    assert found["answer"] == "hello\r\n"
    assert found["states"][-1] == [STOPPED, 0, 0]
    said = "\n".join(found["log"])
    assert "application is ready" in said
    assert said.rstrip().endswith("application is stopped")


@pytest.mark.parametrize(
    ("mode", "end"),
    [
        ("fail", [STOPPED, SPECIFIC, 42]),
        ("late", [STOPPED, TIMED_OUT, 0]),
        ("gone", [STOPPED, 3, 0]),
        ("undefined", [STOPPED, SPECIFIC, 78]),
    ],
)
def test_a_start_that_fails_is_never_running(seen: dict[str, Any], mode: str, end: list[int]) -> None:
    """It ends with an error, takes too long, has no program, or no definition that can be used."""
    found = life(seen, mode)
    assert RUNNING not in states(found)
    assert found["states"][-1] == end


def test_a_crash_is_followed_by_starts_until_it_is_given_up(seen: dict[str, Any]) -> None:
    """It is paused meanwhile; the end has the application's status, and what it had started is gone."""
    found = life(seen, "crash")
    assert found["log"].count("ready") == 3
    assert len([line for line in found["log"] if line.startswith("grandchild")]) == 3
    assert set(states(found)) <= {START_PENDING, RUNNING, PAUSED, STOPPED}
    assert PAUSED in states(found)
    assert found["files"] > 1
    assert found["told"][-2:] == ["the application is started", "it failed 3 times in a row and is given up"]
    assert found["states"][-1] == [STOPPED, SPECIFIC, 43]


def test_a_program_that_does_not_know_the_event_is_interrupted(seen: dict[str, Any]) -> None:
    """Which it may take for a good end."""
    found = life(seen, "unaware")
    assert found["log"][-1] == "interrupted"
    assert found["states"][-1] == [STOPPED, 0, 0]


def test_an_application_that_ignores_all_is_killed_at_its_limit(seen: dict[str, Any]) -> None:
    """With what it has started, and the service says so."""
    found = life(seen, "deaf")
    assert found["log"][-1].startswith("grandchild")
    assert found["states"][-1] == [STOPPED, TIMED_OUT, 0]


def test_an_application_that_gives_no_sign_of_life_is_killed(seen: dict[str, Any]) -> None:
    """It has to give one within its limit."""
    found = life(seen, "silent")
    assert found["told"][1] == "it gives no sign of life and is killed"
    assert found["states"][-1] == [STOPPED, TIMED_OUT, 0]


def test_a_small_service_runs_in_the_process_of_the_host(seen: dict[str, Any]) -> None:
    """It answers, and stops when it is asked to."""
    found = life(seen, "small")
    assert RUNNING in states(found)
    assert found["answer"] == "hello\r\n"
    assert found["states"][-1] == [STOPPED, 0, 0]
    assert "application is ready" in "\n".join(found["log"])
    assert found["told"] == ["the application is started", "stopped"]


def test_a_small_service_that_fails_has_its_status_and_leaves_nothing(seen: dict[str, Any]) -> None:
    """It is not started again by its host, which is gone."""
    found = life(seen, "small-crash")
    assert found["states"][-1] == [STOPPED, SPECIFIC, 43]
    assert found["told"][-1] == "it failed (status 43) and is given up"
    assert any(line.startswith("grandchild") for line in found["log"])


def test_a_small_service_that_hangs_is_ended_at_its_limit(seen: dict[str, Any]) -> None:
    """The log says where it was."""
    found = life(seen, "small-deaf")
    assert found["states"][-1] == [STOPPED, TIMED_OUT, 0]
    assert any("small.tac" in line and "in stopService" in line for line in found["log"])
    assert "it does not stop within its limit and is killed" in found["told"]


def test_each_control_is_taken_for_what_it_is(seen: dict[str, Any]) -> None:
    """Through the function that Windows calls; Wine sends no preshutdown."""
    assert seen["handled"] == {
        "1": [0, ["stop requested"]],
        "4": [0, []],
        "5": [0, ["stop requested"]],
        "6": [0, ["reload requested"]],
        "15": [0, ["stop requested"]],
        "200": [120, []],
    }


def test_a_service_starts_with_windows_and_ends_with_its_host(seen: dict[str, Any]) -> None:
    """A host that is killed takes its application with it; after that, the service can be started."""
    found = seen["automatic"]
    assert found["states"][-1][0] == RUNNING
    assert (found["processes"], found["left"]) == (1, [])
    assert found["end"][:3] == [STOPPED, 0, 0]


def test_a_service_can_be_started_and_stopped_again_and_again(seen: dict[str, Any]) -> None:
    """It answers each time."""
    assert seen["cycles"] == [["hello\r\n", STOPPED, 0, 0]] * 20


def test_services_of_other_people_are_left_alone(seen: dict[str, Any]) -> None:
    """And what is not there has a message of Windows'."""
    said = seen["refusals"]
    assert "svcctl has not made it" in said["install"]
    assert "svcctl has not made it" in said["delete"]
    assert said["start"].startswith("service svcctl-none is not started: ")
    assert said["start"].endswith("(error 1060)")


def test_the_service_manager_is_told_all_that_a_service_is_configured_with(seen: dict[str, Any]) -> None:
    """Read by a program that was compiled with Windows' headers; that Windows acts on it is not shown here."""
    assert seen["recorded"] == [
        "1: 'Says it again ä' on a service",
        "2: reset 86400 message '' command '' 1/60000 1/300000 0/0 on a service",
        "3: 1 on a service",
        "4: 1 on a service",
        "5: 1 on a service",
        "7: 25000 on a service",
    ]


def test_a_log_that_somebody_reads_is_rotated_later(seen: dict[str, Any]) -> None:
    """Windows renames no file that is open; nothing is lost."""
    meanwhile, afterwards = seen["rotated"]
    assert meanwhile == ["1 2 3"]
    assert " ".join(afterwards) == "1 2 3 4 5 6 7"
    assert len(afterwards) > 1


def test_windows_splits_command_lines_as_they_were_joined(seen: dict[str, Any]) -> None:
    """By its own function."""
    assert seen["split"] == []


def test_only_the_service_manager_starts_the_host(seen: dict[str, Any]) -> None:
    """A person is told how to start the service."""
    status, said = seen["by hand"]
    assert status == EX_USAGE
    assert said.splitlines() == [
        "svcctl: only the service manager of Windows starts this",
        "hint: start the service: sc start echo",
    ]
