"""A stop without time, and those who are on their way out by themselves at that moment."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService
from tests.fakes.loop import run
from tests.unit.application.stops import stop_all
from tests.unit.application.timed import Timed, started
from tests.unit.application.trees import tree


def leaving(log: list[str]) -> tuple[MultiService, Timed]:
    """Return a tree with a service that comes after another one."""
    db = Timed(log, "db", ())
    return tree(db, Timed(log, "web", ["db"], seconds=9.0)), db


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("how", ["no time", "cancelled", "time is over"])
def test_a_removed_child_is_stopped_also_when_its_turn_never_came(how: str, *, begun: bool) -> None:
    """It waits for another one that left before it, and the stop of the tree does not wait for that."""
    log: list[str] = []

    async def main() -> None:
        root, db = leaving(log)
        await started(root, log)
        root.removeService(root[1])
        root.removeService(db)
        if begun:
            await asyncio.sleep(0.5)
        stop = asyncio.create_task(stop_all(root, {"no time": 0.0, "time is over": 2.0}.get(how, 100.0)))
        if how == "cancelled":
            await asyncio.sleep(0)
            stop.cancel()
        await asyncio.wait({stop})

    run(main())
    assert log == ["-web", "-db"]


def test_a_removed_child_is_stopped_also_when_the_stop_is_cancelled_at_that_moment() -> None:
    """Before anything of its end has happened."""
    log: list[str] = []

    async def main() -> None:
        child = Timed(log, "a")
        root = tree(Timed(log, "b"), child)
        await started(root, log)
        stop = asyncio.create_task(lifecycle.stop(root, 100.0))
        asyncio.get_running_loop().call_soon(stop.cancel)
        root.removeService(child)
        await asyncio.wait({stop})

    run(main())
    assert sorted(log) == ["-a", "-b"]


def test_a_child_whose_end_was_cut_off_starts_again_when_it_comes_back() -> None:
    """Nobody takes it for one that is up."""
    log: list[str] = []

    async def main() -> None:
        root, db = leaving(log)
        await started(root, log)
        root.removeService(root[1])
        root.removeService(db)
        await stop_all(root, 0.0)
        del log[:]
        root.addService(db)
        await lifecycle.start(root)
        assert log == ["+db", "db up"]
        await lifecycle.stop(root, 100.0)

    run(main())
