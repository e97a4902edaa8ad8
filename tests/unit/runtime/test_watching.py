"""When the watchdog pings, when it does not, and what a blocked loop leads to."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest

from svcctl.runtime.watching import Silent, Watchdog
from tests.fakes.loop import JumpingLoop


class Quiet(NamedTuple):
    """A silent service."""

    limit: float
    path: str = "shop/quiet"


class Around:
    """The process around a watchdog: notes what is done, and at what time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.silent: list[Quiet] = []
        self.pause = math.inf
        self.done: list[tuple[float, str]] = []

    def note(self, what: str) -> None:
        """Write down what is done."""
        self.done.append((self.now() - 1000.0, what))

    def ping(self) -> None:
        """Ping."""
        self.note("ping")

    def look(self) -> tuple[Sequence[Silent], float]:
        """Say who is silent."""
        return self.silent, self.pause

    def condemn(self, silent: Sequence[Silent], lag: float) -> None:
        """End the application."""
        self.note(f"condemn {len(silent)}, lag {lag:g}")

    def blocked(self, lasted: float, left: float) -> None:
        """Tell of a blocked loop."""
        self.note(f"blocked for {lasted:.3g}, {left:.3g} left")

    def recovered(self, lasted: float) -> None:
        """Take it back."""
        self.note(f"recovered after {lasted:g}")


class World(NamedTuple):
    """A watchdog with a limit of 30 s on a loop whose time jumps."""

    loop: JumpingLoop
    around: Around
    watchdog: Watchdog

    def until(self, seconds: float) -> list[tuple[float, str]]:
        """Let the loop run until so many seconds after the beginning; return what was done since the last time."""
        self.loop.run_until_complete(asyncio.sleep(1000.0 + seconds - self.loop.now))
        done, self.around.done[:] = self.around.done[:], []
        return done

    def block(self, seconds: float) -> None:
        """Stand still."""
        self.loop.now += seconds


@pytest.fixture
def world() -> Iterator[World]:
    """Give a watchdog that has begun."""
    loop = JumpingLoop()
    around = Around(loop.time)
    watchdog = Watchdog(30.0, loop, around)
    watchdog.begin()
    yield World(loop, around, watchdog)
    watchdog.end()
    loop.turn(2)
    loop.close()
    assert loop.unhandled == []


def test_pings_come_at_half_the_limit(world: World) -> None:
    """By the loop's own clock, the first at once."""
    assert world.until(31) == [(0.0, "ping"), (15.0, "ping"), (30.0, "ping")]


def test_there_are_no_pings_after_the_end(world: World) -> None:
    """The timer of the latest look is gone, not that of the first."""
    world.until(16)
    world.watchdog.end()
    assert world.until(100) == []


def test_a_loop_that_was_held_up_for_less_than_the_limit_pings_late(world: World) -> None:
    """It is well again."""
    world.until(14)
    world.block(20)
    assert world.until(40) == [(34.0, "ping")]


def test_a_loop_that_was_held_up_for_more_than_the_limit_gets_no_ping(world: World) -> None:
    """The init system was late itself, and is told to go on."""
    world.until(14)
    world.block(40)
    assert world.until(60) == [(54.0, "condemn 0, lag 39")]


def test_a_silent_service_ends_the_pings(world: World) -> None:
    """It is told once."""
    world.until(1)
    world.around.silent = [Quiet(5.0)]
    assert world.until(100) == [(15.0, "condemn 1, lag 0")]


def test_looks_come_when_somebody_may_be_silent(world: World) -> None:
    """Not only at half the limit, which may be later."""
    world.until(1)
    world.around.pause = 4.0
    assert [at for at, _ in world.until(28)] == [15.0, 19.0, 23.0, 27.0]


def test_whoever_begins_to_beat_is_looked_at_in_time(world: World) -> None:
    """Without a ping more than that look."""
    world.until(1)
    world.around.pause = 4.0
    world.watchdog.hasten()
    assert [at for at, _ in world.until(8)] == [5.0]
    world.around.pause = 20.0
    world.watchdog.hasten()
    assert [at for at, _ in world.until(12)] == [9.0]


def test_nobody_is_looked_at_after_the_end(world: World) -> None:
    """Whoever begins to beat then."""
    world.watchdog.end()
    world.around.pause = 4.0
    world.watchdog.hasten()
    assert world.until(50) == [(0.0, "ping")]


