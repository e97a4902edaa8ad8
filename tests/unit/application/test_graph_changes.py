"""The order of a running collection follows what its children say at that moment."""

from __future__ import annotations

import asyncio

from svcctl.application import lifecycle
from tests.fakes.loop import run
from tests.unit.application.timed import Timed, started
from tests.unit.application.trees import tree


def test_a_collection_is_a_sequence_again_when_nobody_says_anything_any_more() -> None:
    """The order is worked out whenever a child is added, also one that says nothing itself."""
    log: list[str] = []
    root = tree(Timed(log, "a"), Timed(log, "b"))

    async def main() -> None:
        await started(root, log)
        says_so = Timed(log, "says so", [])
        await root.addService(says_so)
        await root.removeService(says_so)
        await root.addService(Timed(log, "c"))
        del log[:]
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log == ["-c", "c down", "-b", "b down", "-a", "a down"]


def test_a_child_that_comes_back_does_not_wait_for_what_it_came_after_once() -> None:
    """It says nothing any more, so it starts at once."""
    log: list[str] = []
    root = tree(Timed(log, "a", []), child := Timed(log, "b", ["a"]))

    async def main() -> None:
        await started(root, log)
        await root.removeService(child)
        await root.removeService(root[0])
        child.after = None
        await asyncio.wait_for(root.addService(child), 9.0)
        assert child.running
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_start_does_not_wait_for_ever_for_a_child_that_left_and_came_back() -> None:
    """It has had its turn, so it gets another one, and what comes after it as well."""
    log: list[str] = []
    root = tree(first := Timed(log, "a", []), second := Timed(log, "b", ["a"]))

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(0.5)
        for each in (second, first):
            each.disownServiceParent()
        for each in (first, second):
            each.setServiceParent(root)
        await asyncio.wait_for(starting, 60.0)
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log[:8] == ["+a", "a up", "-a", "a down", "+a", "a up", "+b", "b up"]


def test_what_left_a_graph_is_waited_for_also_when_the_others_are_a_sequence_by_then() -> None:
    """The order was worked out anew when a child was added; what is stopping goes on in the order in which it began."""
    log: list[str] = []
    root = tree(Timed(log, "a"), last := Timed(log, "b", ["a"]))

    async def main() -> None:
        await started(root, log)
        last.disownServiceParent()
        await root.addService(Timed(log, "c"))
        await lifecycle.stop(root, 100.0)

    last.seconds = 9.0
    run(main())
    assert log[-3:] == ["b down", "-a", "a down"]


def test_a_child_that_came_back_before_its_stop_began_is_not_ended_by_its_last_stay() -> None:
    """What it has to say before it starts anew is about a stay that is over."""
    log: list[str] = []
    root = tree(child := Timed(log, "a"), last := Timed(log, "b", ["a"]))
    child.restart = "transient"

    async def main() -> None:
        await started(root, log)
        last.disownServiceParent()
        child.disownServiceParent()  # it waits until the other one has stopped
        back = child.setServiceParent(root)
        child.finish()
        await back
        await asyncio.sleep(9.0)
        assert child.running
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_child_waits_for_another_branch_also_when_it_waits_for_a_sibling_first() -> None:
    """It was added to a branch that starts, and comes after both."""
    log: list[str] = []
    front = tree(Timed(log, "first"), name="front")
    storage = tree(Timed(log, "db"), name="storage")
    root = tree(storage, front)

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(1.5)
        storage.addService(Timed(log, "late", seconds=9.0))
        front.addService(Timed(log, "child", ["first", "root/storage/late"]))
        await starting
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log.index("late up") < log.index("+child")
