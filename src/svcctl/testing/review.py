"""Reads a transcript and says what was right and what was wrong: what an init system expects of every service.

Source: sd_notify(3), systemd.service(5).
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from svcctl.testing.events import (
    Changed,
    Dropped,
    Event,
    Exited,
    Ignored,
    Launched,
    Message,
    Signalled,
    how_it_ended,
)
from svcctl.testing.unit import Limits
from svcctl.wording import counted

#: The part of the watchdog's limit after which a ping is late: half of it is the advice.
_LATE = 0.75


class Finding(NamedTuple):
    """Something that was right, or wrong.

    Attributes:
        run: In which run of the service, from 1.
        right: Which.
        subject: What it is about: ``start``, ``watchdog``, ``reload``, ``stop``, ``end``, ``messages``, ``descriptors``.
        message: What it is, in one line.
    """

    run: int
    right: bool
    subject: str
    message: str


def review(events: Sequence[Event], limits: Limits) -> tuple[Finding, ...]:
    """Return what there is to be said about a service that has ended.

    Args:
        events: All that has happened, over any number of runs.
        limits: What its init system granted it.

    Example:
        >>> events = [Launched(0.0, 7, ()), Message(0.5, {"READY": "1"}, 7), Exited(2.0, 7, 0)]
        >>> for finding in review(events, Limits()):
        ...     print(finding.right, finding.message)
        True READY=1 came after 0.50 s
        False it ended by itself with status 0, and never said STOPPING=1
    """
    return tuple(
        finding._replace(run=number)
        for number, run in enumerate(_runs(events), 1)
        for judge in (_start, _watchdog, _reloads, _end, _messages)
        for finding in judge(run, limits)
    )


def _right(subject: str, message: str) -> Finding:
    return Finding(run=0, right=True, subject=subject, message=message)


def _wrong(subject: str, message: str) -> Finding:
    return Finding(run=0, right=False, subject=subject, message=message)


def _runs(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield what belongs to each run."""
    starts = [place for place, event in enumerate(events) if isinstance(event, Launched)]
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        yield list(events[start:end])


def _start(run: Sequence[Event], _limits: Limits) -> Iterator[Finding]:
    ready = _first(run, "READY")
    if ready is not None:
        yield _right("start", f"READY=1 came after {ready.time - run[0].time:.2f} s")
        return
    timed_out = [event for event in run if isinstance(event, Signalled) and event.reason == "start limit"]
    why = "not within the limit" if timed_out else "not before its end"
    yield _wrong("start", f"READY=1 never came: {why}{_last_words(run)}")


def _watchdog(run: Sequence[Event], limits: Limits) -> Iterator[Finding]:
    ready = _first(run, "READY")
    if not limits.watchdog or ready is None:
        return
    missed = [event for event in run if isinstance(event, Signalled) and event.signal is signal.SIGABRT]
    if missed:
        yield _wrong("watchdog", missed[0].reason)
        return
    pings = [event.time for event in run if isinstance(event, Message) and "WATCHDOG" in event.fields]
    ends = [event.time for event in run if isinstance(event, Signalled | Exited) and event.time > ready.time]
    times = [ready.time, *pings, *ends[:1]]
    silence = max(later - earlier for earlier, later in zip(times, [*times[1:], times[-1]], strict=True))
    if silence > limits.watchdog * _LATE:
        message = (
            f"its longest silence was {silence:.2f} s of {limits.watchdog:g} s; half of that is the advice"
        )
        yield _wrong("watchdog", message)
    elif pings:
        longest = f"its longest silence was {silence:.2f} s of {limits.watchdog:g} s"
        yield _right("watchdog", f"{counted(len(pings), 'sign of life', 'signs of life')}, {longest}")


def _reloads(run: Sequence[Event], _limits: Limits) -> Iterator[Finding]:
    for place, event in enumerate(run):
        if not (isinstance(event, Signalled) and event.reason == "reload"):
            continue
        begun = _first(run[place:], "RELOADING")
        ready = _first(run[run.index(begun) :], "READY") if begun is not None else None
        if begun is None:
            yield _wrong("reload", "RELOADING=1 never came after SIGHUP")
        elif "MONOTONIC_USEC" not in begun.fields:
            yield _wrong("reload", "RELOADING=1 came without MONOTONIC_USEC=, so it is not believed")
        elif ready is None:
            yield _wrong("reload", "READY=1 never came after RELOADING=1")
        else:
            said = f": {ready.fields['STATUS']}" if "failed" in ready.fields.get("STATUS", "") else ""
            message = f"the reload took {ready.time - event.time:.2f} s{said}"
            yield _wrong("reload", message) if said else _right("reload", message)


def _end(run: Sequence[Event], limits: Limits) -> Iterator[Finding]:
    end = next((event for event in run if isinstance(event, Exited) and event.main), None)
    if end is None:
        yield _wrong("end", "it was still running")
        return
    signals = [event for event in run if isinstance(event, Signalled) and event.time <= end.time]
    asked = next((event for event in signals if event.reason == "stop"), None)
    killed = any(event.signal is signal.SIGKILL and event.reason == "asked for" for event in signals)
    if asked is not None:
        yield from _stop(run, asked, end, limits)
    elif _first(run, "READY") is not None and not killed:
        announced = "after STOPPING=1" if _first(run, "STOPPING") else "and never said STOPPING=1"
        yield _wrong("end", f"it {_by_itself(end)}, {announced}{_last_words(run)}")
    left = [event for event in run if isinstance(event, Exited) and not event.main and event.time >= end.time]
    if left:
        what = "a process" if len(left) == 1 else f"{len(left)} processes"
        yield _wrong("end", f"it left {what} behind, to be killed")


def _by_itself(end: Exited) -> str:
    how = how_it_ended(end.code)
    return how.replace("ended", "ended by itself", 1)


def _stop(run: Sequence[Event], asked: Signalled, end: Exited, limits: Limits) -> Iterator[Finding]:
    if _first(run, "STOPPING") is None:
        yield _wrong("stop", "STOPPING=1 never came")
    if any(isinstance(event, Signalled) and event.reason == "stop limit" for event in run):
        message = f"the stop took longer than its limit of {limits.stop:g} s, and was cut short by SIGKILL"
        yield _wrong("stop", message)
    elif end.code in {0, -signal.SIGTERM}:
        message = f"the stop took {end.time - asked.time:.2f} s, and {how_it_ended(end.code)}"
        yield _right("stop", message)
    else:
        yield _wrong("stop", f"it {how_it_ended(end.code)} when it was stopped{_last_words(run)}")


def _messages(run: Sequence[Event], _limits: Limits) -> Iterator[Finding]:
    for event in run:
        if isinstance(event, Ignored):
            said = " ".join(event.fields) or "nothing"
            yield _wrong("messages", f"a message ({said}) was ignored: {event.reason}")
        elif isinstance(event, Dropped) and event.reason.startswith(("the store", "there is no store")):
            yield _wrong("descriptors", f"{event.name} was not stored: {event.reason}")
        elif isinstance(event, Changed) and event.reason == "core-dump":
            yield _wrong("end", "it dumped core")


def _first(run: Sequence[Event], field: str) -> Message | None:
    found = (event for event in run if isinstance(event, Message) and event.fields.get(field) == "1")
    return next(found, None)


def _last_words(run: Sequence[Event]) -> str:
    said = [
        event.fields["STATUS"] for event in run if isinstance(event, Message) and "STATUS" in event.fields
    ]
    return f" ({said[-1]})" if said else ""
