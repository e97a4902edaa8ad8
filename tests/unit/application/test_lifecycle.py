"""What the driver refuses, and how failures and cancellations reach those who have to know."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.tree.record import State, record_of
from svcctl.errors import LifecycleError, StartError
from tests.fakes.loop import run
from tests.unit.application.trees import Failing, Noted, Slow, tree


class Up(MultiService):
    """A collection that acts after its children are up."""

    log: list[str]

    async def startService(self) -> None:
        """Start the children, then act."""
        await super().startService()  # type: ignore[misc]  # it returns something to await
        self.log.append(f"up with {[child.running for child in self]}")

    async def stopService(self) -> None:
        """Stop the children, then act."""
        await super().stopService()  # type: ignore[misc]  # the same
        self.log.append(f"down with {[child.running for child in self]}")


def test_starting_what_is_ready_does_nothing() -> None:
    """A second start is no error."""
    log: list[str] = []

    async def main() -> None:
        root = tree(Noted(log, "a"))
        await lifecycle.start(root)
        await lifecycle.start(root)
        await lifecycle.stop(root)

    run(main())
    assert log.count("start a") == 1


def test_a_failed_service_is_not_started_again_before_it_has_been_stopped() -> None:
    """Its resources are still there."""
    log: list[str] = []

    async def main() -> None:
        service = Noted(log, "a")
        lifecycle.on_failure(service, lambda _: None)
        await lifecycle.start(service)
        service.fail(ValueError("broken"))
        with pytest.raises(LifecycleError, match="a has failed"):
            await lifecycle.start(service)
        await lifecycle.stop(service)
        await lifecycle.start(service)
        assert service.running
        await lifecycle.stop(service)

    run(main())
    assert log == ["bind a", "start a", "stop a", "bind a", "start a", "stop a"]


def test_a_service_that_fails_while_it_starts_fails_its_start() -> None:
    """A task of its own died before the hook was through: it must not become ready."""

    class Dying(Service):
        async def startService(self) -> None:
            self.fail(ValueError("dead already"))
            await asyncio.sleep(0)

    async def main() -> StartError:
        service = Dying()
        with pytest.raises(StartError) as caught:
            await lifecycle.start(tree(service))
        assert not service.running
        return caught.value

    assert str(run(main())) == "root/Dying[0] failed to start: ValueError: dead already"


def test_a_failure_after_the_stop_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """There is nobody left to tell."""

    async def main() -> None:
        service = Noted([], "a")
        await lifecycle.start(service)
        await lifecycle.stop(service)
        service.fail(ValueError("late"))

    run(main())
    assert [record.message for record in caplog.records] == ["service failed outside of its running time"]


def test_a_failure_without_an_owner_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A tree inside somebody's own program."""

    async def main() -> None:
        service = Noted([], "a")
        await lifecycle.start(service)
        service.fail(ValueError("broken"))
        assert not service.running
        await lifecycle.stop(service)

    run(main())
    assert [(record.message, record.svcctl_path) for record in caplog.records] == [("service failed", "a")]  # type: ignore[attr-defined]  # given as extra


def test_a_collection_may_act_when_its_children_are_up_and_when_they_are_down() -> None:
    """By awaiting what it calls up to."""

    async def main() -> list[str]:
        root = Up()
        root.log = []
        root.addService(Noted(root.log, "a"))
        await lifecycle.start(root)
        await lifecycle.stop(root)
        return root.log

    assert run(main()) == ["bind a", "start a", "up with [True]", "stop a", "down with [False]"]


def test_a_collection_that_acts_in_a_task_of_its_own_does_not_hide_a_failure() -> None:
    """Whoever starts the children first, the driver sees to it that they are up."""
    log: list[str] = []

    class Eager(MultiService):
        def startService(self) -> Awaitable[None] | None:
            self.task = asyncio.ensure_future(self.begin())
            return asyncio.sleep(0)

        async def begin(self) -> None:
            await MultiService.startService(self)  # type: ignore[misc]  # it returns something to await

    async def main() -> None:
        root = Eager()
        root.addService(Noted(log, "a"))
        root.addService(Failing(log, "b"))
        with pytest.raises(StartError):
            await lifecycle.start(root)
        await asyncio.wait({root.task})
        assert not root.running
        assert isinstance(root.task.exception(), StartError)

    run(main())
    assert log.count("start a") == log.count("stop a")


def test_a_hook_may_start_another_tree_and_wait_for_it() -> None:
    """What it returns is awaited although it looks like a collection's own answer."""
    log: list[str] = []

    class Wrapper(Service):
        def __init__(self) -> None:
            self.inner = tree(Noted(log, "a"), name="inner")

        def startService(self) -> Awaitable[None] | None:
            return self.inner.startService()

        def stopService(self) -> Awaitable[None] | None:
            return self.inner.stopService()

    async def main() -> None:
        wrapper = Wrapper()
        await lifecycle.start(wrapper)
        assert wrapper.inner.running
        await lifecycle.stop(wrapper)
        assert not wrapper.inner.running

    run(main())
    assert log == ["bind a", "start a", "stop a"]


def test_a_cancelled_start_is_rolled_back_before_the_cancellation_goes_on() -> None:
    """And the tree can be started again."""
    log: list[str] = []

    async def main() -> None:
        slow = Slow(log, "b")
        slow.may_stop.set()
        root = tree(Noted(log, "a"), slow)
        start = asyncio.create_task(lifecycle.start(root))
        await asyncio.sleep(0)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        assert record_of(root).state is State.STOPPED
        assert log[2:] == ["start a", "release b", "stop a"]
        slow.may_start.set()
        await lifecycle.start(root)
        await lifecycle.stop(root)

    run(main())


def test_a_time_limit_around_a_start_is_a_timeout() -> None:
    """Our roll-back does not get in the way of asyncio's own tools."""

    async def main() -> None:
        root = tree(Slow([], "a"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await lifecycle.start(root)
        assert not root.running

    run(main())


def test_a_child_that_left_and_came_back_during_the_start_starts_in_its_new_place() -> None:
    """So that the stop, in the reverse order of the children, is the reverse of the start."""
    log: list[str] = []

    class Shuffling(Noted):
        def startService(self) -> None:
            super().startService()
            second = self.parent.getServiceNamed("b")
            self.parent.removeService(second)
            self.parent.addService(second)

    async def main() -> None:
        root = tree(Shuffling(log, "a"), Noted(log, "b"), Noted(log, "c"))
        await lifecycle.start(root)
        await lifecycle.stop(root)

    run(main())
    assert [each for each in log if each.startswith(("start", "stop"))] == [
        "start a",
        "start c",
        "start b",
        "stop b",
        "stop c",
        "stop a",
    ]
