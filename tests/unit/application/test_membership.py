"""Children that come and go while their collection starts, runs and stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.errors import LifecycleError
from tests.fakes.loop import run
from tests.unit.application.trees import FailingToStop, Noted, Slow, tree


def test_a_child_added_by_a_siblings_start_is_started_once() -> None:
    """D5: and before its parent is ready."""
    log: list[str] = []

    class Adding(Noted):
        def startService(self) -> None:
            super().startService()
            self.parent.addService(Noted(log, "b"))

    async def main() -> None:
        root = tree(Adding(log, "a"))
        await lifecycle.start(root)
        assert root.getServiceNamed("b").running
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind a", "start a", "bind b", "start b", "stop b", "stop a"]


def test_a_child_added_to_a_running_parent_is_started_once() -> None:
    """Bound first, and ready when the awaitable is done."""
    log: list[str] = []

    async def main() -> None:
        root = tree()
        await lifecycle.start(root)
        child: Any = Noted(log, "a")
        await root.addService(child)
        assert child.running
        await child.disownServiceParent()
        assert not child.running
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind a", "start a", "stop a"]


def test_a_child_added_by_a_reload_is_started() -> None:
    """A collection that is being reloaded runs."""
    log: list[str] = []

    class Growing(MultiService):
        async def reload(self) -> None:
            self.addService(Noted(log, "new"))
            await asyncio.sleep(0.1)

    async def main() -> None:
        root = Growing()
        await lifecycle.start(root)
        await lifecycle.reload(root)
        assert root.getServiceNamed("new").running
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind new", "start new", "stop new"]


@pytest.mark.parametrize("turns", range(6))
def test_a_child_added_while_its_parent_stops_does_not_run_afterwards(turns: int) -> None:
    """At whatever moment: before its start began, while it binds, while it starts."""
    log: list[str] = []

    class SlowToBind(Slow):
        async def privilegedStartService(self) -> None:  # type: ignore[override]  # hooks may be of either kind
            await asyncio.sleep(0)
            self.log.append("bind slow")

    async def main() -> None:
        root = tree(Noted(log, "a"))
        await lifecycle.start(root)
        child = SlowToBind(log, "slow")
        child.may_start.set()
        root.addService(child)
        for _ in range(turns):
            await asyncio.sleep(0)
        child.may_stop.set()
        await lifecycle.stop(root)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not child.running

    run(main())
    assert log.count("start slow") == log.count("stop slow")
    bound_only = log.count("bind slow") - log.count("start slow")
    assert log.count("release slow") == bound_only


def test_a_child_added_in_the_drain_of_its_parent_is_not_started() -> None:
    """The tree goes down; it starts with the next start."""
    log: list[str] = []

    class Draining(MultiService):
        async def drain(self) -> None:
            if not self.services:
                await self.addService(Noted(log, "late"))

    async def main() -> None:
        root = Draining()
        await lifecycle.start(root)
        await lifecycle.stop(root)
        assert log == []
        await lifecycle.start(root)
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind late", "start late", "stop late"]


def test_a_child_that_is_removed_and_added_again_at_once_ends_up_running() -> None:
    """Stopped, then started, in this order, however long the stop takes."""
    log: list[str] = []

    async def main() -> None:
        child = Slow(log, "a")
        child.may_start.set()
        root = tree(child)
        await lifecycle.start(root)
        gone = root.removeService(child)
        back = root.addService(child)
        await asyncio.sleep(1)
        child.may_stop.set()
        await gone
        await back
        assert child.running
        await lifecycle.stop(root)
        assert not child.running

    run(main())
    assert log == ["bind a", "start a", "stop a", "bind a", "start a", "stop a"]


def test_a_child_that_is_still_stopping_is_started_by_its_new_parent() -> None:
    """Moved from a running collection to one that is starting."""
    log: list[str] = []

    async def main() -> None:
        child = Slow(log, "a")
        child.may_start.set()
        old, new = tree(child, name="old"), tree(name="new")
        await lifecycle.start(old)
        old.removeService(child)
        new.addService(child)
        start = asyncio.create_task(lifecycle.start(new))
        await asyncio.sleep(1)
        assert not start.done()
        child.may_stop.set()
        await start
        assert child.running
        await lifecycle.stop(new)
        await lifecycle.stop(old)

    run(main())
    assert log == ["bind a", "start a", "stop a", "bind a", "start a", "stop a"]


def test_a_stop_waits_for_those_who_were_removed_before() -> None:
    """When the tree is down, nothing that came from it runs on."""
    log: list[str] = []

    async def main() -> None:
        child = Slow(log, "a")
        child.may_start.set()
        root = tree(child)
        await lifecycle.start(root)
        root.removeService(child)
        stop = asyncio.create_task(lifecycle.stop(root))
        await asyncio.sleep(1)
        assert not stop.done()
        child.may_stop.set()
        await stop
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())
    assert log == ["bind a", "start a", "stop a"]


def test_a_child_removed_while_it_binds_is_released() -> None:
    """By a sibling, or from outside; the tree goes on without it."""
    log: list[str] = []

    class SlowToBind(Noted):
        async def privilegedStartService(self) -> None:  # type: ignore[override]  # hooks may be of either kind
            await asyncio.sleep(1)
            super().privilegedStartService()

    async def main() -> None:
        child = SlowToBind(log, "slow")
        root = tree(child, Noted(log, "b"))
        start = asyncio.create_task(lifecycle.start(root))
        await asyncio.sleep(0.5)
        child.disownServiceParent()
        await start
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind slow", "release slow", "bind b", "start b", "stop b"]


def test_a_child_removed_before_its_turn_to_bind_is_left_alone() -> None:
    """A sibling's bind removes it."""
    log: list[str] = []

    class Jealous(Noted):
        def privilegedStartService(self) -> None:
            self.parent.removeService(self.parent.getServiceNamed("b"))

    async def main() -> None:
        root = tree(Jealous(log, "a"), Noted(log, "b"), Noted(log, "c"))
        await lifecycle.start(root)
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind c", "start a", "start c", "stop c", "stop a"]


