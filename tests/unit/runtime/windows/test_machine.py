"""The service host's decisions, one at a time."""

from __future__ import annotations

import pytest

from svcctl.runtime.windows.machine import (
    GRACE,
    PROCESS_ABORTED,
    REPORT_EVERY,
    SERVICE_REQUEST_TIMEOUT,
    SERVICE_SPECIFIC_ERROR,
    WAIT_HINT,
    Do,
    Effect,
    Ended,
    Event,
    Fact,
    Limits,
    Machine,
    NotLaunched,
    Phase,
    Report,
    ServiceState,
    Tell,
    step,
    wake_at,
)

LIMITS = Limits(start=90_000, stop=10_000, watchdog=30_000)
KILL_START = 90_000 + 10_000 + GRACE


def live(*events: tuple[int, Event], limits: Limits = LIMITS) -> tuple[Machine, list[Effect]]:
    """Return the state after a begin at 0 and these events, and what the last one led to."""
    state, done = step(Machine(limits), Fact.BEGIN, 0)
    for now, event in events:
        state, done = step(state, event, now)
    return state, list(done)


def reports(effects: list[Effect]) -> list[Report]:
    """Return what the service manager is told."""
    return [effect for effect in effects if isinstance(effect, Report)]


def test_the_start_is_pending_until_the_application_is_ready() -> None:
    """RUNNING is reported then, and not before."""
    _, begun = live()
    assert begun == [Report(ServiceState.START_PENDING, checkpoint=1, wait_hint=WAIT_HINT), Do.LAUNCH]
    state, later = live((REPORT_EVERY, Fact.TIME_PASSED), (2 * REPORT_EVERY, Fact.TIME_PASSED))
    assert later == [Report(ServiceState.START_PENDING, checkpoint=3, wait_hint=WAIT_HINT)]
    assert wake_at(state) == 3 * REPORT_EVERY
    state, ready = live((100, Fact.READY))
    assert ready == [Report(ServiceState.RUNNING)]
    assert (state.phase, wake_at(state)) == (Phase.RUNNING, 100 + 30_000)


@pytest.mark.parametrize(
    ("event", "win32", "status"),
    [
        (Ended(42), SERVICE_SPECIFIC_ERROR, 42),
        (Ended(0xC0000135), SERVICE_SPECIFIC_ERROR, 0xC0000135),
        (Ended(0), PROCESS_ABORTED, 0),
        (NotLaunched(2, "not found"), 2, 0),
    ],
)
def test_a_start_that_fails_is_never_running(event: Event, win32: int, status: int) -> None:
    """The service manager sees why; ending without an error before it is ready is an error, too."""
    state, done = live((10, event))
    assert reports(done) == [Report(ServiceState.STOPPED, win32, status)]
    assert (state.phase, wake_at(state)) == (Phase.STOPPED, None)


def test_a_start_without_end_is_killed() -> None:
    """At its limit, with what the application needs to give up by itself; progress puts it off."""
    state, done = live((5_000, Fact.PROGRESS), (KILL_START, Fact.TIME_PASSED))
    assert Do.KILL not in done
    state, killed = step(state, Fact.TIME_PASSED, 5_000 + KILL_START)
    assert Do.KILL in killed
    state, done_again = step(state, Fact.READY, 5_001 + KILL_START)
    assert done_again == ()
    _, ended = step(state, Ended(70), 5_002 + KILL_START)
    assert reports(list(ended)) == [Report(ServiceState.STOPPED, SERVICE_REQUEST_TIMEOUT)]


def test_a_crash_is_followed_by_a_start_after_a_pause() -> None:
    """The service is paused until it is ready again, and can be stopped meanwhile."""
    state, done = live((100, Fact.READY), (200, Ended(43)))
    assert done == [
        Tell("warning", "it failed (status 43) and is started again in 1 s"),
        Report(ServiceState.PAUSED),
    ]
    assert wake_at(state) == 1_200
    assert step(state, Fact.TIME_PASSED, 1_199) == (state, ())
    restarting, launched = step(state, Fact.TIME_PASSED, 1_200)
    assert launched == (Do.LAUNCH,)
    assert step(restarting, Fact.READY, 1_300)[1] == (Report(ServiceState.RUNNING),)
    _, stopped = step(state, Fact.STOP_REQUESTED, 300)
    assert reports(list(stopped)) == [Report(ServiceState.STOPPED)]


