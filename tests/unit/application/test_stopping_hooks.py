"""Hooks that make a stop hard: they are cancelled, exit, run out of time or start others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.tree.budget import GRACE
from svcctl.errors import LifecycleError, StopError
from tests.fakes.loop import run
from tests.unit.application.stops import Stuck, end_tasks, now, stop_all
from tests.unit.application.trees import Noted, Slow, tree


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


def test_the_log_names_every_service_whose_drain_was_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    """And nobody who was done in time."""

    class Draining(Service):
        def __init__(self, name: str, seconds: float) -> None:
            self.name = name
            self.seconds = seconds

        async def drain(self) -> None:
            await asyncio.sleep(self.seconds)

    async def main() -> None:
        root = tree(Draining("long", 60.0), Draining("short", 1.0), Draining("longer", 90.0))
        await lifecycle.start(root)
        await lifecycle.stop(root, 10.0)

    with caplog.at_level(logging.WARNING, "svcctl"):
        run(main())
    cut = [(each.message, vars(each)["svcctl_path"]) for each in caplog.records]
    assert cut == [("drain cut off", "root/long"), ("drain cut off", "root/longer")]
