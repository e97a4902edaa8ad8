"""The driver: the cases that have a name, and the races that took some thought."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.record import State, record_of
from svcctl.application.service import Application, IService, MultiService, Service
from svcctl.errors import LifecycleError, ReloadError, StartError
from tests.fakes.loop import run
from tests.unit.application.trees import Failing, FailingToStop, Noted, Plain, Slow, tree


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


def test_a_hook_that_ends_in_a_cancellation_of_its_own_has_failed() -> None:
    """Nobody asked for the end of the start, so it is an error that names the service."""

    class Confused(Service):
        async def startService(self) -> None:
            task = asyncio.ensure_future(asyncio.sleep(10))
            task.cancel()
            await task

    async def main() -> StartError:
        with pytest.raises(StartError) as caught:
            await lifecycle.start(tree(Confused()))
        return caught.value

    assert str(run(main())) == "root/Confused[0] failed to start: CancelledError"


def test_a_hook_that_exits_ends_the_program_with_its_status_after_the_roll_back() -> None:
    """D16: the exit status is the service's to choose."""
    log: list[str] = []

    class Exiting(Service):
        def startService(self) -> None:
            raise SystemExit(3)

    async def main() -> None:
        await lifecycle.start(tree(Noted(log, "a"), Exiting()))

    with pytest.raises(SystemExit) as caught:
        asyncio.run(main())
    assert caught.value.code == 3
    assert log == ["bind a", "start a", "stop a"]


