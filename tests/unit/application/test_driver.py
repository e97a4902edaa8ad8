"""What the driver does for collections, observers and roots of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import Application, IService, MultiService, Service
from svcctl.application.tree.record import State, record_of
from svcctl.errors import LifecycleError, ReloadError, StartError
from tests.fakes.loop import run
from tests.unit.application.trees import Failing, Noted, Plain, tree


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


@pytest.mark.parametrize("up", [False, True], ids=["at rest", "while both run"])
def test_whoever_moves_to_another_tree_is_watched_there_with_all_below(up: bool) -> None:  # noqa: FBT001 (a table)
    """And no longer where it was."""

    async def main() -> tuple[list[str], list[str]]:
        old, new, branch, leaf = MultiService(), MultiService(), MultiService(), Service()
        for service, name in ((old, "old"), (new, "new"), (branch, "branch"), (leaf, "leaf")):
            service.setName(name)
        branch.addService(leaf)
        old.addService(branch)
        before: list[str] = []
        after: list[str] = []
        lifecycle.watch(old, lambda each: before.append(str(each)))
        lifecycle.watch(new, lambda each: after.append(str(each)))
        if up:
            await lifecycle.start(old)
            await lifecycle.start(new)
        await branch.disownServiceParent()
        before.clear()
        await branch.setServiceParent(new)
        if not up:
            await lifecycle.start(new)
        await lifecycle.stop(new)
        await lifecycle.stop(old)
        return before, after

    before, after = run(main())
    assert not [each for each in before if "leaf" in each]
    assert [each.partition(" is ")[2] for each in after if each.startswith("new/branch/leaf ")] == [
        "starting",
        "ready",
        "stopping",
        "stopped",
    ]


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
