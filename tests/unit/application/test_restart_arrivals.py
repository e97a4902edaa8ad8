"""A child that comes, or comes back, while others are restarted."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.application import lifecycle
from svcctl.errors import DependencyError
from tests.fakes.loop import run
from tests.unit.application.timed import Timed, started, supervised
from tests.unit.application.trees import tree


def test_a_start_that_fails_while_others_are_restarted_is_followed_by_the_delay() -> None:
    """The restart that goes on takes the failure up, and does not start the child before it has waited."""
    log: list[str] = []
    root = supervised(log, "ab", "one_for_all")
    slow, child = root
    slow.restart = "temporary"
    slow.seconds, child.seconds = 2.0, 3.0
    events: list[str] = []

    async def main() -> None:
        await started(root, log)
        child.fail(ValueError("gone"))
        await asyncio.sleep(3.5)  # it is down, the other one still stops
        child.disownServiceParent()
        lifecycle.watch(root, lambda event: events.append(str(event).partition(":")[0]))
        child.failures = 1
        child.setServiceParent(root)
        await asyncio.sleep(60.0)
        await lifecycle.stop(root, 100.0)

    run(main())
    failed = events.index("root/b was starting and is failed")
    assert events[failed + 1 : failed + 4] == [
        "root/b was failed and is backing off",
        "root/b is restarted in 1.0 s (2.)",
        "root/b was backing off and is starting",
    ]


def test_a_child_that_is_added_during_a_restart_and_fails_before_its_end_is_restarted_too() -> None:
    """It had just begun to start when the others were stopped, and has joined them since."""
    log: list[str] = []
    root = supervised(log, "a", "one_for_all")
    child = Timed(log, "b", seconds=0.1)

    async def main() -> None:
        await started(root, log)
        root[0].fail(ValueError("gone"))
        root.addService(child)
        await asyncio.sleep(0.5)  # it is up, the other one still stops
        child.fail(ValueError("gone"))
        await asyncio.sleep(60.0)
        assert [each.running for each in root] == [True, True]
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log.count("-b") == log.count("+b") == 2


def test_a_child_does_not_wait_for_one_that_is_spared_because_the_order_has_changed() -> None:
    """It would have been restarted in a sequence; in the graph that there is now it stays up."""
    log: list[str] = []
    root = supervised(log, "ab", "rest_for_one")

    async def main() -> None:
        await started(root, log)
        root[0].fail(ValueError("gone"))
        await asyncio.wait_for(root.addService(Timed(log, "c", ["a", "b"])), 60.0)
        assert [each.running for each in root] == [True, True, True]
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log[:6] == ["-a", "a down", "+a", "a up", "+c", "c up"]


def test_the_failure_of_a_child_that_leaves_at_that_moment_is_not_counted() -> None:
    """It is no child any more when the supervisor hears of it."""
    log: list[str] = []
    root = supervised(log, "a", "one_for_all", restarts=1)
    child = root[0]

    def remove(event: object) -> None:
        if str(event).startswith("root/a was starting and is failed"):
            child.disownServiceParent()

    async def main() -> None:
        failures = await started(root, log)
        lifecycle.watch(root, remove)
        child.failures = 1
        child.fail(ValueError("gone"))
        await asyncio.sleep(60.0)
        assert (failures, list(root)) == ([], [])
        await lifecycle.stop(root, 100.0)

    run(main())


def test_others_are_started_again_although_the_child_that_failed_has_left() -> None:
    """Its failure came while they were started after another one, and had abandoned that."""
    log: list[str] = []
    root = supervised(log, "ab", "rest_for_one")
    first, second = root

    async def main() -> None:
        await started(root, log)
        first.fail(ValueError("gone"))
        await asyncio.sleep(4.5)  # it is up again, the other one starts
        first.fail(ValueError("gone again"))
        first.disownServiceParent()
        await asyncio.sleep(60.0)
        assert second.running
        await lifecycle.stop(root, 100.0)

    run(main())


@pytest.mark.parametrize("last", ["another child", "the child itself"])
def test_a_child_that_waits_for_a_restart_is_refused_when_there_is_none_any_more(last: str) -> None:
    """The collection has given up, and it does not wait for ever."""
    log: list[str] = []
    storage = supervised(log, "ab", restarts=1)
    storage.name = "storage"
    front = tree(name="front")
    root = tree(storage, front)

    async def main() -> None:
        failures = await started(root, log)
        storage[0].fail(ValueError("gone"))
        waiting = front.addService(Timed(log, "c", ["root/storage/a"]))
        await asyncio.sleep(1.5)  # it is down, and backs off
        if last == "another child":
            storage[1].fail(ValueError("gone, too"))
        else:
            storage[0].failures = 1
        with pytest.raises(DependencyError, match="comes after root/storage, which is failed"):
            await asyncio.wait_for(waiting, 60.0)
        assert len(failures) == 1
        await lifecycle.stop(root, 100.0)

    run(main())