def test_a_removed_child_that_fails_to_stop_does_not_harm_the_start_of_its_parent() -> None:
    """Removed while it starts; its error is logged, being nobody's."""
    log: list[str] = []

    class Going(FailingToStop):
        def startService(self) -> None:
            super().startService()
            self.disownServiceParent()

    async def main() -> None:
        root = tree(Going(log, "a"), Noted(log, "b"))
        await lifecycle.start(root)
        assert root.running
        await lifecycle.stop(root)

    run(main())
    assert sorted(log[2:]) == ["start a", "start b", "stop a", "stop b"]


@pytest.mark.parametrize("again", [lifecycle.start, lifecycle.bind, lifecycle.stop])
@pytest.mark.parametrize("doing", [lifecycle.start, lifecycle.bind])
def test_what_comes_while_a_tree_is_being_bound_is_refused(doing: Any, again: Any) -> None:  # noqa: ANN401 (coroutine functions)
    """Nothing is bound twice, and a stop is not lost."""
    log: list[str] = []

    class SlowToBind(Noted):
        async def privilegedStartService(self) -> None:  # type: ignore[override]  # hooks may be of either kind
            super().privilegedStartService()
            await asyncio.sleep(1)

    async def main() -> None:
        root = tree(SlowToBind(log, "a"))
        first = asyncio.create_task(doing(root))
        await asyncio.sleep(0.5)
        with pytest.raises(LifecycleError):
            await again(root)
        await first
        await lifecycle.stop(root)

    run(main())
    assert log.count("bind a") == 1


def test_a_child_that_was_renamed_behind_our_back_leaves_nothing_behind() -> None:
    """D23: its entry goes with it, whatever it is called now."""
    for name in ("other", None):
        child = Noted([], "db")
        root = tree(child, Noted([], "last"))
        child.name = name  # not the way to do it
        root.removeService(child)
        assert list(root.namedServices) == ["last"]


class Draining(Noted):
    """A service that takes its time to drain."""

    async def drain(self) -> None:
        """Drain for a second."""
        self.log.append(f"drain {self.name}")
        await asyncio.sleep(1)
        self.log.append(f"drained {self.name}")


@pytest.mark.parametrize("at_once", [True, False])
def test_a_child_removed_during_a_drain_is_drained_once_before_it_stops(*, at_once: bool) -> None:
    """Whether its own drain has begun by then or not, and however deep it is."""
    log: list[str] = []

    class Removing(Service):
        def drain(self) -> Awaitable[None] | None:
            if at_once:
                self.parent.removeService(self.parent[1])
                return None
            return self.remove_later()

        async def remove_later(self) -> None:
            await asyncio.sleep(0.5)
            self.parent.removeService(self.parent[1])

    async def main() -> None:
        root = tree(Removing(), tree(Draining(log, "a"), name="inner"), Draining(log, "b"))
        await lifecycle.start(root)
        del log[:]
        await lifecycle.stop(root)

    run(main())
    assert sorted(log) == sorted(f"{what} {name}" for what in ("drain", "drained", "stop") for name in "ab")
    assert log.index("drained a") < log.index("stop a")
    assert log.index("drained b") < log.index("stop b")


@pytest.mark.parametrize("cancels", [1, 3])
def test_a_stop_that_is_cancelled_again_and_again_still_waits_for_who_has_left(cancels: int) -> None:
    """Long enough that what was cut off can come to its end."""
    log: list[str] = []

    async def main() -> None:
        child = Draining(log, "a")
        root = tree(child)
        await lifecycle.start(root)
        root.removeService(child)
        await asyncio.sleep(0.1)
        stop = asyncio.create_task(lifecycle.stop(root, 0.0))
        await asyncio.sleep(0)
        for _ in range(cancels):
            await asyncio.sleep(0)
            stop.cancel()
        await asyncio.wait({stop})
        assert log[-1] == "stop a"

    run(main())
