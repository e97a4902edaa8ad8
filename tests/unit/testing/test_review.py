"""What is said of a transcript."""

from __future__ import annotations

import signal

import pytest

from svcctl.testing.events import Event, Exited, Ignored, Launched, Message, Signalled
from svcctl.testing.review import review
from svcctl.testing.unit import Limits


def said(time: float, **fields: str) -> Message:
    """Return a message."""
    return Message(time, fields, 7)


def sent(time: float, number: signal.Signals, reason: str) -> Signalled:
    """Return a signal."""
    return Signalled(time, number, 7, reason)


LAUNCHED = Launched(0.0, 7, ())
READY = said(1.0, READY="1")
STOP = sent(9.0, signal.SIGTERM, "stop")
STOPPING = said(9.1, STOPPING="1")
HUP = sent(2.0, signal.SIGHUP, "reload")
RELOADING = said(2.1, RELOADING="1", MONOTONIC_USEC="2000000")
END = Exited(9.5, 7, 0)


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([LAUNCHED, READY, STOP, STOPPING, END], []),
        ([LAUNCHED, Exited(1.0, 7, 70)], ["READY=1 never came: not before its end"]),
        (
            [LAUNCHED, said(0.5, STATUS="waiting"), sent(9.0, signal.SIGTERM, "start limit"), END],
            ["READY=1 never came: not within the limit (waiting)"],
        ),
        ([LAUNCHED, READY, STOP, END], ["STOPPING=1 never came"]),
        (
            [LAUNCHED, READY, STOP, STOPPING, sent(9.2, signal.SIGKILL, "stop limit"), Exited(9.5, 7, -9)],
            ["the stop took longer than its limit of 30 s, and was cut short by SIGKILL"],
        ),
        (
            [LAUNCHED, READY, STOP, STOPPING, Exited(9.5, 7, 70)],
            ["it ended with status 70 when it was stopped"],
        ),
        (
            [LAUNCHED, READY, Exited(5.0, 7, 1)],
            ["it ended by itself with status 1, and never said STOPPING=1"],
        ),
        (
            [LAUNCHED, READY, STOP, STOPPING, END, Exited(9.6, 8, -9, main=False)],
            ["it left a process behind, to be killed"],
        ),
        ([LAUNCHED, READY, sent(2.0, signal.SIGKILL, "asked for"), Exited(2.1, 7, -9)], []),
        ([LAUNCHED, READY, HUP, RELOADING, said(3.0, READY="1"), STOP, STOPPING, END], []),
        ([LAUNCHED, READY, HUP, STOP, STOPPING, END], ["RELOADING=1 never came after SIGHUP"]),
        ([LAUNCHED, READY, HUP, RELOADING, STOP, STOPPING, END], ["READY=1 never came after RELOADING=1"]),
        (
            [LAUNCHED, READY, HUP, said(2.1, RELOADING="1"), said(3.0, READY="1"), STOP, STOPPING, END],
            ["RELOADING=1 came without MONOTONIC_USEC=, so it is not believed"],
        ),
        (
            [
                LAUNCHED,
                READY,
                Ignored(2.0, {"READY": "1"}, 9, "not from the main process"),
                STOP,
                STOPPING,
                END,
            ],
            ["a message (READY) was ignored: not from the main process"],
        ),
        ([LAUNCHED, READY], ["it was still running"]),
    ],
)
def test_what_is_wrong_is_told(events: list[Event], wrong: list[str]) -> None:
    """And nothing else is."""
    assert [finding.message for finding in review(events, Limits()) if not finding.right] == wrong


@pytest.mark.parametrize(
    ("pings", "wrong"),
    [
        ([1.5, 3.0, 4.5, 6.0, 7.5], []),
        ([3.0, 5.0], ["its longest silence was 4.00 s of 4 s; half of that is the advice"]),
        ([], ["its longest silence was 8.00 s of 4 s; half of that is the advice"]),
    ],
)
def test_signs_of_life_that_come_late_are_told(pings: list[float], wrong: list[str]) -> None:
    """From readiness to the stop."""
    alive = [said(time, WATCHDOG="1") for time in pings]
    found = review([LAUNCHED, READY, *alive, STOP, STOPPING, END], Limits(watchdog=4.0))
    assert [
        finding.message for finding in found if finding.subject == "watchdog" and not finding.right
    ] == wrong


def test_signs_of_life_in_time_are_counted() -> None:
    """One is no plural."""
    found = review([LAUNCHED, READY, said(1.5, WATCHDOG="1"), STOP, STOPPING, END], Limits(watchdog=30.0))
    (told,) = [finding.message for finding in found if finding.subject == "watchdog"]
    assert told.startswith("1 sign of life, its longest silence was ")


def test_each_run_is_judged_by_itself() -> None:
    """With its number."""
    found = review(
        [LAUNCHED, READY, STOP, STOPPING, END, Launched(10.0, 8, ()), Exited(11.0, 8, 3)], Limits()
    )
    assert [(finding.run, finding.right, finding.subject) for finding in found] == [
        (1, True, "start"),
        (1, True, "stop"),
        (2, False, "start"),
    ]
