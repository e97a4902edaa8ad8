"""What the fake init makes of a service, without one: the clock is a number."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.testing.unit import Limits, Order, Phase, Unit

LIMITS = Limits(start=10.0, stop=5.0, watchdog=2.0)


def running() -> Unit:
    """Return a service that became ready at 1."""
    unit = Unit(LIMITS)
    unit.launched(0.0)
    unit.message(1.0, {"READY": "1"})
    return unit


def test_the_start_limit_is_the_first_thing_that_is_due() -> None:
    """And leads to SIGTERM, then to SIGKILL."""
    unit = Unit(LIMITS)
    unit.launched(0.0)
    assert unit.due == 10.0
    assert unit.tick(9.9) is None
    order = unit.tick(10.0)
    assert order is not None
    assert (order.signal, unit.phase, unit.result) == (signal.SIGTERM, Phase.STOPPING, "timeout")
    order = unit.tick(15.0)
    assert order is not None
    assert order.signal == signal.SIGKILL
    unit.main_ended(-9, core=False)
    unit.all_ended()
    assert (unit.phase, unit.result, unit.reason) == (Phase.FAILED, "timeout", "timeout")


def test_more_time_counts_from_now_and_never_shortens() -> None:
    """Of the start, and of the watchdog alike."""
    unit = Unit(LIMITS)
    unit.launched(0.0)
    unit.message(1.0, {"EXTEND_TIMEOUT_USEC": "1000000"})
    assert unit.due == 10.0
    unit.message(9.0, {"EXTEND_TIMEOUT_USEC": "3000000"})
    assert unit.due == 12.0
    unit.message(10.0, {"READY": "1"})
    unit.message(10.0, {"EXTEND_TIMEOUT_USEC": "7000000"})
    assert unit.due == 17.0


def test_each_ping_grants_the_whole_limit() -> None:
    """And a miss is a SIGABRT."""
    unit = running()
    assert unit.due == 3.0
    unit.message(2.5, {"WATCHDOG": "1"})
    assert unit.due == 4.5
    order = unit.tick(4.5)
    assert order is not None
    assert (order.signal, unit.result) == (signal.SIGABRT, "watchdog")


def test_a_reload_needs_its_time_and_ends_with_ready() -> None:
    """A time from before it was asked for is not believed."""
    unit = running()
    order = unit.reload(1.5)
    assert order is not None
    assert order.signal == signal.SIGHUP
    unit.message(1.6, {"RELOADING": "1", "MONOTONIC_USEC": "1499999"})
    unit.message(1.6, {"READY": "1"})
    assert unit.phase is Phase.RELOADING
    unit.message(1.7, {"RELOADING": "1", "MONOTONIC_USEC": "1500000"})
    unit.message(1.8, {"READY": "1"})
    assert (unit.phase, unit.reload_failed) == (Phase.RUNNING, "")


def test_nothing_is_reloaded_or_stopped_that_does_not_run() -> None:
    """No signal is sent."""
    unit = Unit(LIMITS)
    assert (unit.reload(0.0), unit.stop(0.0), unit.due) == (None, None, None)
    unit.launched(0.0)
    assert unit.reload(0.0) is None


def test_without_limits_nothing_is_ever_due() -> None:
    """0 stands for without end."""
    unit = Unit(Limits(0, 0, 0))
    unit.launched(0.0)
    assert unit.due is None
    unit.message(1.0, {"READY": "1"})
    assert unit.stop(1.0) is not None
    assert unit.due is None


@pytest.mark.parametrize(
    ("code", "core", "result"),
    [
        (0, False, "success"),
        (-15, False, "success"),
        (3, False, "exit-code"),
        (-9, False, "signal"),
        (-6, True, "core-dump"),
        (None, False, "success"),
    ],
)
def test_the_result_is_what_the_end_was(code: int | None, *, core: bool, result: str) -> None:
    """Signals that ask for an end are as good as status 0."""
    unit = running()
    unit.main_ended(code, core=core)
    unit.all_ended()
    assert unit.result == result


FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "READY",
            "RELOADING",
            "STOPPING",
            "WATCHDOG",
            "WATCHDOG_USEC",
            "EXTEND_TIMEOUT_USEC",
            "STATUS",
            "ERRNO",
        ]
    ),
    st.sampled_from(
        ["1", "0", "trigger", "", "x", "-1", "18446744073709551615", "9" * 40, "\u0661", "1000000"]
    ),
)


@given(messages=st.lists(st.tuples(st.floats(0, 1), FIELDS), max_size=30))
def test_whatever_is_said_the_state_is_one_and_its_end_can_be_brought_about(
    messages: list[tuple[float, dict[str, str]]],
) -> None:
    """No message raises, and a stop always ends in at most two signals."""
    unit = Unit(LIMITS)
    unit.launched(0.0)
    now = 0.0
    for pause, fields in messages:
        now += pause
        unit.message(now, fields)
        unit.tick(now)
    unit.stop(now)
    assert unit.phase is Phase.STOPPING
    signals: list[Order | None] = []
    while unit.due is not None and len(signals) < 3:
        signals.append(unit.tick(unit.due))
    assert len(signals) <= 1
    unit.main_ended(0, core=False)
    unit.all_ended()
    assert unit.ended