def test_a_service_that_beats_again_is_pinged_for_again(world: World) -> None:
    """Where the init system has not acted."""
    world.until(1)
    world.around.silent = [Quiet(5.0)]
    world.until(16)
    world.around.silent = []
    assert world.until(31) == [(30.0, "recovered after 30"), (30.0, "ping")]


def test_heartbeats_that_were_held_up_by_the_loop_get_another_chance(world: World) -> None:
    """The service could not beat while the loop stood still."""
    world.until(14)
    world.block(6)
    world.around.silent = [Quiet(5.0)]
    assert world.until(22) == [(20.0, "ping")]
    world.around.silent = []
    assert world.until(38) == [(22.5, "ping"), (37.5, "ping")]


def test_there_is_one_such_chance(world: World) -> None:
    """Who is still silent half a limit later is."""
    world.until(14)
    world.block(6)
    world.around.silent = [Quiet(5.0)]
    assert world.until(40) == [(20.0, "ping"), (22.5, "condemn 1, lag 0")]


@pytest.mark.parametrize(("limit", "told"), [(30.0, 29.0), (2.0, 1.5), (0.4, 0.3)])
def test_a_blocked_loop_is_told_of_shortly_before_the_end(limit: float, told: float) -> None:
    """Once, by whoever is not blocked."""
    loop = JumpingLoop()
    around = Around(loop.time)
    watchdog = Watchdog(limit, loop, around)
    watchdog.begin()
    guard = watchdog.guard
    assert guard.check(1000.0) == pytest.approx(told)
    assert guard.check(1000.0 + told / 2) == pytest.approx(told / 2)
    assert around.done == [(0.0, "ping")]
    assert guard.check(1000.0 + told + 1e-6) == limit / 4
    assert guard.check(1000.0 + limit) == limit / 4
    assert [what for _, what in around.done] == [
        "ping",
        f"blocked for {told:g}, {limit - told:.3g} left",
    ]
    watchdog.end()
    loop.close()


def test_a_loop_that_goes_on_just_in_time_pings_and_says_so(world: World) -> None:
    """And would be told of again."""
    world.until(16)
    world.block(28.5)
    world.watchdog.guard.check(world.loop.now)
    assert [what for _, what in world.until(46)] == [
        "blocked for 29.5, 0.5 left",
        "recovered after 29.5",
        "ping",
    ]
    world.block(29.5)
    world.watchdog.guard.check(world.loop.now)
    assert world.around.done


def test_what_was_told_by_the_loop_is_not_told_again_by_the_thread(world: World) -> None:
    """One record is enough."""
    world.until(1)
    world.around.silent = [Quiet(5.0)]
    world.until(16)
    world.watchdog.guard.check(world.loop.now + 20)
    assert world.around.done == []


def test_the_thread_begins_with_the_loops_next_turn_and_ends_with_the_watchdog(world: World) -> None:
    """It is a daemon: no process waits for it."""
    others = set(threading.enumerate())  # those that another test has told to end may be there still
    world.until(1)
    (thread,) = set(threading.enumerate()) - others
    assert (thread.name, thread.daemon) == ("svcctl watchdog", True)
    world.watchdog.end()
    thread.join(10)
    assert not thread.is_alive()


def test_the_thread_tells_of_a_loop_that_is_really_blocked() -> None:
    """While it is, by the real clock."""
    told = threading.Event()

    class Real(Around):
        def blocked(self, lasted: float, left: float) -> None:
            super().blocked(lasted, left)
            told.set()

    async def main() -> bool:
        watchdog = Watchdog(0.2, asyncio.get_running_loop(), Real(asyncio.get_running_loop().time))
        watchdog.begin()
        await asyncio.sleep(0)
        try:
            return told.wait(20)  # in the loop's own thread
        finally:
            watchdog.end()

    assert asyncio.run(main())


@pytest.mark.parametrize("limit", [1e-6, 1e13])
def test_limits_that_make_no_sense_do_no_harm(limit: float) -> None:
    """Not even to the thread."""
    errors: list[object] = []
    before, threading.excepthook = threading.excepthook, errors.append

    async def main() -> None:
        around = Around(asyncio.get_running_loop().time)
        watchdog = Watchdog(limit, asyncio.get_running_loop(), around)
        watchdog.begin()
        await asyncio.sleep(0.01)
        assert around.done
        watchdog.end()

    try:
        asyncio.run(main())
    finally:
        threading.excepthook = before
    assert errors == []
