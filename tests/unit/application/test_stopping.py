"""Stopping: limits, drains, cutting short, and what is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.stopping import GRACE
from svcctl.errors import LifecycleError, StopError, StopTimeoutError
from tests.fakes.loop import run
from tests.unit.application.trees import FailingToStop, Noted, Slow, tree


class Stuck(Noted):
    """A service that does not stop by itself.

    Args:
        log: Where it writes.
        name: Its name.
        stubborn: It does not even let itself be cancelled.
    """

    def __init__(self, log: list[str], name: str, *, stubborn: bool = False) -> None:
        super().__init__(log, name)
        self.stubborn = stubborn
        self.over = False

    async def stopService(self) -> None:  # type: ignore[override]  # hooks may be of either kind
        """Hang."""
        super().stopService()
        while not self.over:
            try:
                await asyncio.sleep(1e6)
            except asyncio.CancelledError:
                self.log.append(f"cancelled {self.name}")
                if not self.stubborn:
                    raise


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


async def stop_all(root: Any, budget: float = 10.0) -> list[Exception]:  # noqa: ANN401 (services need no common class)
    """Stop a tree; return what it reports."""
    try:
        await lifecycle.stop(root, budget)
    except ExceptionGroup as group:
        return list(group.exceptions)
    return []


def test_everyone_is_visited_and_all_errors_are_raised_together() -> None:
    """D4: nothing vanishes."""
    log: list[str] = []

    async def main() -> list[Exception]:
        root = tree(FailingToStop(log, "a"), tree(FailingToStop(log, "b"), name="inner"), Noted(log, "c"))
        await lifecycle.start(root)
        with pytest.raises(ExceptionGroup, match="root did not stop cleanly") as caught:
            await lifecycle.stop(root)
        assert not root.running
        return list(caught.value.exceptions)

    errors = run(main())
    assert [str(each) for each in errors] == [
        "root/inner/b failed to stop: ValueError: b stays",
        "root/a failed to stop: ValueError: a stays",
    ]
    assert all(isinstance(each, StopError) and isinstance(each.__cause__, ValueError) for each in errors)
    assert log[-3:] == ["stop c", "stop b", "stop a"]


def test_a_service_that_will_not_stop_is_named_with_the_place_where_it_stands() -> None:
    """D2: within the limit of the whole tree, and the others are still visited."""
    log: list[str] = []

    async def main() -> tuple[list[Exception], float]:
        root = tree(Noted(log, "a"), Stuck(log, "b"))
        await lifecycle.start(root)
        began = now()
        return await stop_all(root, 5.0), now() - began

    (error,), took = run(main())
    assert isinstance(error, StopTimeoutError)
    assert (error.path, error.limit) == ("root/b", 5.0)
    assert f"{__file__}:" in error.stack
    assert "in Stuck.stopService" in error.stack
    assert error.stack.index("sleep") < error.stack.index("Stuck")
    assert log[-2:] == ["cancelled b", "stop a"]
    assert took == pytest.approx(5.0)


def test_a_service_has_a_limit_of_its_own() -> None:
    """`stop_timeout`: the others keep the rest of the budget."""

    async def main() -> tuple[list[Exception], float]:
        slow, stuck = Slow([], "slow"), Stuck([], "stuck")
        stuck.stop_timeout = 2.0
        slow.may_start.set()
        root = tree(slow, stuck)
        await lifecycle.start(root)
        asyncio.get_running_loop().call_later(8.0, slow.may_stop.set)
        began = now()
        return await stop_all(root, 10.0), now() - began

    (error,), took = run(main())
    assert str(error).startswith("root/stuck did not stop within 2 s")
    assert took == pytest.approx(8.0)


def test_the_limit_of_a_collection_holds_for_all_below_it() -> None:
    """Including those without a limit of their own."""

    async def main() -> tuple[list[Exception], float]:
        inner = tree(Stuck([], "a"), Stuck([], "b"), name="inner")
        inner.stop_timeout = 3.0
        root = tree(inner)
        await lifecycle.start(root)
        began = now()
        return await stop_all(root, 60.0), now() - began

    errors, took = run(main())
    assert [each.path for each in errors] == ["root/inner/b", "root/inner/a"]  # type: ignore[attr-defined]  # all are timeouts
    assert 3.0 <= took <= 3.0 + GRACE


def test_services_that_ignore_everything_do_not_add_up() -> None:
    """D2: the total is the budget and one grace, plus a blink for each of them."""

    async def main() -> tuple[list[Exception], float]:
        stuck = [Stuck([], f"s{number}", stubborn=True) for number in range(20)]
        root = tree(*stuck)
        await lifecycle.start(root)
        began = now()
        errors = await stop_all(root, 5.0)
        took = now() - began
        for each in stuck:
            each.over = True
        await end_tasks()
        return errors, took

    errors, took = run(main())
    assert len(errors) == 20
    assert all(isinstance(each, StopTimeoutError) for each in errors)
    assert took <= 5.0 + GRACE + 20 * 0.03


async def end_tasks() -> None:
    """End what was given up."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.wait(left)


