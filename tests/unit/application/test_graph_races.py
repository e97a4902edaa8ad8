"""The order of a graph while children come, go, end and are restarted."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService
from svcctl.application.supervision import Supervision
from svcctl.application.tree.record import record_of
from svcctl.errors import DependencyError, StartError
from tests.fakes.loop import run
from tests.unit.application.timed import Timed, started, states
from tests.unit.application.trees import tree


def graph(log: list[str], *, strategy: str = "one_for_one", **after: tuple[str, ...]) -> MultiService:
    """Return a supervised collection of services by name and what each comes after."""
    root = MultiService(supervision=Supervision(strategy, backoff=lambda _: 5.0))
    root.setName("root")
    for name, before in after.items():
        root.addService(Timed(log, name, before))
    return root


def test_a_start_waits_for_a_child_added_to_a_branch_that_is_ready() -> None:
    """A tree is ready when all of it is."""
    log: list[str] = []
    branch = tree(Timed(log, "a"), name="branch")
    root = tree(branch, Timed(log, "b"))

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(1.5)
        branch.addService(Timed(log, "late", seconds=9.0))
        await starting
        assert branch[1].running
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_child_waits_for_another_one_that_was_just_added() -> None:
    """Of whatever kind it is: it has not ended, it has not started yet."""
    log: list[str] = []
    root = graph(log, db=())

    async def main() -> None:
        await started(root, log)
        middle = Timed(log, "middle", ["db"])
        middle.restart = "transient"
        root.addService(middle)
        await root.addService(Timed(log, "late", ["middle"]))
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log[:4] == ["+middle", "middle up", "+late", "late up"]


@pytest.mark.parametrize("kind", ["permanent", "transient"])
@pytest.mark.parametrize("wait", [0.0, 0.5, 1.5, 2.5, 7.5])
def test_a_child_added_during_a_restart_waits_for_its_end(kind: str, wait: float) -> None:
    """What it comes after is down, or about to be, but will come up again."""
    log: list[str] = []
    root = graph(log, strategy="one_for_all", db=(), web=("db",))
    root[0].restart = kind

    async def main() -> None:
        await started(root, log)
        root[1].fail(ValueError("boom"))
        await asyncio.sleep(wait)
        root.addService(Timed(log, "late", ["db"]))
        await asyncio.sleep(30)
        assert states(root) == ["ready"] * 3
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log.index("db up") < log.index("+late")
    assert log.count("+late") == 1


def test_a_child_added_to_a_branch_waits_for_the_other_branch_it_comes_after() -> None:
    """While the tree still starts, or while it is restarted there."""
    log: list[str] = []
    front, storage = tree(Timed(log, "f", ()), name="front"), graph(log, db=())
    storage.name = "storage"
    root = tree(front, Timed(log, "slow", seconds=5.0), storage)

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(1.5)
        front.addService(Timed(log, "web", ["root/storage/db"]))
        await starting
        assert log.index("db up") < log.index("+web")
        del log[:]
        storage[0].fail(ValueError("boom"))
        await asyncio.sleep(2)
        await front.addService(Timed(log, "next", ["root/storage/db"]))
        assert log.index("db up") < log.index("+next")
        await lifecycle.stop(root, 100.0)

    run(main())


def test_an_edge_that_comes_in_the_middle_of_a_start_is_kept() -> None:
    """In a collection that was started one after the other, or in a graph."""
    log: list[str] = []
    for after in (None, ()):
        front, storage = tree(name="front"), tree(Timed(log, "db"), name="storage")
        root = tree(Timed(log, "first", after, seconds=3.0), front, storage)
        front.after = ["first"] if after is not None else None
        storage.after = ["first"] if after is not None else None

        async def main(root: MultiService, front: MultiService) -> None:
            starting = asyncio.ensure_future(lifecycle.start(root))
            await asyncio.sleep(1)
            front.addService(Timed(log, "web", ["root/storage/db"]))
            await starting
            await lifecycle.stop(root)

        del log[:]
        run(main(root, front))
        assert log[:6] == ["+first", "first up", "+db", "db up", "+web", "web up"]


@pytest.mark.parametrize("after", [None, ()])
@pytest.mark.parametrize("deep", [False, True])
def test_a_child_added_to_a_starting_branch_waits_for_a_later_one(
    *, after: tuple[str, ...] | None, deep: bool
) -> None:
    """Its own branch does not, as the later one may wait for that; the whole tree is ready with all of them."""
    log: list[str] = []
    inner, storage = (
        tree(Timed(log, "slow", seconds=3.0), name="inner"),
        tree(Timed(log, "db"), name="storage"),
    )
    front = tree(inner, name="front") if deep else inner
    root = tree(front, Timed(log, "middle", after), storage)
    where = storage.path

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(0.5)
        inner.addService(Timed(log, "web", [f"{where}/db"]))
        await starting
        assert inner[1].running
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log.index("db up") < log.index("+web")


@pytest.mark.parametrize("end", ["finish", "fail"])
def test_what_has_ended_for_good_holds_nobody_up(end: str) -> None:
    """Work that is done, and what is temporary and has failed."""
    log: list[str] = []
    root = graph(log, db=(), web=("db",))
    root[0].restart = "temporary"

    async def main() -> None:
        failures = await started(root, log)
        if end == "finish":
            root[0].finish()
        else:
            root[0].fail(ValueError("boom"))
        root[1].fail(ValueError("boom"))
        await asyncio.sleep(20)
        await root.addService(Timed(log, "late", ["db"]))
        assert (root[1].running, root[2].running, failures) == (True, True, [])
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_temporary_service_that_went_down_with_the_others_holds_nobody_up() -> None:
    """It is not restarted, so nobody can wait for it."""
    log: list[str] = []
    root = graph(log, strategy="one_for_all", scratch=(), web=("scratch",), other=())
    root[0].restart = "temporary"

    async def main() -> None:
        failures = await started(root, log)
        root[2].fail(ValueError("boom"))
        await asyncio.sleep(30)
        assert (states(root), failures) == (["stopped", "ready", "ready"], [])
        await lifecycle.stop(root, 100.0)

    run(main())


def test_one_that_waits_for_a_child_whose_start_is_refused_is_refused_too() -> None:
    """It does not wait for ever."""
    log: list[str] = []
    root = tree(Timed(log, "a", ()))

    async def main() -> None:
        await started(root, log)
        await lifecycle.stop(root[0])
        first = root.addService(Timed(log, "b", ["a"]))
        second = root.addService(Timed(log, "c", ["b"]))
        with pytest.raises(DependencyError, match="root/b: comes after root/a, which is stopped"):
            await first
        with pytest.raises(DependencyError, match="root/c: comes after root/b, which is stopped"):
            await second
        await lifecycle.stop(root, 100.0)

    run(main())


def test_two_that_fail_at_once_leave_no_error_behind() -> None:
    """The first is raised, with the other in its rollback."""
    log: list[str] = []
    root = tree(Timed(log, "a", ()), Timed(log, "b", ()))

    async def main() -> StartError:
        root[0].failures = root[1].failures = 1
        with pytest.raises(StartError) as caught:
            await lifecycle.start(root)
        return caught.value

    error = run(main())
    assert str(error) == "root/a failed to start: ValueError: no a today"
    assert [str(each) for each in error.rollback] == ["root/b failed to start: ValueError: no b today"]


def test_a_tree_whose_order_was_taken_back_starts_one_after_the_other_again() -> None:
    """When the one child that said something has gone."""
    log: list[str] = []
    inner = tree(Timed(log, "a"), Timed(log, "b"), Timed(log, "c", ()), name="inner")
    root = tree(inner)

    async def main() -> None:
        await lifecycle.start(root)
        await lifecycle.stop(root, 100.0)
        inner.removeService(inner[2])
        del log[:]
        await lifecycle.start(root)
        assert log == ["+a", "a up", "+b", "b up"]
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_branch_that_waits_for_its_restart_is_part_of_the_running_tree() -> None:
    """Who joins it is put in order, or refused; what others come after cannot leave it."""
    log: list[str] = []
    inner = tree(Timed(log, "db", ()), Timed(log, "web", ["db"]), name="inner")
    root = MultiService(supervision=Supervision(backoff=lambda _: 5.0))
    root.setName("root")
    root.addService(inner)

    async def main() -> None:
        await started(root, log)
        inner[1].fail(ValueError("boom"))
        for wait in (0.0, 4.0):
            await asyncio.sleep(wait)
            with pytest.raises(DependencyError, match="which is not there"):
                inner.addService(Timed(log, "x", ["nothing"]))
            with pytest.raises(DependencyError, match="cannot be removed"):
                inner.removeService(inner[0])
            inner.addService(Timed(log, f"late{wait}", ["web"]))
        del log[:]
        await asyncio.sleep(20)
        assert log[:4] == ["+db", "db up", "+web", "web up"]
        assert log[4:6] == ["+late0.0", "+late4.0"]
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_child_that_changes_its_place_while_it_still_stops_starts_in_its_new_place() -> None:
    """After those who are before it by then."""
    log: list[str] = []
    first, second = Timed(log, "first", seconds=3.0), Timed(log, "second")
    root = tree(first, second)

    async def main() -> None:
        await started(root, log)
        root.removeService(first)
        await lifecycle.stop(root[0])
        root.removeService(second)
        again = tree(first, second)
        starting = asyncio.ensure_future(lifecycle.start(again))
        await asyncio.sleep(0.5)
        again.removeService(first)
        again.addService(first)
        await starting
        await lifecycle.stop(again, 100.0)
        await lifecycle.stop(root)

    run(main())
    assert log.index("+second") < log.index("+first")


def test_a_child_that_comes_back_to_a_starting_branch_waits_for_another_one_alone() -> None:
    """The branch waits neither for it nor for its end in what it was before."""
    log: list[str] = []
    child = Timed(log, "child")
    front, storage = tree(child, name="front"), tree(Timed(log, "db"), name="storage")
    root = tree(front, storage)

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(0.5)
        front.addService(Timed(log, "web", ["root/storage/db"]))
        front.removeService(child)
        front.addService(child)
        await starting
        assert states(front) == ["ready", "ready"]
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_start_does_not_wait_for_what_only_a_removed_child_comes_after() -> None:
    """Which is back already, to be started when the others are."""
    log: list[str] = []
    db, web = Timed(log, "db", ()), Timed(log, "web", ["db"])
    root = tree(db, web)

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(0.5)
        root.removeService(web)
        root.removeService(db)
        root.addService(db)
        await starting
        assert states(root) == ["ready"]
        await lifecycle.stop(root, 100.0)

    run(main())


def test_what_a_leaving_child_comes_after_waits_until_it_has_left() -> None:
    """Whether it is removed next, or the tree stops."""
    log: list[str] = []
    db, web = Timed(log, "db", ()), Timed(log, "web", ["db"], seconds=4.0)
    root = tree(db, web)

    async def main(*, stop: bool) -> None:
        await started(root, log)
        root.removeService(web)
        if not stop:
            await root.removeService(db)
        await lifecycle.stop(root, 100.0)

    for stop in (False, True):
        run(main(stop=stop))
        assert log == ["-web", "web down", "-db", "db down"]
        if db.parent is None:
            root.addService(db)
        root.addService(web)
    assert record_of(root).departing == {}
