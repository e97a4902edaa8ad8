"""The order of children that say what they come after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import Application, IService, MultiService, Service
from svcctl.application.tree.graph import arrange, graph_of, in_order
from svcctl.application.tree.record import record_of
from svcctl.errors import DependencyError, StartError
from tests.fakes.loop import run
from tests.unit.application.timed import Timed
from tests.unit.application.trees import tree


def named(name: str, after: Sequence[Any] | str | None = None) -> Service:
    """Return a service that comes after others."""
    service = Service()
    service.setName(name)
    service.after = after
    return service


def problems(root: MultiService) -> list[str]:
    """Return what is wrong with the dependencies of a tree."""
    return [f"{where}: {message}" for where, message in graph_of(record_of(root)).problems]


def test_children_that_say_nothing_are_in_the_order_in_which_they_were_added() -> None:
    """There is no graph at all."""
    root = tree(named("a"), named("b"))
    arrange(record_of(root))
    assert not record_of(root).ordered
    assert [each.service.name for each in in_order(record_of(root))] == ["a", "b"]


def test_one_that_says_something_makes_the_collection_a_graph() -> None:
    """Even if it comes after nothing."""
    root = tree(named("a"), named("b", ()))
    arrange(record_of(root))
    assert record_of(root).ordered
    assert record_of(root[1]).follows == ()


def test_names_may_come_later_than_whoever_follows_them() -> None:
    """The order of adding means nothing in a graph."""
    root = tree(named("web", ["db", "cache"]), named("cache", ["db"]), named("db", []))
    arrange(record_of(root))
    assert [each.service.name for each in in_order(record_of(root))] == ["db", "cache", "web"]


def test_a_single_name_need_not_be_in_a_sequence() -> None:
    """A string is one name, not its letters."""
    root = tree(named("ab"), named("web", "ab"))
    assert problems(root) == []
    arrange(record_of(root))
    assert record_of(root[1]).follows == (record_of(root[0]),)


def test_services_without_a_name_are_known_by_what_they_are_called_in_paths() -> None:
    """A class and a position."""
    root = tree(Service(), named("web", ["Service[0]"]))
    arrange(record_of(root))
    assert record_of(root[1]).follows == (record_of(root[0]),)


def test_a_path_orders_the_branches_below_the_common_collection() -> None:
    """Nothing of one starts before all of the other."""
    web = named("web", ["root/storage/db"])
    root = tree(tree(web, name="front"), tree(named("db"), name="storage"))
    arrange(record_of(root))
    front, storage = record_of(root[0]), record_of(root[1])
    assert front.follows == (storage,)
    assert front.ordered  # one of its children says something
    assert record_of(root).crossing == {record_of(web): [record_of(root[1][0])]}


def test_a_slash_in_a_name_is_no_path() -> None:
    """As long as a sibling has that name."""
    root = tree(named("a/b"), named("web", ["a/b"]))
    assert problems(root) == []


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (["dp"], "comes after 'dp', which is not there; did you mean 'db'?"),
        (["nothing-like-it"], "comes after 'nothing-like-it', which is not there"),
        (["root/db/x"], "comes after 'root/db/x', which is not there"),
        (["other/db"], "comes after 'other/db', which is not there"),
        ([7], "comes after 7: give the name of a service, or its path"),
        (7, "comes after 7: give the name of a service, or its path"),
        (["root"], "comes after 'root', which is not there; did you mean 'front'?"),
        (["root/inner"], "cannot come after 'root/inner': one is in the other"),
        (["web"], "cannot come after 'web': one is in the other"),
    ],
)
def test_what_cannot_be_kept_is_a_problem_of_that_service(after: Any, message: str) -> None:  # noqa: ANN401 (also what is none)
    """With a guess where there is a near name."""
    root = tree(tree(named("db"), named("front"), named("web", after), name="inner"))
    assert problems(root) == [f"root/inner/web: {message}"]


def test_a_cycle_is_named_with_all_that_are_in_it() -> None:
    """And with nobody who only follows it."""
    root = tree(named("a", ["c"]), named("b", ["a"]), named("c", ["b"]), named("d", ["a"]))
    (found,) = problems(root)
    where, _, message = found.partition(": ")
    assert message.startswith(f"comes after itself: {where}, after root/")
    assert message.count("root/") == 4
    assert "root/d" not in found


def test_branches_that_wait_for_each_other_are_a_cycle() -> None:
    """Although no two services do."""
    root = tree(
        tree(named("x", ["root/b/y"]), named("w", ()), name="a"),
        tree(named("y", ()), named("z", ["root/a/w"]), name="b"),
    )
    assert problems(root) == ["root/a: comes after itself: root/a, after root/b, after root/a"]


@pytest.mark.parametrize("begin", [lifecycle.bind, lifecycle.start])
def test_wrong_dependencies_are_found_before_anything_is_bound(
    begin: Callable[[Any], Awaitable[None]],
) -> None:
    """All of them at once."""
    log: list[str] = []
    root = tree(Timed(log, "a", ["x"]), Timed(log, "b", ["y"]))

    async def main() -> None:
        with pytest.raises(DependencyError) as caught:
            await begin(root)
        assert [problem.where for problem in caught.value.problems] == ["root/a", "root/b"]

    run(main())
    assert log == []
    assert not record_of(root).bound


def test_independent_children_start_and_stop_at_once() -> None:
    """And the others in the order of the graph."""
    log: list[str] = []
    root = tree(
        Timed(log, "web", ["db", "cache"]),
        Timed(log, "cache", ["db"]),
        Timed(log, "db", []),
        Timed(log, "log"),
    )

    async def main() -> float:
        began = asyncio.get_running_loop().time()
        await lifecycle.start(root)
        took = asyncio.get_running_loop().time() - began
        log.append("ready")
        await lifecycle.stop(root)
        return took

    assert run(main()) == pytest.approx(3.0)
    start = ["+db", "+log", "db up", "log up", "+cache", "cache up", "+web", "web up"]
    stop = ["-web", "-log", "web down", "log down", "-cache", "cache down", "-db", "db down"]
    assert log[:8] == start
    assert sorted(log[9:13]) == sorted(stop[:4])
    assert log[13:] == stop[4:]


def test_a_failure_abandons_those_that_start_at_the_same_time() -> None:
    """They are rolled back before the error is raised, and nobody who follows starts."""
    log: list[str] = []
    broken = Timed(log, "broken", [], seconds=2.0)
    broken.failures = 1
    root = tree(
        Timed(log, "quick", []), broken, Timed(log, "slow", [], seconds=9.0), Timed(log, "web", ["slow"])
    )

    async def main() -> None:
        with pytest.raises(StartError, match="root/broken failed to start: ValueError: no broken today"):
            await lifecycle.start(root)
        assert len(asyncio.all_tasks()) == 1

    run(main())
    assert log == ["+quick", "+broken", "+slow", "quick up", "-quick", "quick down"]
    assert [record_of(each).state.value for each in root] == ["stopped", "failed", "stopped", "stopped"]


def test_cancelling_a_start_abandons_all_branches() -> None:
    """And stops those that are ready."""
    log: list[str] = []
    root = tree(Timed(log, "a", []), Timed(log, "b", [], seconds=9.0))

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(2)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting

    run(main())
    assert log == ["+a", "+b", "a up", "-a", "a down"]


def test_cutting_a_stop_short_still_visits_everybody() -> None:
    """In the order of the graph, with no time left."""
    log: list[str] = []
    root = tree(Timed(log, "db", [], seconds=5.0), Timed(log, "web", ["db"], seconds=5.0))

    async def main() -> None:
        await lifecycle.start(root)
        del log[:]
        stopping = asyncio.ensure_future(lifecycle.stop(root, 100.0))
        await asyncio.sleep(1)
        stopping.cancel()
        with pytest.raises(ExceptionGroup) as caught:
            await stopping
        assert [type(each).__name__ for each in caught.value.exceptions] == ["StopTimeoutError"] * 2

    run(main())
    assert log == ["-web", "-db"]


def test_an_exit_asked_for_in_a_branch_reaches_whoever_starts_the_tree() -> None:
    """After the others have been stopped."""
    log: list[str] = []

    class Leaving(Service):
        after = ()

        async def startService(self) -> None:
            await asyncio.sleep(2)
            raise SystemExit(7)

    root = tree(Timed(log, "a", []), Leaving())

    async def main() -> None:
        with pytest.raises(SystemExit) as caught:
            await lifecycle.start(root)
        assert caught.value.code == 7

    run(main())
    assert log == ["+a", "a up", "-a", "a down"]


def test_a_child_added_to_a_running_graph_starts_after_what_it_names() -> None:
    """One that names what is not there is refused, and nothing has changed."""
    log: list[str] = []
    root = tree(Timed(log, "db", []))

    async def main() -> None:
        await lifecycle.start(root)
        stranger = Timed(log, "x", ["nix"])
        with pytest.raises(DependencyError, match="root/x: comes after 'nix', which is not there"):
            root.addService(stranger)
        assert (list(root), stranger.parent, dict(root.namedServices)) == ([root[0]], None, {"db": root[0]})
        await root.addService(Timed(log, "web", ["db"]))
        assert root[1].running
        await lifecycle.stop(root)

    run(main())
    assert log[2:] == ["+web", "web up", "-web", "web down", "-db", "db down"]


def test_what_others_come_after_cannot_be_removed_while_they_run() -> None:
    """Neither a sibling nor something in another branch; in a stopped tree it can."""
    root = tree(
        tree(named("db"), named("old"), name="storage"),
        tree(named("web", ["root/storage/db"]), name="front"),
    )
    storage = root[0]

    async def main() -> None:
        await lifecycle.start(root)
        with pytest.raises(
            DependencyError, match=r"root/storage/db: cannot be removed: root/front/web comes"
        ):
            storage.removeService(storage[0])
        with pytest.raises(DependencyError, match="root/storage: cannot be removed"):
            root.removeService(storage)
        await storage.removeService(storage[1])
        await root.removeService(root[1])
        await root.removeService(storage)
        await lifecycle.stop(root)

    run(main())
    assert list(root) == []


def test_progress_names_the_service_that_everybody_waits_for() -> None:
    """The innermost one that is starting, also among several."""
    log: list[str] = []
    application = Application("shop")
    tree(Timed(log, "db", [], seconds=5.0), Timed(log, "web", ["db"])).setServiceParent(application)
    root = IService(application)  # type: ignore[misc,call-arg]  # the interface adapts

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(1)
        assert lifecycle.progress(root) == (0, 4, "shop/root/db")
        await asyncio.sleep(4.5)
        assert lifecycle.progress(root) == (1, 4, "shop/root/web")
        await starting
        assert lifecycle.progress(root) == (4, 4, "")
        await lifecycle.stop(root)

    run(main())
