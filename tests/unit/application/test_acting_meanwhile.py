"""Acting on one service while something else happens to it, or to its tree."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.application import lifecycle
from svcctl.application.supervision import Supervision
from svcctl.application.tree import acting
from svcctl.errors import LifecycleError, ReloadError
from tests.fakes.loop import run
from tests.unit.application.shops import child
from tests.unit.application.timed import started, states, supervised


def test_a_start_that_goes_on_is_given_up_by_a_stop() -> None:
    """Whoever asked for the start is told."""
    log: list[str] = []
    root = supervised(log, "a")

    async def main() -> None:
        await started(root, log)
        await acting.stop_service(child(root, "a"))
        root[0].seconds = 1000.0
        start = asyncio.ensure_future(acting.start_service(child(root, "a")))
        await asyncio.sleep(1)
        assert states(root) == ["starting"]
        root[0].seconds = 1.0
        await acting.stop_service(child(root, "a"))
        with pytest.raises(LifecycleError):
            await start
        assert states(root) == ["stopped"]
        await lifecycle.stop(root)

    run(main())


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
@pytest.mark.parametrize("moment", [0.0, 0.5, 1.5, 2.5])
def test_what_is_being_restarted_can_be_stopped_at_any_moment(strategy: str, moment: float) -> None:
    """While it goes down, backs off, or starts; the others are not held up."""
    log: list[str] = []
    root = supervised(log, "ab", strategy)

    async def main() -> None:
        failures = await started(root, log)
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(moment)
        await acting.stop_service(child(root, "a"))
        await asyncio.sleep(100)
        assert states(root) == ["stopped", "ready"]
        assert failures == []
        await acting.start_service(child(root, "a"))
        assert states(root) == ["ready", "ready"]
        await lifecycle.stop(root)

    run(main())


def test_what_backs_off_is_started_at_once_by_hand() -> None:
    """And once only."""
    log: list[str] = []
    root = supervised(log, "a")
    root.supervision = Supervision(backoff=lambda _: 1000.0)

    async def main() -> None:
        await started(root, log)
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(5)
        assert states(root) == ["backing off"]
        del log[:]
        await acting.start_service(child(root, "a"))
        await asyncio.sleep(2000)
        assert log == ["+a", "a up"]
        await lifecycle.stop(root)

    run(main())


def test_what_backs_off_together_with_others_is_left_to_its_collection() -> None:
    """Alone it would come before what it comes after."""
    log: list[str] = []
    root = supervised(log, "ab", "one_for_all")

    async def main() -> None:
        await started(root, log)
        root[1].fail(ValueError("boom"))
        await asyncio.sleep(2.5)
        with pytest.raises(LifecycleError, match="together with others"):
            await acting.start_service(child(root, "b"))
        await asyncio.sleep(20)
        assert states(root) == ["ready", "ready"]
        await lifecycle.stop(root)

    run(main())


def test_nothing_is_done_while_the_tree_starts_or_stops() -> None:
    """The tree has its own order then."""
    log: list[str] = []
    root = supervised(log, "ab")

    async def main() -> None:
        start = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(1.5)
        for act in (acting.stop_service, acting.restart_service):
            with pytest.raises(LifecycleError, match="root/a is in, is starting"):
                await act(child(root, "a"))
        await start
        stop = asyncio.ensure_future(lifecycle.stop(root))
        await asyncio.sleep(0.5)
        for act in (acting.stop_service, acting.start_service, acting.restart_service):
            with pytest.raises(LifecycleError, match="stopping"):
                await act(child(root, "b"))
        await stop
        assert states(root) == ["stopped", "stopped"]

    run(main())


def test_the_stop_of_the_tree_waits_for_a_stop_by_hand() -> None:
    """And stops nothing twice."""
    log: list[str] = []
    root = supervised(log, "ab")

    async def main() -> None:
        await started(root, log)
        stop = asyncio.ensure_future(acting.stop_service(child(root, "b")))
        await asyncio.sleep(0.5)
        await lifecycle.stop(root)
        await stop
        assert log == ["-b", "b down", "-a", "a down"]

    run(main())


def test_a_restart_is_overtaken_by_the_stop_of_the_tree() -> None:
    """It does not start anything any more, and says so."""
    log: list[str] = []
    root = supervised(log, "a")

    async def main() -> None:
        await started(root, log)
        restart = asyncio.ensure_future(acting.restart_service(child(root, "a")))
        await asyncio.sleep(0.5)
        await lifecycle.stop(root)
        with pytest.raises(LifecycleError):
            await restart
        assert log == ["-a", "a down"]

    run(main())


def test_starting_what_is_up_and_stopping_what_is_down_does_nothing() -> None:
    """However often."""
    log: list[str] = []
    root = supervised(log, "a")

    async def main() -> None:
        await started(root, log)
        await acting.start_service(child(root, "a"))
        assert log == []
        await asyncio.gather(*(acting.stop_service(child(root, "a")) for _ in range(3)))
        await acting.stop_service(child(root, "a"))
        assert log == ["-a", "a down"]
        await lifecycle.stop(root)

    run(main())


def test_a_service_is_reloaded_by_itself() -> None:
    """With what is below it; what has nothing to reload is told so."""
    log: list[str] = []
    root = supervised(log, "ab")

    async def main() -> None:
        await started(root, log)
        root[0].reload = lambda: log.append("reload a")
        await acting.reload_service(child(root, "a"))
        assert log == ["reload a"]
        with pytest.raises(LifecycleError, match="nothing to reload"):
            await acting.reload_service(child(root, "b"))
        root[0].reload = lambda: 1 / 0
        with pytest.raises(ReloadError):
            await acting.reload_service(child(root, "a"))
        assert states(root) == ["ready", "ready"]
        await lifecycle.stop(root)

    run(main())


def test_a_service_can_be_stopped_while_it_reloads() -> None:
    """It does not come back with the end of the reload."""
    log: list[str] = []
    root = supervised(log, "a")

    async def main() -> None:
        await started(root, log)
        root[0].reload = lambda: asyncio.sleep(10)
        reload = asyncio.ensure_future(lifecycle.reload(root))
        await asyncio.sleep(1)
        assert states(root) == ["reloading"]
        await acting.stop_service(child(root, "a"))
        await reload
        assert states(root) == ["stopped"]
        await lifecycle.stop(root)

    run(main())
