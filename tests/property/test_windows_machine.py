"""The service host's state machine, under every order of events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.runtime.windows.machine import (
    GRACE,
    REPORT_EVERY,
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
    step,
    wake_at,
)

SPANS = st.sampled_from((0, 1, 1_000, 10_000))
LIMITS = st.builds(
    Limits, start=SPANS, stop=SPANS, watchdog=SPANS, first_pause=SPANS, longest_pause=SPANS,
    most_failures=st.integers(0, 3), healthy=SPANS,
)  # fmt: skip
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(Fact),
    st.builds(Ended, st.sampled_from((0, 1, 43, 78, 130, 0xC000013A))),
    st.builds(NotLaunched, st.integers(1, 1500), st.just("no")),
)
STEPS = st.lists(st.tuples(EVENTS, st.sampled_from((0, 1, 2_000, 20_000))), max_size=40)
PENDING = {ServiceState.START_PENDING, ServiceState.STOP_PENDING}

#: What may follow a state; a pending one may follow itself, with a higher checkpoint.
ALLOWED = {
    ServiceState.START_PENDING: {*PENDING, ServiceState.RUNNING, ServiceState.STOPPED},
    ServiceState.RUNNING: {ServiceState.PAUSED, ServiceState.STOP_PENDING, ServiceState.STOPPED},
    ServiceState.PAUSED: {*ServiceState} - {ServiceState.START_PENDING},
    ServiceState.STOP_PENDING: {ServiceState.STOP_PENDING, ServiceState.STOPPED},
    ServiceState.STOPPED: set(),
}


def reported(effects: list[Effect]) -> list[Report]:
    """Return what the service manager was told."""
    return [effect for effect in effects if isinstance(effect, Report)]


@given(LIMITS, STEPS)
def test_the_service_manager_is_told_the_truth(limits: Limits, steps: list[tuple[Event, int]]) -> None:
    """States follow each other as allowed, RUNNING follows only readiness, and STOPPED is the last word."""
    state, effects = step(Machine(limits), Fact.BEGIN, 0)
    last, now = reported(list(effects))[-1], 0
    for event, passed in steps:
        now += passed
        before = state
        state, effects = step(state, event, now)
        told = reported(list(effects))
        assert len(told) <= 1
        if before.phase is Phase.STOPPED:
            assert (state, effects) == (before, ())
        for report in told:
            assert report.state in ALLOWED[last.state]
            assert (report.state is ServiceState.RUNNING) == (event is Fact.READY)
            assert (report.wait_hint > 0) == (report.checkpoint > 0) == (report.state in PENDING)
            if report.state is last.state:
                assert report.checkpoint == last.checkpoint + 1
            last = report
        assert (state.phase is Phase.STOPPED) == (last.state is ServiceState.STOPPED)
        assert state.reported == last


@given(LIMITS, STEPS)
def test_one_application_at_a_time_is_launched(limits: Limits, steps: list[tuple[Event, int]]) -> None:
    """None is launched after a request to stop, and none is told anything or killed while there is none."""
    state, effects = step(Machine(limits), Fact.BEGIN, 0)
    there, fresh, stopping, now = True, True, False, 0
    for event, passed in steps:
        now += passed
        if (isinstance(event, Ended) and not there) or (isinstance(event, NotLaunched) and not fresh):
            continue  # neither can be: one that runs has been launched
        fresh = False
        there = there and not isinstance(event, Ended | NotLaunched)
        stopping = stopping or event is Fact.STOP_REQUESTED
        state, effects = step(state, event, now)
        for effect in effects:
            if effect is Do.LAUNCH:
                assert not there
                assert not stopping
                there = fresh = True
            elif isinstance(effect, Do):
                assert there


@given(LIMITS, STEPS)
def test_a_stop_always_comes_to_its_end(limits: Limits, steps: list[tuple[Event, int]]) -> None:
    """Even if the application never says anything; the service manager hears of it often enough until then."""
    state, now = step(Machine(limits), Fact.BEGIN, 0)[0], 0
    for event, passed in steps:
        now += passed
        state, _ = step(state, event, now)
    asked = now
    state, _ = step(state, Fact.STOP_REQUESTED, now)
    while state.phase is not Phase.STOPPED:
        due = wake_at(state)
        assert due is not None
        assert due - now <= REPORT_EVERY < WAIT_HINT
        now = max(now, due)
        before = state
        state, _ = step(state, Fact.TIME_PASSED, now)
        assert state != before
    assert now - asked <= limits.stop + 2 * GRACE + REPORT_EVERY
