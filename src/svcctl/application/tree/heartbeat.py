"""The signs of life that services give, and who has ceased to give them. Loaded with the first one.

A service's first heartbeat makes it one that beats. From then on it has to go on beating for as long as it runs:
what is stopped, is being restarted or has failed is not missed, and a start begins anew, without an obligation
until the next first heartbeat.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from svcctl.application.tree.record import (
    RUNNING,
    STARTING,
    Record,
    Transition,
    is_below,
    path_of,
    root_of,
)
from svcctl.errors import UsageError

#: The clock of the heartbeats. It goes on in every thread, with or without an event loop.
clock = time.monotonic

#: When each has beaten last, and after how many seconds of its own it is silent.
_beats: dict[Record, tuple[float, float | None]] = {}

#: Called whenever somebody begins to beat, in whatever thread that is.
begun: list[Callable[[], object]] = []


class Silence(NamedTuple):
    """A service that should have beaten.

    Attributes:
        path: Which.
        lasted: For how many seconds it has been silent.
        limit: How many it may be.
    """

    path: str
    lasted: float
    limit: float

    def __str__(self) -> str:
        return f"{self.path} has given no heartbeat for {self.lasted:.3g} s (limit {self.limit:g} s)"


def beat(record: Record) -> None:
    """Take note that a service is alive; see :meth:`svcctl.application.service.Service.heartbeat`."""
    if record.state not in (*RUNNING, STARTING):
        return
    limit = _own_limit(record)
    first = record not in _beats
    if first:
        root = root_of(record)
        if root.observers is None or _observe not in root.observers:
            root.observers = [*(root.observers or ()), _observe]
    _beats[record] = clock(), limit
    if first:
        for each in tuple(begun):
            each()


def last_beat(record: Record) -> float | None:
    """Return when a service has beaten last, by :data:`clock`; ``None`` if it is none that beats."""
    found = _beats.get(record)
    return None if found is None else found[0]


def look(top: Record, default: float) -> tuple[list[Silence], float]:
    """Look who has become silent.

    Args:
        top: The root of the tree.
        default: Seconds after which a service without a ``heartbeat_timeout`` of its own is silent.

    Returns:
        Those who are, and the seconds until another one may be; ``inf`` if nobody beats.
    """
    now = clock()
    found: list[Silence] = []
    pause = math.inf
    for record, (last, own) in tuple(_beats.items()):
        if not is_below(record, top):
            continue
        if record.state not in RUNNING:
            if record.state is not STARTING:
                _beats.pop(record, None)  # it was taken out of its tree before it stopped
            continue
        limit = own or default
        if now - last >= limit:
            found.append(Silence(path_of(record), now - last, limit))
        else:
            pause = min(pause, last + limit - now)
    return found, pause


def _observe(event: object) -> None:
    if isinstance(event, Transition) and event.record in _beats:
        if event.after not in RUNNING:
            del _beats[event.record]
        elif event.before is STARTING:
            # Whoever beat before its start took long has the whole time from now on.
            _beats[event.record] = clock(), _beats[event.record][1]


def _own_limit(record: Record) -> float | None:
    limit = getattr(record.service, "heartbeat_timeout", None)
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
        raise UsageError(
            f"heartbeat_timeout of {path_of(record)} is {limit!r}",
            hint="give a number of seconds above 0, or None for the application's watchdog_timeout",
        )
    return float(limit)