def test_a_cancelled_stop_is_cut_short_and_still_visits_everyone() -> None:
    """Without waiting: one cancellation is enough for the whole tree."""
    log: list[str] = []

    async def main() -> float:
        root = tree(
            Noted(log, "a"), *(Stuck(log, name) for name in "bcd"), tree(Stuck(log, "e"), name="inner")
        )
        await lifecycle.start(root)
        stop = asyncio.create_task(lifecycle.stop(root, 100.0))
        await asyncio.sleep(1)
        stop.cancel()
        began = now()
        with pytest.raises(ExceptionGroup) as caught:
            await stop
        assert [getattr(each, "path", "") for each in caught.value.exceptions] == [
            "root/inner/e",
            "root/d",
            "root/c",
            "root/b",
        ]
        assert not root.running
        return now() - began

    assert run(main()) == pytest.approx(0.0)
    assert log[-1] == "stop a"


def test_a_stop_cut_short_without_an_error_ends_as_cancelled() -> None:
    """Whoever cancelled it sees that; a time limit around it is a timeout."""

    class Reasonable(Noted):
        async def stopService(self) -> None:  # type: ignore[override]  # hooks may be of either kind
            super().stopService()
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                return  # cleaned up in a hurry

    async def main(limit: Callable[[Awaitable[None]], Awaitable[None]]) -> None:
        root = tree(Reasonable([], "a"))
        await lifecycle.start(root)
        await limit(lifecycle.stop(root, 100.0))

    async def cancelled(stop: Awaitable[None]) -> None:
        task = asyncio.ensure_future(stop)
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def limited(stop: Awaitable[None]) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await stop

    run(main(cancelled))
    run(main(limited))


def test_everything_is_drained_before_anything_stops() -> None:
    """All at once, parents and children, within the drain's part of the budget."""
    log: list[str] = []

    class Draining(Noted):
        async def drain(self) -> None:
            log.append(f"drain {self.name}")
            await asyncio.sleep(1)
            log.append(f"drained {self.name}")

    async def main() -> float:
        root = tree(Draining(log, "a"), Draining(log, "b"))
        await lifecycle.start(root)
        del log[:]
        began = now()
        await lifecycle.stop(root, 10.0)
        return now() - began

    assert run(main()) == pytest.approx(1.0)
    assert log == ["drain a", "drain b", "drained a", "drained b", "stop b", "stop a"]


def test_a_drain_that_takes_too_long_leaves_time_for_the_stops() -> None:
    """It is cancelled, which is no error: the connections it waits for are cut off."""

    class Endless(Service):
        cut = False

        async def drain(self) -> None:
            try:
                await asyncio.sleep(1e6)
            finally:
                self.cut = True

    async def main() -> tuple[list[Exception], float, bool]:
        service = Endless()
        await lifecycle.start(service)
        began = now()
        return await stop_all(service, 10.0), now() - began, service.cut

    errors, took, cut = run(main())
    assert (errors, cut) == ([], True)
    assert took == pytest.approx(8.0)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_drain_that_fails_is_reported_and_the_stop_goes_on(*, asynchronous: bool) -> None:
    """Of either kind."""

    class Broken(Noted):
        def drain(self) -> Awaitable[None] | None:
            if asynchronous:
                return self.fall()
            raise ValueError("no drain")

        async def fall(self) -> None:
            raise ValueError("no drain")

    async def main() -> list[Exception]:
        root = tree(Broken([], "a"))
        await lifecycle.start(root)
        return await stop_all(root)

    assert [str(each) for each in run(main())] == ["root/a failed to stop: ValueError: no drain"]