def test_an_observer_that_fails_does_not_get_in_the_way(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; the tree goes up and down."""

    def observe(_transition: lifecycle.Transition) -> None:
        raise ValueError("blind")

    async def main() -> None:
        root = tree()
        lifecycle.watch(root, observe)
        await lifecycle.start(root)
        assert root.running
        await lifecycle.stop(root)

    run(main())
    assert {record.message for record in caplog.records} == {"observer of the tree failed"}


def test_observers_of_an_object_that_inherits_nothing_stay_over_a_restart() -> None:
    """The books are kept for as long as the object lives."""

    async def main() -> list[State]:
        service = Plain("p")
        seen: list[State] = []
        lifecycle.watch(service, lambda each: seen.append(each.after))
        for _ in range(2):
            await lifecycle.start(service)
            await lifecycle.stop(service)
        return seen

    assert run(main()) == [State.STARTING, State.READY, State.STOPPING, State.STOPPED] * 2


def test_reload_calls_the_hooks_in_order_and_raises_the_first_error() -> None:
    """After which no further hook is called, and everything still runs."""
    log: list[str] = []

    class Reloading(Noted):
        async def reload(self) -> None:
            log.append(f"reload {self.name} while {record_of(self).state.value}")
            assert self.running
            if self.name == "b":
                raise ValueError("bad file")

    async def main() -> None:
        root = tree(Reloading(log, "a"), Reloading(log, "b"), Reloading(log, "c"))
        await lifecycle.start(root)
        del log[:]
        with pytest.raises(ReloadError, match="root/b failed to reload: ValueError: bad file"):
            await lifecycle.reload(root)
        assert all(child.running for child in root)
        await lifecycle.stop(root)

    run(main())
    assert log[:2] == ["reload a while reloading", "reload b while reloading"]
    assert "reload c while reloading" not in log


def test_a_custom_collection_learns_nothing_and_its_children_are_started_all_the_same() -> None:
    """A service that joins it by itself while it runs is started, and stopped when it leaves."""
    log: list[str] = []

    class Holder(Plain):
        def __init__(self) -> None:
            super().__init__("holder")
            self.held: list[Any] = []

        def getServiceNamed(self, name: str) -> Any:  # noqa: ANN401 (services need no common class)
            return next(each for each in self.held if each.name == name)

        def addService(self, service: Any) -> None:  # noqa: ANN401 (the same)
            self.held.append(service)

        def removeService(self, service: Any) -> None:  # noqa: ANN401 (the same)
            self.held.remove(service)

        def __iter__(self) -> Any:  # noqa: ANN401 (the same)
            return iter(self.held)

    async def main() -> None:
        holder = Holder()
        Noted(log, "a").setServiceParent(holder)
        root = tree(holder)
        await lifecycle.start(root)
        late: Any = Noted(log, "b")
        await late.setServiceParent(holder)
        assert late.running
        assert late.path == "root/holder/b"
        await late.disownServiceParent()
        assert not late.running
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind a", "start a", "bind b", "start b", "stop b", "stop a"]


def nested(levels: int) -> tuple[MultiService, MultiService]:
    """Return a tree with so many levels below its root, and the innermost collection."""
    root = inner = tree()
    for _ in range(levels):
        deeper = tree()
        inner.addService(deeper)
        inner = deeper
    return root, inner


class Awaiting(MultiService):
    """A collection that needs more of Python's stack than others."""

    async def startService(self) -> None:
        """Call up."""
        await super().startService()  # type: ignore[misc]  # it returns something to await

    async def stopService(self) -> None:
        """Call up."""
        await super().stopService()  # type: ignore[misc]  # the same


def test_the_deepest_tree_that_is_taken_comes_up_and_goes_down() -> None:
    """Even if each collection in it awaits its children itself."""

    async def main() -> None:
        root = inner = Awaiting()
        for _ in range(lifecycle.DEEPEST):
            deeper = Awaiting()
            inner.addService(deeper)
            inner = deeper
        await lifecycle.start(root)
        assert lifecycle.progress(root).ready == lifecycle.DEEPEST + 1
        await lifecycle.stop(root)
        assert lifecycle.progress(root).ready == 0

    run(main())


@pytest.mark.parametrize("what", [lifecycle.bind, lifecycle.start])
def test_a_deeper_tree_is_refused_before_anything_happens(what: Callable[[object], Awaitable[None]]) -> None:
    """Instead of running into the limit of Python's stack half-way."""
    log: list[str] = []

    async def main() -> None:
        root, inner = nested(lifecycle.DEEPEST)
        inner.addService(Noted(log, "a"))
        with pytest.raises(LifecycleError, match="is deeper than"):
            await what(root)

    run(main())
    assert log == []


def test_the_root_of_an_application_is_what_the_driver_takes() -> None:
    """Application, root and leaf: the same functions take all of them."""

    async def main() -> None:
        application = Application("a")
        await lifecycle.start(application)
        root: Any = IService(application)  # type: ignore[misc,call-arg]  # the interface adapts
        assert root.running
        await lifecycle.stop(root)
        assert not root.running

    run(main())


def test_a_cancellation_that_comes_while_a_removed_child_is_undone_is_not_lost() -> None:
    """The undoing goes on, only faster; then the start is abandoned."""
    log: list[str] = []

    class Leaving(Failing):
        async def release(self) -> None:  # type: ignore[override]  # hooks may be of either kind
            self.disownServiceParent()
            await asyncio.sleep(5)

    async def main() -> None:
        root = tree(Noted(log, "a"), Leaving(log, "b"), Noted(log, "c"))
        start = asyncio.create_task(lifecycle.start(root))
        await asyncio.sleep(1)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        assert not root.running

    run(main())
    assert log[-3:] == ["start b", "release c", "stop a"]


def test_a_failed_bind_waits_for_the_release_of_those_who_were_removed_meanwhile() -> None:
    """Whoever binds may count on it that nothing is held when it has failed."""
    log: list[str] = []

    class SlowToRelease(Noted):
        async def release(self) -> None:  # type: ignore[override]  # hooks may be of either kind
            await asyncio.sleep(1)
            super().release()

    class Unbindable(Noted):
        def privilegedStartService(self) -> None:
            self.parent.removeService(self.parent[0])
            raise OSError("no")

    async def main() -> None:
        with pytest.raises(StartError):
            await lifecycle.bind(tree(SlowToRelease(log, "a"), Unbindable(log, "b")))
        assert log == ["bind a", "release a"]

    run(main())
