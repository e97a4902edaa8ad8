"""Stopping: limits, drains, cutting short, and what is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import Service
from svcctl.application.tree.budget import GRACE
from svcctl.errors import StopError, StopTimeoutError
from tests.fakes.loop import run
from tests.unit.application import stops
from tests.unit.application.stops import Stuck, end_tasks, now, stop_all
from tests.unit.application.trees import FailingToStop, Noted, Slow, tree


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
    assert f"{stops.__file__}:" in error.stack
    assert "in Stuck.stopService" in error.stack
    assert error.stack.index("sleep") < error.stack.index("Stuck")
    assert log[-2:] == ["cancelled b", "stop a"]
    assert took == pytest.approx(5.0)


def test_a_limit_is_told_as_somebody_would_say_it() -> None:
    """It is what is left of a budget, a few microseconds less than was given."""
    assert str(StopTimeoutError("root/b", 2.99995, "")) == "root/b did not stop within 3 s"


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
