"""The runner's state machine, case by case; its laws are in the property tests."""

from __future__ import annotations

import pytest

from svcctl.runtime.machine import (
    INITIAL,
    Do,
    Effect,
    Event,
    Exit,
    Fact,
    Failed,
    Machine,
    Notify,
    Phase,
    Progress,
    ReloadFailed,
    Started,
    Stopped,
    StopRequested,
    status_line,
    step,
)

STARTED = Started(pid=42, ready=3, total=3)
UP: tuple[Event, ...] = (Fact.LOADED, Fact.BOUND, STARTED)
TERM = StopRequested("SIGTERM", 0)
CRASH = Failed("echo/db failed: boom", 5, 70, serving=True)


def after(*events: Event) -> tuple[Machine, tuple[Effect, ...]]:
    """Return the state after some events, and the effects of the last one."""
    state = INITIAL
    effects: tuple[Effect, ...] = ()
    for event in events:
        state, effects = step(state, event)
    return state, effects


def test_the_way_up_binds_starts_and_then_says_ready_with_the_main_pid() -> None:
    """LOADING, BINDING, STARTING, READY."""
    assert after(Fact.LOADED)[1] == (Do.BIND,)
    assert after(Fact.LOADED, Fact.BOUND)[1] == (Do.START,)
    assert after(*UP)[1] == (Notify("READY=1\nMAINPID=42\nSTATUS=3/3 ready"),)


def test_the_start_timeout_is_extended_only_when_something_became_ready() -> None:
    """EXTEND_TIMEOUT_USEC needs an advance, which the beginning is, too; a status is sent in any case."""
    state, _ = after(Fact.LOADED, Fact.BOUND)
    state, effects = step(state, Progress(0, 3, "echo/db", 90.0))
    assert effects == (Notify("STATUS=0/3 ready, waiting for echo/db\nEXTEND_TIMEOUT_USEC=90000000"),)
    _, effects = step(state, Progress(0, 3, "echo/db", 90.0))
    assert effects == (Notify("STATUS=0/3 ready, waiting for echo/db"),)
    state, effects = step(state, Progress(1, 3, "echo/db", 90.0))
    assert effects == (Notify("STATUS=1/3 ready, waiting for echo/db\nEXTEND_TIMEOUT_USEC=90000000"),)
    _, effects = step(state, Progress(1, 3, "echo/web", 90.0))
    assert effects == (Notify("STATUS=1/3 ready, waiting for echo/web"),)


def test_a_failed_start_says_why_and_exits_without_ready() -> None:
    """STATUS and ERRNO of the cause, then its exit status."""
    state, effects = after(Fact.LOADED, Failed("echo failed to bind: in use", 98, 69, serving=False))
    assert effects == (Notify("STATUS=echo failed to bind: in use\nERRNO=98"), Exit(69))
    assert state.phase is Phase.FAILED


def test_a_stop_is_announced_before_it_begins() -> None:
    """STOPPING=1 is the first effect."""
    assert after(*UP, TERM)[1] == (Notify("STOPPING=1\nSTATUS=stopping: SIGTERM"), Do.STOP)
    assert after(*UP, TERM, Stopped(()))[1] == (Notify("STATUS=stopped"), Exit(0))


def test_a_stop_during_the_start_abandons_it_and_ends_cleanly() -> None:
    """The rollback has stopped everything, so nothing is left to stop."""
    assert after(Fact.LOADED, Fact.BOUND, TERM)[1][1:] == (Do.ABANDON,)
    assert after(Fact.LOADED, Fact.BOUND, TERM, Fact.ABANDONED)[1] == (Notify("STATUS=stopped"), Exit(0))


def test_a_start_that_ends_just_before_it_is_abandoned_is_stopped() -> None:
    """The tree is up although nobody wants it any more; READY is not sent."""
    assert after(Fact.LOADED, Fact.BOUND, TERM, STARTED)[1] == (Do.STOP,)


def test_a_second_request_cuts_the_drain_short_and_a_third_changes_nothing() -> None:
    """Only the first status counts."""
    state, effects = after(*UP, TERM, StopRequested("SIGINT", 130))
    assert effects == (Do.CUT_SHORT,)
    state, effects = step(state, TERM)
    assert effects == ()
    assert step(state, Fact.ABANDONED)[1][-1] == Exit(0)


def test_a_reload_is_stamped_and_ends_with_ready() -> None:
    """RELOADING=1 goes with the time, READY=1 follows."""
    assert after(*UP, Fact.RELOAD_REQUESTED)[1] == (
        Notify("RELOADING=1\nSTATUS=reloading", stamped=True),
        Do.RELOAD,
    )
    assert after(*UP, Fact.RELOAD_REQUESTED, Fact.RELOADED)[1] == (
        Notify("READY=1\nMAINPID=42\nSTATUS=reloaded, 3/3 ready"),
    )