def test_pauses_grow_and_a_long_run_ends_the_row() -> None:
    """Twice as long each, up to a limit; then the service is given up with the application's status."""
    limits = Limits(first_pause=1_000, longest_pause=5_000, most_failures=4, healthy=60_000)
    state, _ = live((0, Fact.READY), limits=limits)
    now, pauses, told = 0, [], [Report(ServiceState.RUNNING)]
    while state.phase is not Phase.STOPPED:
        state, done = step(state, Ended(43), now)
        told += reports(list(done))
        due = wake_at(state)
        if due is not None:
            pauses.append(due - now)
            state, _ = step(state, Fact.TIME_PASSED, due)
            state, _ = step(state, Fact.READY, due)
            now = due
    assert pauses == [1_000, 2_000, 4_000, 5_000]
    assert told[-1] == Report(ServiceState.STOPPED, SERVICE_SPECIFIC_ERROR, 43)
    state, _ = live(
        (0, Fact.READY), (0, Ended(43)), (1_000, Fact.TIME_PASSED), (1_000, Fact.READY), limits=limits
    )
    assert wake_at(step(state, Ended(43), 61_000)[0]) == 62_000


def test_a_status_that_a_start_does_not_mend_is_final() -> None:
    """As a mistake in the application's file."""
    _, done = live((1, Fact.READY), (2, Ended(78)))
    assert reports(done) == [Report(ServiceState.STOPPED, SERVICE_SPECIFIC_ERROR, 78)]


def test_an_application_that_finishes_stops_the_service() -> None:
    """Without an error."""
    _, done = live((1, Fact.READY), (2, Ended(0)))
    assert reports(done) == [Report(ServiceState.STOPPED)]


def test_silence_is_a_crash() -> None:
    """An application that gives no sign of life is killed and started again."""
    state, done = live((0, Fact.READY), (20_000, Fact.ALIVE), (30_000, Fact.TIME_PASSED))
    assert done == []
    state, done_later = step(state, Fact.TIME_PASSED, 50_000)
    assert Do.KILL in done_later
    state, _ = step(state, Ended(70), 50_010)
    assert state.phase is Phase.BACKING_OFF


def test_a_stop_asks_then_interrupts_then_kills() -> None:
    """The checkpoints rise on the way; a program that had to be killed has not stopped well."""
    state, asked = live((0, Fact.READY), (1_000, Fact.STOP_REQUESTED))
    assert asked == [Report(ServiceState.STOP_PENDING, checkpoint=1, wait_hint=WAIT_HINT), Do.ASK_TO_STOP]
    assert step(state, Fact.STOP_REQUESTED, 1_001) == (state, ())
    happened: list[Effect] = []
    now = 1_000
    while Do.KILL not in happened:
        now = wake_at(state) or 0
        state, done = step(state, Fact.TIME_PASSED, now)
        assert done
        happened += done
    assert [each for each in happened if isinstance(each, Do)] == [Do.INTERRUPT, Do.KILL]
    assert now == 1_000 + 10_000 + GRACE
    checkpoints = [each.checkpoint for each in reports(happened)]
    assert checkpoints == list(range(2, 2 + len(checkpoints)))
    _, ended = step(state, Ended(70), now + 1)
    assert reports(list(ended)) == [Report(ServiceState.STOPPED, SERVICE_REQUEST_TIMEOUT)]


@pytest.mark.parametrize(
    ("before", "status", "report"),
    [
        (False, 0, Report(ServiceState.STOPPED)),
        (False, 70, Report(ServiceState.STOPPED, SERVICE_SPECIFIC_ERROR, 70)),
        (False, 0xC000013A, Report(ServiceState.STOPPED, SERVICE_SPECIFIC_ERROR, 0xC000013A)),
        (True, 0xC000013A, Report(ServiceState.STOPPED)),
        (True, 130, Report(ServiceState.STOPPED)),
    ],
)
def test_the_end_of_a_stop_tells_how_it_went(before: bool, status: int, report: Report) -> None:  # noqa: FBT001 (a case)
    """An interrupt counts as a good end where it has been sent."""
    interrupt = ((6_000, Fact.TIME_PASSED),) if before else ()
    _, done = live((0, Fact.READY), (1_000, Fact.STOP_REQUESTED), *interrupt, (7_000, Ended(status)))
    assert reports(done) == [report]


def test_a_stop_during_the_start_is_a_stop() -> None:
    """As at the end of Windows, which waits for no start."""
    _, done = live((1, Fact.STOP_REQUESTED), (2, Ended(0)))
    assert reports(done) == [Report(ServiceState.STOPPED)]


def test_reloads_reach_an_application_that_runs() -> None:
    """One that is about to start reads everything anyway."""
    assert live((1, Fact.READY), (2, Fact.RELOAD_REQUESTED))[1] == [Do.RELOAD]
    assert live((1, Fact.RELOAD_REQUESTED))[1] == []


def test_an_application_that_cannot_be_killed_does_not_keep_the_host() -> None:
    """The job is closed with the host, which is all that is left to do."""
    _, done = live(
        (0, Fact.READY),
        (0, Fact.STOP_REQUESTED),
        (15_000, Fact.TIME_PASSED),
        (15_000 + GRACE, Fact.TIME_PASSED),
    )
    assert reports(done) == [Report(ServiceState.STOPPED, SERVICE_REQUEST_TIMEOUT)]