def test_a_second_stop_waits_for_the_first_and_drains_nothing_twice() -> None:
    """The hooks see one stop."""
    log: list[str] = []

    class Draining(Noted):
        async def drain(self) -> None:
            log.append("drain")
            await asyncio.sleep(1)

    async def main() -> None:
        root = tree(Draining(log, "a"))
        await lifecycle.start(root)
        await asyncio.gather(lifecycle.stop(root), lifecycle.stop(root))
        assert not root.running

    run(main())
    assert log == ["bind a", "start a", "drain", "stop a"]


def test_a_hook_may_return_a_task_that_it_has_cancelled() -> None:
    """The common way to end a task of one's own."""

    class Cancelling(Service):
        def startService(self) -> None:
            self.task = asyncio.ensure_future(asyncio.sleep(1e6))

        def stopService(self) -> Awaitable[None] | None:
            self.task.cancel()
            return self.task

    async def main() -> list[Exception]:
        service = Cancelling()
        await lifecycle.start(service)
        return await stop_all(service)

    assert run(main()) == []


def test_a_hook_that_awaits_a_task_it_has_cancelled_has_not_done_the_rest() -> None:
    """So it failed to stop, and did not run out of time."""

    class Cancelling(Service):
        def startService(self) -> None:
            self.task = asyncio.ensure_future(asyncio.sleep(1e6))

        async def stopService(self) -> None:
            self.task.cancel()
            await self.task

    async def main() -> list[Exception]:
        service = Cancelling()
        service.name = "s"
        await lifecycle.start(service)
        return await stop_all(service)

    (error,) = run(main())
    assert isinstance(error, StopError)
    assert str(error) == "s failed to stop: CancelledError"


def test_a_hook_that_raises_a_cancellation_at_once_does_not_end_the_stop() -> None:
    """As `future.result()` does for a future that was cancelled."""
    log: list[str] = []

    class Confused(Service):
        def stopService(self) -> None:
            raise asyncio.CancelledError

    async def main() -> list[Exception]:
        root = tree(Noted(log, "a"), Confused())
        await lifecycle.start(root)
        return await stop_all(root)

    assert [str(each) for each in run(main())] == ["root/Confused[1] failed to stop: CancelledError"]
    assert log[-1] == "stop a"


def test_a_hook_that_exits_does_so_when_all_others_have_stopped() -> None:
    """D16: with its own status."""
    log: list[str] = []

    class Exiting(Service):
        def stopService(self) -> None:
            raise SystemExit(4)

    async def main() -> None:
        root = tree(Noted(log, "a"), Exiting())
        await lifecycle.start(root)
        await lifecycle.stop(root)

    with pytest.raises(SystemExit) as caught:
        asyncio.run(main())
    assert caught.value.code == 4
    assert log[-1] == "stop a"


def test_a_tree_cannot_be_stopped_by_one_of_its_own_start_hooks() -> None:
    """The start is cancelled instead, by whoever runs it; nothing is left running."""
    log: list[str] = []

    class Suicidal(Service):
        async def startService(self) -> None:
            with pytest.raises(LifecycleError, match="root is starting") as caught:
                await lifecycle.stop(self.parent)
            assert "cancel" in caught.value.hint

    async def main() -> None:
        root = tree(Noted(log, "a"), Suicidal())
        await lifecycle.start(root)
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind a", "start a", "stop a"]


def test_a_collection_that_runs_out_of_time_while_its_children_stop_is_named() -> None:
    """Its hook waits for them; every child is visited, and nothing is left behind."""
    log: list[str] = []

    class Up(MultiService):
        async def stopService(self) -> None:
            await super().stopService()  # type: ignore[misc]  # it returns something to await
            log.append("never reached")

    async def main() -> tuple[list[Exception], float, int]:
        inner = Up()
        inner.name = "inner"
        for name in "abc":
            inner.addService(Stuck(log, name))
        inner.stop_timeout = 2.0
        root = tree(Noted(log, "first"), inner, Slow(log, "last"))
        root[2].may_start.set()
        root[2].may_stop.set()
        await lifecycle.start(root)
        began = now()
        errors = await stop_all(root, 60.0)
        return errors, now() - began, len(asyncio.all_tasks())

    errors, took, tasks = run(main())
    assert [each.path for each in errors] == ["root/inner/c", "root/inner/b", "root/inner/a", "root/inner"]  # type: ignore[attr-defined]  # all are timeouts
    assert 2.0 <= took <= 2.0 + GRACE
    assert tasks == 1
    assert log[-1] == "stop first"
    assert "never reached" not in log