def test_a_report_that_says_nothing_new_leaves_the_result_of_a_reload_in_the_status() -> None:
    """One that was due since the start, or that a service caused which was up again by then."""
    reloaded = (*UP, Fact.RELOAD_REQUESTED, Fact.RELOADED)
    assert after(*reloaded, Progress(3, 3, "", 0.0))[1] == ()
    assert after(*reloaded, Progress(2, 3, "echo/db", 0.0))[1] == (
        Notify("STATUS=2/3 ready, waiting for echo/db"),
    )


def test_a_failed_reload_ends_with_ready_too_and_says_why() -> None:
    """The application goes on as it was."""
    _, effects = after(*UP, Fact.RELOAD_REQUESTED, ReloadFailed("bad file"))
    assert effects == (Notify("READY=1\nMAINPID=42\nSTATUS=reload failed, going on as before: bad file"),)


def test_a_failed_reload_that_could_not_be_taken_back_everywhere_says_so() -> None:
    """Not everything is as before."""
    failed = ReloadFailed("bad file", ("echo/a", "echo/b"))
    (effect,) = after(*UP, Fact.RELOAD_REQUESTED, failed)[1]
    assert isinstance(effect, Notify)
    assert effect.text.endswith("\nSTATUS=reload failed, and echo/a, echo/b reloaded all the same: bad file")


def test_reloads_asked_for_during_the_start_are_done_once_it_is_ready() -> None:
    """Any number of requests is one reload."""
    state, effects = after(
        Fact.RELOAD_REQUESTED, Fact.LOADED, Fact.BOUND, Fact.RELOAD_REQUESTED, Fact.RELOAD_REQUESTED, STARTED
    )
    assert [effect.text.partition("\n")[0] for effect in effects if isinstance(effect, Notify)] == [
        "READY=1",
        "RELOADING=1",
    ]
    assert effects[-1] is Do.RELOAD
    assert len(step(state, Fact.RELOADED)[1]) == 1


def test_reloads_asked_for_during_a_reload_become_one_more() -> None:
    """What changed after the reload had begun is seen."""
    state, effects = after(*UP, *[Fact.RELOAD_REQUESTED] * 3, Fact.RELOADED)
    assert effects[-1] is Do.RELOAD
    state, effects = step(state, Fact.RELOADED)
    assert state.phase is Phase.READY
    assert Do.RELOAD not in effects


def test_a_stop_during_a_reload_abandons_the_reload_first() -> None:
    """The tree is stopped once the reload is out of the way."""
    state, effects = after(*UP, Fact.RELOAD_REQUESTED, TERM)
    assert effects[1:] == (Do.ABANDON,)
    assert step(state, Fact.ABANDONED)[1] == (Do.STOP,)


def test_a_service_that_fails_stops_the_tree_and_gives_the_exit_status() -> None:
    """The reason is announced at once and stays the last word."""
    assert after(*UP, CRASH)[1] == (Notify("STOPPING=1\nSTATUS=echo/db failed: boom\nERRNO=5"), Do.STOP)
    assert after(*UP, CRASH, Stopped(()))[1] == (Notify("STATUS=echo/db failed: boom\nERRNO=5"), Exit(70))


def test_a_service_that_fails_during_the_start_of_others_abandons_the_start() -> None:
    """READY is not sent even if the others come up."""
    assert after(Fact.LOADED, Fact.BOUND, CRASH)[1][-1] is Do.ABANDON
    assert after(Fact.LOADED, Fact.BOUND, CRASH, STARTED, Stopped(()))[1][-1] == Exit(70)


def test_errors_of_the_stop_make_the_exit_status_70() -> None:
    """A clean request does not hide them."""
    _, effects = after(*UP, TERM, Stopped(("a did not stop", "b did not stop")))
    assert effects == (Notify("STATUS=stopped with errors: a did not stop (and 1 more)"), Exit(70))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("two\nlines\r\n\tand tabs", "STATUS=two lines and tabs"),
        ("\x00\x1b[31mred", "STATUS=[31mred"),
        ("\udc80", "STATUS="),
        ("Größe 日本", "STATUS=Größe 日本"),
    ],
)
def test_a_status_is_one_printable_line(text: str, status: str) -> None:
    """Line breaks and control characters cannot forge another field."""
    assert status_line(text) == status


def test_a_long_status_is_cut_between_characters() -> None:
    """Systemd ignores messages of more than 4096 bytes."""
    line = status_line("日" * 5000)
    assert line.endswith("…")
    assert len(line.encode()) < 3600
