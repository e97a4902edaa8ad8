"""Stopping, starting and restarting one service of a running tree by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree import acting
from svcctl.application.tree.acting import NoSuchServiceError, RefusedError
from svcctl.application.tree.record import Record, record_of
from svcctl.errors import StartError, StopError
from tests.fakes.loop import run
from tests.unit.application.shops import child, shop
from tests.unit.application.timed import Timed, started, states, supervised


def test_a_service_is_found_by_its_path() -> None:
    """From the root, or from below it."""
    root = shop([])
    inner = MultiService()
    inner.setName("in/ner")
    inner.addService(Timed([], "deep"))
    inner.addService(Service())
    root.addService(inner)
    top = record_of(root)
    for path in ("shop/in%2Fner/deep", "/in%2Fner/deep"):
        assert acting.find(top, path).service.name == "deep"
    assert acting.find(top, "/in%2Fner/Service[1]").service is list(inner)[1]
    assert acting.find(top, "shop") is acting.find(top, "/") is top


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("shop/cahce", ("shop/cache",)),
        ("/cahce", ("shop/cache",)),
        ("shpo", ("shop",)),
        ("shop/db/x", ()),
        ("", ()),
        ("cache", ("shop/cache",)),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest_names(path: str, nearest: tuple[str, ...]) -> None:
    """As paths that work."""
    with pytest.raises(NoSuchServiceError) as caught:
        acting.find(record_of(shop([])), path)
    assert caught.value.nearest == nearest


def test_what_is_stopped_by_hand_stays_down_until_it_is_started() -> None:
    """Though its collection restarts what is permanent, and whatever happens to others."""
    log: list[str] = []
    root = supervised(log, "ab", "one_for_all")

    async def main() -> None:
        failures = await started(root, log)
        await acting.stop_service(child(root, "a"))
        assert states(root) == ["stopped", "ready"]
        root.getServiceNamed("b").fail(ValueError("boom"))
        await asyncio.sleep(20)
        assert states(root) == ["stopped", "ready"]
        await acting.start_service(child(root, "a"))
        assert states(root) == ["ready", "ready"]
        assert failures == []
        await lifecycle.stop(root)

    run(main())


def test_what_is_stopped_by_hand_starts_again_with_its_collection() -> None:
    """A restart of the whole is a fresh start for all."""
    log: list[str] = []
    root = supervised(log, "a")

    async def main() -> None:
        await started(root, log)
        await acting.stop_service(child(root, "a"))
        await lifecycle.stop(root)
        await lifecycle.start(root)
        assert states(root) == ["ready"]
        await lifecycle.stop(root)

    run(main())


def test_what_others_come_after_is_stopped_only_after_them() -> None:
    """The refusal names those that are up; nothing has changed."""
    log: list[str] = []
    root = shop(log)

    async def main() -> None:
        await started(root, log)
        with pytest.raises(RefusedError) as caught:
            await acting.stop_service(child(root, "cache"))
        assert caught.value.services == ("shop/web",)
        assert log == []
        await acting.stop_service(child(root, "web"))
        await acting.stop_service(child(root, "cache"))
        assert log == ["-web", "web down", "-cache", "cache down"]
        await lifecycle.stop(root)

    run(main())


def test_what_follows_in_another_branch_is_named_too() -> None:
    """By a path into the branch; once, however it is needed."""
    log: list[str] = []
    root, storage, front = MultiService(), MultiService(), MultiService()
    for each, name in ((root, "shop"), (storage, "storage"), (front, "front")):
        each.setName(name)
    storage.addService(Timed(log, "db", ()))
    front.addService(Timed(log, "api", ["shop/storage/db"]))
    root.addService(storage)
    root.addService(front)

    async def main() -> None:
        await started(root, log)
        with pytest.raises(RefusedError) as caught:
            await acting.stop_service(child(storage, "db"))
        assert caught.value.services == ("shop/front/api",)
        with pytest.raises(RefusedError) as caught:
            await acting.stop_service(record_of(storage))
        assert caught.value.services == ("shop/front",)
        await acting.restart_service(child(storage, "db"))
        assert log == ["-api", "api down", "-db", "db down", "+db", "db up", "+api", "api up"]
        await lifecycle.stop(root)

    run(main())


def test_a_service_starts_only_after_what_it_comes_after() -> None:
    """Which nobody starts along."""
    log: list[str] = []
    root = shop(log)

    async def main() -> None:
        await started(root, log)
        for name in ("web", "cache"):
            await acting.stop_service(child(root, name))
        with pytest.raises(RefusedError) as caught:
            await acting.start_service(child(root, "web"))
        assert caught.value.services == ("shop/cache",)
        await lifecycle.stop(root)

    run(main())


def test_a_restart_takes_along_what_comes_after_in_order() -> None:
    """What was down stays down, and what is beside goes on; it is no failure."""
    log: list[str] = []
    root = shop(log)
    root.addService(Timed(log, "late", ["web"]))

    async def main() -> None:
        failures = await started(root, log)
        await acting.stop_service(child(root, "late"))
        del log[:]
        await acting.restart_service(child(root, "db"))
        down = ["-web", "web down", "-cache", "cache down", "-db", "db down"]
        assert log == [*down, "+db", "db up", "+cache", "cache up", "+web", "web up"]
        assert states(root) == ["ready", "ready", "ready", "ready", "stopped"]
        assert failures == []
        await lifecycle.stop(root)

    run(main())


def test_a_restart_whose_start_fails_says_so_and_leaves_the_rest_down() -> None:
    """Nobody tries again but whoever asked for it."""
    log: list[str] = []
    root = shop(log)
    root.supervision = Supervision()

    async def main() -> None:
        failures = await started(root, log)
        root.getServiceNamed("cache").failures = 1
        with pytest.raises(StartError, match="shop/cache failed to start: ValueError: no cache today"):
            await acting.restart_service(child(root, "db"))
        await asyncio.sleep(100)
        assert states(root) == ["stopped", "ready", "failed", "ready"]
        await acting.start_service(child(root, "cache"))
        await acting.start_service(child(root, "web"))
        assert states(root) == ["ready"] * 4
        assert failures == []
        await lifecycle.stop(root)

    run(main())


def test_a_stop_that_fails_says_so_and_the_service_is_down() -> None:
    """As at the stop of a tree."""
    log: list[str] = []
    root = supervised(log, "a")

    def refuse() -> None:
        raise ValueError("never")

    async def main() -> None:
        await started(root, log)
        root[0].stopService = refuse
        with pytest.raises(ExceptionGroup) as caught:
            await acting.stop_service(child(root, "a"))
        assert isinstance(caught.value.exceptions[0], StopError)
        assert states(root) == ["stopped"]
        await lifecycle.stop(root)

    run(main())


def test_a_restart_goes_on_after_a_stop_that_fails_and_says_so() -> None:
    """Everything is up again."""
    log: list[str] = []
    root = supervised(log, "a")

    def refuse() -> None:
        raise ValueError("never")

    async def main() -> None:
        await started(root, log)
        root[0].stopService = refuse
        with pytest.raises(ExceptionGroup):
            await acting.restart_service(child(root, "a"))
        assert states(root) == ["ready"]
        del root[0].stopService
        await lifecycle.stop(root)

    run(main())


@pytest.mark.parametrize("act", [acting.stop_service, acting.restart_service])
def test_the_root_is_the_init_systems(act: Callable[[Record], Awaitable[None]]) -> None:
    """The whole application is stopped by its unit."""
    root = supervised([], "a")

    async def main() -> None:
        await lifecycle.start(root)
        with pytest.raises(RefusedError, match="root is the whole application"):
            await act(record_of(root))
        assert root.running
        await lifecycle.stop(root)

    run(main())