def test_the_limit_of_one_collection_does_not_shorten_the_time_of_its_siblings() -> None:
    """Its hook is cancelled, not the stop."""

    class Up(MultiService):
        async def stopService(self) -> None:
            await super().stopService()  # type: ignore[misc]  # it returns something to await

    async def main() -> tuple[list[Exception], float]:
        inner = Up()
        inner.addService(Stuck([], "stuck"))
        inner.stop_timeout = 1.0
        slow = Slow([], "slow")
        slow.may_start.set()
        root = tree(slow, inner)
        await lifecycle.start(root)
        asyncio.get_running_loop().call_later(30.0, slow.may_stop.set)
        began = now()
        return await stop_all(root, 60.0), now() - began

    errors, took = run(main())
    assert [each.path for each in errors] == ["root/Up[1]/stuck", "root/Up[1]"]  # type: ignore[attr-defined]  # all are timeouts
    assert took == pytest.approx(30.0)


def test_a_removed_service_has_its_own_limit() -> None:
    """Not that of a tree which it is no longer in."""

    async def main() -> float:
        slow = Slow([], "slow")
        slow.stop_timeout = 60.0
        slow.may_start.set()
        root = tree(slow)
        await lifecycle.start(root)
        asyncio.get_running_loop().call_later(30.0, slow.may_stop.set)
        began = now()
        await root.removeService(slow)
        await lifecycle.stop(root)
        return now() - began

    assert run(main()) == pytest.approx(30.0)


def test_the_budget_given_to_stop_counts_for_the_root() -> None:
    """Its own `stop_timeout` is for those who do not give one."""

    async def main() -> float:
        slow = Slow([], "slow")
        slow.may_start.set()
        root = tree(slow)
        root.stop_timeout = 1.0
        await lifecycle.start(root)
        asyncio.get_running_loop().call_later(30.0, slow.may_stop.set)
        began = now()
        await lifecycle.stop(root, 60.0)
        return now() - began

    assert run(main()) == pytest.approx(30.0)


def test_a_dynamic_start_that_ignores_its_cancellation_does_not_hang_the_stop() -> None:
    """D2: it is given up, and named; should it ever end, it is rolled back."""
    log: list[str] = []

    class Unstoppable(Noted):
        over = False

        async def startService(self) -> None:  # type: ignore[override]  # hooks may be of either kind
            while not self.over:
                try:
                    await asyncio.sleep(1e6)
                except asyncio.CancelledError:
                    continue

    async def main() -> tuple[list[Exception], float]:
        root = tree()
        await lifecycle.start(root)
        child = Unstoppable(log, "u")
        root.addService(child)
        await asyncio.sleep(0)
        began = now()
        errors = await stop_all(root, 5.0)
        took = now() - began
        child.over = True
        await end_tasks()
        assert not child.running
        return errors, took

    (error,), took = run(main())
    assert str(error).startswith("root/u did not stop within 5 s, waiting at")
    assert took <= 5.0 + GRACE
    assert log == ["bind u", "stop u"]


def test_a_start_whose_loop_goes_away_does_not_try_to_go_on() -> None:
    """There is nothing left that could be awaited; Python closes the coroutine."""
    log: list[str] = []
    starts: list[Coroutine[Any, Any, None]] = []

    async def main() -> None:
        starts.append(lifecycle.start(tree(Slow(log, "a"))))
        starts[0].send(None)

    run(main())
    starts[0].close()
    assert log == ["bind a"]


def test_an_asynchronous_release_is_awaited() -> None:
    """D21 again: what is `async` is never dropped."""
    log: list[str] = []

    class Releasing(Noted):
        async def release(self) -> None:  # type: ignore[override]  # hooks may be of either kind
            await asyncio.sleep(1)
            super().release()

    async def main() -> None:
        root = tree(Releasing(log, "a"), Releasing(log, "b"))
        await lifecycle.bind(root)
        await root.removeService(root[0])
        await lifecycle.stop(root)

    run(main())
    assert log == ["bind a", "bind b", "release a", "release b"]


def test_a_release_that_fails_is_logged_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    """There is no error of ours to put it into."""
    log: list[str] = []

    class Broken(Noted):
        def release(self) -> None:
            raise ValueError("no release")

    async def main() -> None:
        root = tree(Noted(log, "a"), Broken(log, "b"))
        await lifecycle.bind(root)
        await lifecycle.stop(root)

    run(main())
    assert log[-1] == "release a"
    assert [(each.message, each.svcctl_path) for each in caplog.records] == [("release failed", "root/b")]  # type: ignore[attr-defined]  # given as extra
