"""Services that beat, and who of them is missed."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree import heartbeat
from svcctl.application.tree.record import State, record_of
from svcctl.errors import UsageError
from tests.fakes.loop import run


class Clock:
    """A clock that goes on when the test says so."""

    now = 50.0

    def __call__(self) -> float:
        """Return its time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let heartbeats have a clock of the test's own."""
    clock = Clock()
    monkeypatch.setattr(heartbeat, "clock", clock)
    return clock


class Beating(Service):
    """Beats when the test says so."""

    name = "beating"


def tree(*children: Service, supervision: Supervision | None = None) -> MultiService:
    """Return a collection called shop."""
    root = MultiService(supervision=supervision)
    root.setName("shop")
    for child in children:
        child.setServiceParent(root)
    return root


def silent(root: MultiService) -> list[str]:
    """Return what is said of those who are silent, with 30 s for who has no limit of its own."""
    return list(map(str, heartbeat.look(record_of(root), 30.0)[0]))


def test_who_never_beats_is_not_missed(clock: Clock) -> None:
    """However long it runs."""

    async def main() -> None:
        root = tree(Beating())
        await lifecycle.start(root)
        clock.now += 1e6
        assert heartbeat.look(record_of(root), 30.0) == ([], math.inf)
        assert heartbeat.last_beat(record_of(root.getServiceNamed("beating"))) is None
        await lifecycle.stop(root)

    run(main())


@pytest.mark.parametrize(("own", "limit"), [(None, 30.0), (2.5, 2.5), (60, 60.0)])
def test_who_has_beaten_has_to_beat_again_within_its_limit(
    clock: Clock, own: float | None, limit: float
) -> None:
    """Its own one, else the application's."""

    async def main() -> None:
        service = Beating()
        service.heartbeat_timeout = own
        root = tree(service)
        await lifecycle.start(root)
        service.heartbeat()
        clock.now += limit - 0.5
        assert heartbeat.look(record_of(root), 30.0) == ([], 0.5)
        service.heartbeat()
        clock.now += limit
        assert silent(root) == [f"shop/beating has given no heartbeat for {limit:.3g} s (limit {limit:g} s)"]
        service.heartbeat()
        assert silent(root) == []
        await lifecycle.stop(root)

    run(main())


def test_the_first_heartbeat_of_each_start_is_told(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that whoever looks does so in time."""
    told: list[float] = []
    monkeypatch.setattr(heartbeat, "begun", [lambda: told.append(clock.now)])

    async def main() -> None:
        service = Beating()
        root = tree(service)
        for _ in range(2):
            await lifecycle.start(root)
            for _ in range(3):
                clock.now += 1
                service.heartbeat()
            await lifecycle.stop(root)

    run(main())
    assert told == [51.0, 54.0]


def test_who_has_stopped_is_not_missed_and_owes_nothing_when_it_starts_again(clock: Clock) -> None:
    """Each start begins anew."""

    async def main() -> None:
        service = Beating()
        root = tree(service)
        await lifecycle.start(root)
        service.heartbeat()
        await lifecycle.stop(root)
        clock.now += 100
        service.heartbeat()  # from a thread that has not heard of the end
        assert silent(root) == []
        await lifecycle.start(root)
        clock.now += 100
        assert silent(root) == []
        await lifecycle.stop(root)

    run(main())


def test_who_is_being_restarted_is_not_missed(clock: Clock) -> None:
    """Neither while it backs off nor afterwards, until it beats."""

    async def main() -> None:
        service = Beating()
        root = tree(service, supervision=Supervision("one_for_one"))
        await lifecycle.start(root)
        service.heartbeat()
        service.fail(ValueError("broken"))
        clock.now += 100
        assert silent(root) == []
        await asyncio.sleep(5)
        assert record_of(service).state is State.READY
        clock.now += 100
        assert silent(root) == []
        service.heartbeat()
        clock.now += 100
        assert len(silent(root)) == 1
        await lifecycle.stop(root)

    run(main())


def test_who_beats_while_it_starts_has_its_whole_time_from_readiness_on(clock: Clock) -> None:
    """A start may take long."""

    class Early(Beating):
        async def startService(self) -> None:
            self.heartbeat()
            clock.now += 29

    async def main() -> None:
        root = tree(Early())
        await lifecycle.start(root)
        clock.now += 29
        assert silent(root) == []
        clock.now += 1
        assert len(silent(root)) == 1
        await lifecycle.stop(root)

    run(main())


def test_who_was_taken_out_is_not_missed(clock: Clock) -> None:
    """Neither by its old tree nor later."""

    async def main() -> None:
        service = Beating()
        root = tree(service)
        await lifecycle.start(root)
        service.heartbeat()
        await service.disownServiceParent()
        clock.now += 100
        assert silent(root) == []
        await service.setServiceParent(root)
        assert silent(root) == []
        await lifecycle.stop(root)

    run(main())


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, "30", True])
def test_a_limit_that_is_none_is_told_to_whoever_beats(limit: Any) -> None:  # noqa: ANN401 (a parameter of the test)
    """With the path."""

    async def main() -> None:
        service = Beating()
        service.heartbeat_timeout = limit
        root = tree(service)
        await lifecycle.start(root)
        with pytest.raises(UsageError, match="heartbeat_timeout of shop/beating"):
            service.heartbeat()
        await lifecycle.stop(root)

    run(main())
