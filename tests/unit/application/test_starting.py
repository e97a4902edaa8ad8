"""How a tree starts, and what is undone when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import Application
from svcctl.application.tree.record import State, record_of
from svcctl.errors import StartError
from tests.fakes.loop import run
from tests.unit.application.trees import Failing, FailingToStop, Noted, Slow, tree


def test_a_tree_starts_and_stops_inside_ones_own_asyncio_run() -> None:
    """No runner is needed."""
    log: list[str] = []

    async def main() -> None:
        application = Application("shop")
        Noted(log, "db").setServiceParent(application)
        Noted(log, "web").setServiceParent(application)
        await lifecycle.start(application)
        await lifecycle.stop(application)

    asyncio.run(main())
    assert log == ["bind db", "bind web", "start db", "start web", "stop web", "stop db"]


def test_an_asynchronous_start_is_awaited_before_the_next_sibling_starts() -> None:
    """D21: what is `async` is awaited."""
    log: list[str] = []

    async def main() -> None:
        slow = Slow(log, "db")
        root = tree(slow, Noted(log, "web"))
        start = asyncio.create_task(lifecycle.start(root))
        await asyncio.sleep(0.1)
        assert log == ["bind db", "bind web"]
        assert lifecycle.progress(root) == (0, 3, "root/db")
        assert not slow.running
        slow.may_start.set()
        await start
        assert lifecycle.progress(root) == (3, 3, "")
        slow.may_stop.set()
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind db", "bind web", "start db", "start web", "stop web", "stop db"]


def test_stops_are_done_one_after_the_other() -> None:
    """D25: the next one is not asked before the one behind it has stopped."""
    log: list[str] = []

    async def main() -> None:
        slow = Slow(log, "web")
        slow.may_start.set()
        root = tree(Noted(log, "db"), slow)
        await lifecycle.start(root)
        stop = asyncio.create_task(lifecycle.stop(root))
        await asyncio.sleep(0.1)
        assert "stop db" not in log
        slow.may_stop.set()
        await stop

    run(main())
    assert log[-2:] == ["stop web", "stop db"]


def test_a_failed_start_is_rolled_back_and_names_the_culprit() -> None:
    """D3: the culprit first, then in reverse; the parent does not claim to run."""
    log: list[str] = []

    async def main() -> StartError:
        root = tree(Noted(log, "a"), tree(Noted(log, "b"), Failing(log, "c"), Noted(log, "d"), name="inner"))
        with pytest.raises(StartError) as caught:
            await lifecycle.start(root)
        assert not root.running
        assert record_of(root).state is State.FAILED
        return caught.value

    error = run(main())
    assert str(error) == "root/inner/c failed to start: ValueError: no c today"
    assert (error.path, error.phase, error.rollback) == ("root/inner/c", "start", ())
    assert isinstance(error.__cause__, ValueError)
    assert log[4:] == ["start a", "start b", "start c", "release c", "release d", "stop b", "stop a"]


def test_what_goes_wrong_in_a_roll_back_comes_with_the_error() -> None:
    """Nothing is lost, and the roll-back goes on."""
    log: list[str] = []

    async def main() -> StartError:
        with pytest.raises(StartError) as caught:
            await lifecycle.start(tree(Noted(log, "a"), FailingToStop(log, "b"), Failing(log, "c")))
        return caught.value

    error = run(main())
    assert [str(each) for each in error.rollback] == ["root/b failed to stop: ValueError: b stays"]
    assert log[-2:] == ["stop b", "stop a"]


def test_a_failed_bind_after_an_earlier_bind_releases_everything() -> None:
    """What was bound by a call before is not forgotten."""
    log: list[str] = []

    class Unbindable(Noted):
        def privilegedStartService(self) -> None:
            raise OSError("no")

    async def main(again: Callable[[object], Awaitable[None]]) -> None:
        root = tree(Noted(log, "a"))
        await lifecycle.bind(root)
        root.addService(Unbindable(log, "b"))
        with pytest.raises(StartError) as caught:
            await again(root)
        assert (caught.value.path, caught.value.phase) == ("root/b", "bind")

    for again in (lifecycle.bind, lifecycle.start):
        log.clear()
        run(main(again))
        assert log == ["bind a", "release a"]


def test_a_service_that_was_never_started_is_not_stopped() -> None:
    """D7: neither alone nor within a tree."""
    log: list[str] = []

    async def main() -> None:
        root = tree(Noted(log, "a"))
        await lifecycle.stop(root)
        await lifecycle.bind(root)
        await lifecycle.stop(root)
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind a", "release a"]


def test_what_is_added_during_the_start_to_a_branch_is_bound_before_the_branch_starts() -> None:
    """All of it, however deep; only what had started before it could not wait."""
    log: list[str] = []

    class Adding(Noted):
        def startService(self) -> None:
            branch.addService(tree(Noted(log, "new"), name="inner"))
            super().startService()

    branch = tree(Noted(log, "old"), name="branch")

    async def main() -> None:
        root = tree(Adding(log, "first"), branch)
        await lifecycle.start(root)
        await lifecycle.stop(root)

    run(main())
    assert log[:6] == ["bind first", "bind old", "start first", "bind new", "start old", "start new"]


def test_what_was_added_between_the_bind_and_the_start_is_bound_before_anything_starts() -> None:
    """However deep it is."""
    log: list[str] = []

    async def main() -> None:
        branch = tree(name="branch")
        root = tree(Noted(log, "first"), branch)
        await lifecycle.bind(root)
        branch.addService(Noted(log, "new"))
        await lifecycle.start(root)
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind first", "bind new", "start first", "start new", "stop new", "stop first"]
