"""Who starts alone while the tree starts: no collection waits for it, only whoever starts the whole tree."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree.hanging import hanging
from svcctl.application.tree.record import State, record_of
from svcctl.errors import LifecycleError
from tests.fakes.loop import run
from tests.unit.application.timed import Timed, states
from tests.unit.application.trees import tree


def shop(log: list[str], *, restarts: int = 5) -> tuple[MultiService, MultiService, MultiService]:
    """Return a tree that restarts its branches, and of those the first and the last; the one between is slow."""
    root = MultiService(supervision=Supervision(restarts=restarts, backoff=lambda _: 5.0))
    root.setName("root")
    storage, front = tree(Timed(log, "db"), name="storage"), tree(name="front")
    for branch in (storage, tree(name="desk"), tree(Timed(log, "slow", seconds=4.0), name="middle"), front):
        root.addService(branch)
    return root, storage, front


def test_a_start_ends_although_who_came_late_waits_for_a_restart_that_waits_for_it() -> None:
    """What has failed is restarted when the collection around it is ready, and then the other one can start."""
    log: list[str] = []
    root, storage, _ = shop(log)

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(2.0)
        storage[0].fail(ValueError("gone"))
        root[1].addService(Timed(log, "web", ["root/storage/db"]))
        await asyncio.wait_for(starting, 60.0)
        assert root[1][0].running
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log[log.index("slow up") :][:7] == ["slow up", "-db", "db down", "+db", "db up", "+web", "web up"]


def test_a_child_of_a_branch_that_has_not_begun_waits_for_who_came_late_to_another_one() -> None:
    """So do its siblings that come after it, but neither the others nor their branch."""
    log: list[str] = []
    root, storage, front = shop(log)

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(2.0)
        storage.addService(Timed(log, "late", seconds=9.0))
        front.addService(Timed(log, "web", ["root/storage/late"]))
        front.addService(Timed(log, "next", ["web"]))
        front.addService(Timed(log, "other"))
        await asyncio.sleep(6.5)
        assert (root.running, states(front)) == (True, ["stopped", "stopped", "ready"])
        await starting
        assert states(front) == ["ready"] * 3
        await lifecycle.stop(root, 100.0)

    run(main())
    order = ["+late", "+other", "other up", "late up", "+web", "web up", "+next", "next up"]
    assert [each for each in log if each in order] == order


def test_a_child_does_not_wait_for_one_in_another_branch_that_has_been_ready_once() -> None:
    """It is being restarted, and nobody came late."""
    log: list[str] = []
    root, storage, front = shop(log)
    storage.supervision = Supervision(backoff=lambda _: 60.0)
    front.addService(Timed(log, "web", ["root/storage/db"]))

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(2.0)
        storage[0].fail(ValueError("gone"))
        await starting
        assert (states(storage), states(front)) == (["backing off"], ["ready"])
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_start_goes_on_after_a_service_that_somebody_has_started_by_hand() -> None:
    """Beside it, or in another branch."""
    log: list[str] = []
    db = Service()
    db.setName("db")
    storage = tree(db, Timed(log, "cache", ["db"]), name="storage")
    root = tree(storage, tree(Timed(log, "web", ["root/storage/db"]), name="front"))

    async def main() -> None:
        Service.startService(db)
        await asyncio.wait_for(lifecycle.start(root), 60.0)
        assert log == ["+cache", "cache up", "+web", "web up"]
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_start_that_is_abandoned_while_it_waits_for_who_came_late_is_undone() -> None:
    """All of it, as before; nobody else may stop the tree meanwhile."""
    log: list[str] = []
    root, storage, _ = shop(log)

    async def main() -> None:
        starting = asyncio.create_task(lifecycle.start(root))
        await asyncio.sleep(4.5)
        storage.addService(Timed(log, "late", seconds=9.0))
        await asyncio.sleep(1.0)
        assert states(root)[-1] == "ready"
        with pytest.raises(LifecycleError, match="root is starting"):
            await lifecycle.stop(root)
        starting.cancel()
        await asyncio.wait({starting})
        assert starting.cancelled()
        assert log[-4:] == ["-slow", "slow down", "-db", "db down"]
        await lifecycle.start(root)
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_start_that_hangs_names_who_came_late_and_waits() -> None:
    """When nobody is starting, or about to be restarted: what it waits for takes its time to stop."""
    log: list[str] = []
    root, storage, _ = shop(log)

    async def main() -> None:
        starting = asyncio.create_task(lifecycle.start(root))
        await asyncio.sleep(2.0)
        storage[0].seconds = 8.0
        storage[0].fail(ValueError("gone"))
        root[1].addService(Timed(log, "web", ["root/storage/db"]))
        await asyncio.sleep(6.0)
        assert record_of(root).state is State.READY
        assert lifecycle.progress(root).waiting == "root/desk/web"
        assert str(hanging(root, starting, 5.0)).startswith(
            "root/desk/web failed to start: it was not ready within 5"
        )
        await starting
        await lifecycle.stop(root, 100.0)

    run(main())
