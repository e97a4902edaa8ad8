"""A reload is done by all services or by none."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree.record import State, record_of
from svcctl.errors import ReloadError
from tests.fakes.loop import run


class Reloading(Service):
    """Writes down which of its hooks are called, and in which state; one of them may do something else.

    Args:
        log: Where it writes.
        name: Its name.
        instead: What a hook does, by its name.
    """

    def __init__(self, log: list[str], name: str, **instead: Callable[[], Any]) -> None:
        self.log = log
        self.name = name
        self.instead = instead

    def note(self, hook: str) -> Any:  # noqa: ANN401 (what hooks may return)
        """Write down a call, and do what was asked for instead of nothing."""
        state = record_of(self).state
        self.log.append(f"{hook} {self.name}" + (f" ({state.value})" if state is not State.READY else ""))
        return self.instead.get(hook, lambda: None)()

    def check_reload(self) -> Any:  # noqa: ANN401 (the same)
        """Check."""
        return self.note("check")

    def reload(self) -> Any:  # noqa: ANN401 (the same)
        """Apply."""
        return self.note("reload")

    def revert_reload(self) -> Any:  # noqa: ANN401 (the same)
        """Go back."""
        return self.note("revert")


class Lasting(Service):
    """Reloads, and cannot go back."""

    def reload(self) -> None:
        """Do nothing."""


def refuse(text: str) -> Callable[[], None]:
    """Return a hook that raises."""

    def hook() -> None:
        raise ValueError(text)

    return hook


def tree(*children: Service, supervision: Supervision | None = None) -> MultiService:
    """Return a collection called root."""
    root = MultiService(supervision=supervision)
    root.setName("root")
    for child in children:
        child.setServiceParent(root)
    return root


def reloaded(root: MultiService, limit: float | None = None) -> ReloadError | None:
    """Start a tree, reload it, stop it; return what the reload raised."""

    async def main() -> ReloadError | None:
        await lifecycle.start(root)
        try:
            await lifecycle.reload(root, limit)
        except ReloadError as error:
            return error
        finally:
            await lifecycle.stop(root)
        return None

    return run(main())


def test_all_check_before_anything_changes_and_then_reload_in_order() -> None:
    """Parents before children; the state says who is at it."""
    log: list[str] = []
    root = tree(Reloading(log, "a"), tree(Reloading(log, "b")), Reloading(log, "c"))
    assert reloaded(root) is None
    checks = ["check a", "check b", "check c"]
    assert log == [*checks, *[f"reload {name} (reloading)" for name in "abc"]]


def test_services_reload_after_those_that_they_come_after() -> None:
    """As they start."""
    log: list[str] = []
    first = Reloading(log, "a")
    first.after = ("c",)
    assert reloaded(tree(first, Reloading(log, "b"), Reloading(log, "c"))) is None
    assert sorted(log[:3]) == ["check a", "check b", "check c"]
    assert log.index("check c") < log.index("check a")
    assert log.index("reload c (reloading)") < log.index("reload a (reloading)")


def test_a_long_chain_of_services_reloads_in_order() -> None:
    """However many come after each other."""
    log: list[str] = []
    services = [Reloading(log, str(number)) for number in range(1500)]
    for one, other in itertools.pairwise(services):
        one.after = (str(other.name),)
    assert reloaded(tree(*services)) is None
    assert log[:2] == ["check 1499", "check 1498"]
    assert log[-1] == "reload 0 (reloading)"


def test_one_refusal_leaves_everything_as_it_is_and_all_are_told() -> None:
    """In one error, with the path of each."""
    log: list[str] = []
    root = tree(
        Reloading(log, "a", check=refuse("no port")),
        Reloading(log, "b"),
        Reloading(log, "c", check=refuse("no host")),
    )
    error = reloaded(root)
    assert log == ["check a", "check b", "check c"]
    assert (
        str(error)
        == "root/a refuses to reload: ValueError: no port; root/c refuses to reload: ValueError: no host"
    )
    assert error is not None
    assert [problem.where for problem in error.problems] == ["root/a", "root/c"]
    assert isinstance(error.__cause__, ExceptionGroup)
    assert (error.reverted, error.kept) == ((), ())


def test_a_failure_takes_back_what_had_reloaded_in_reverse() -> None:
    """Not the one that failed, which has left itself as it was, and none after it."""
    log: list[str] = []
    root = tree(
        Reloading(log, "a"),
        Reloading(log, "b"),
        Reloading(log, "c", reload=refuse("bad file")),
        Reloading(log, "d"),
    )
    error = reloaded(root)
    assert log[4:] == [
        *["reload a (reloading)", "reload b (reloading)", "reload c (reloading)"],
        *["revert b (reloading)", "revert a (reloading)"],
    ]
    assert error is not None
    assert str(error) == "root/c failed to reload: ValueError: bad file; as before again: root/b, root/a"
    assert isinstance(error.__cause__, ValueError)
    assert (error.reverted, error.kept, error.rollback) == (("root/b", "root/a"), (), ())


def test_who_cannot_go_back_is_told() -> None:
    """The others go back all the same."""
    log: list[str] = []
    lasting = Lasting()
    lasting.setName("lasting")
    root = tree(
        Reloading(log, "a"),
        lasting,
        Reloading(log, "b", revert=refuse("stuck")),
        Reloading(log, "c", reload=refuse("bad file")),
    )
    error = reloaded(root)
    assert error is not None
    assert (error.reverted, error.kept) == (("root/a",), ("root/b", "root/lasting"))
    assert [str(each) for each in error.rollback] == ["root/b failed to go back: ValueError: stuck"]


def test_hooks_may_be_asynchronous() -> None:
    """Each is awaited before the next one."""
    log: list[str] = []

    async def slowly() -> None:
        await asyncio.sleep(1)
        log.append("awaited")

    every = {"check": slowly, "reload": slowly, "revert": slowly}
    root = tree(Reloading(log, "a", **every), Reloading(log, "b", reload=refuse("no")))
    assert reloaded(root) is not None
    assert [each for each in log if each == "awaited" or each.endswith("a (reloading)")] == [
        *["awaited", "reload a (reloading)", "awaited", "revert a (reloading)", "awaited"]
    ]


def test_what_is_no_function_is_no_hook() -> None:
    """Services of others may have attributes of these names."""
    plain: Any = Service()
    plain.reload = plain.check_reload = "every hour"
    assert reloaded(tree(plain)) is None


def test_only_what_is_ready_reloads() -> None:
    """What has stopped reads its settings when it starts."""
    log: list[str] = []
    done = Reloading(log, "done")
    done.restart = "temporary"

    async def main() -> None:
        root = tree(done, Reloading(log, "b"))
        await lifecycle.start(root)
        done.finish()
        await asyncio.sleep(0.1)
        await lifecycle.reload(root)
        await lifecycle.stop(root)

    run(main())
    assert log == ["check b", "reload b (reloading)"]


@pytest.mark.parametrize("raises", [False, True])
def test_a_service_that_stops_while_it_reloads_is_no_failure(raises: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """It will read its settings when it starts again; the others go on."""
    log: list[str] = []

    async def stopping() -> None:
        one.finish()
        await asyncio.sleep(1)
        if raises:
            raise ValueError("gone")

    one = Reloading(log, "a", reload=stopping)
    one.restart = "transient"
    assert reloaded(tree(one, Reloading(log, "b"))) is None
    assert log[-1] == "reload b (reloading)"


def test_a_service_that_fails_while_it_reloads_fails_the_reload() -> None:
    """Its supervisor starts it again, with whatever is in force then."""
    log: list[str] = []

    async def failing() -> None:
        two.fail(ValueError("broken by it"))
        await asyncio.sleep(5)

    two = Reloading(log, "b", reload=failing)
    error = reloaded(tree(Reloading(log, "a"), two, supervision=Supervision("one_for_one")))
    assert error is not None
    assert error.problems == (("root/b", "RuntimeError: it has failed meanwhile"),)
    assert log[-1] == "revert a (reloading)"


def test_a_service_that_has_stopped_since_it_reloaded_does_not_go_back() -> None:
    """There is nothing of it to take back."""
    log: list[str] = []

    async def ending() -> None:
        one.finish()
        await asyncio.sleep(1)
        raise ValueError("bad file")

    one = Reloading(log, "a")
    one.restart = "transient"
    error = reloaded(tree(one, Reloading(log, "b", reload=ending)))
    assert error is not None
    assert (error.reverted, error.kept) == ((), ())


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ("check", "root/b refuses to reload: TimeoutError: it was not done within 7 s"),
        (
            "reload",
            "root/b failed to reload: TimeoutError: it was not done within 7 s; as before again: root/a",
        ),
    ],
)
def test_a_hook_that_does_not_end_is_cut_off_within_the_limit(hook: str, message: str) -> None:
    """Early enough for the others to go back."""
    log: list[str] = []

    async def main() -> float:
        loop = asyncio.get_running_loop()
        hanging: Callable[[], Awaitable[object]] = asyncio.Event().wait
        root = tree(Reloading(log, "a"), Reloading(log, "b", **{hook: hanging}))
        await lifecycle.start(root)
        began = loop.time()
        with pytest.raises(ReloadError) as caught:
            await lifecycle.reload(root, 10.0)
        assert str(caught.value) == message
        took = loop.time() - began
        await lifecycle.stop(root)
        return took

    assert run(main()) == pytest.approx(7.0)
    assert ("revert a (reloading)" in log) is (hook == "reload")


def test_a_way_back_that_does_not_end_is_cut_off_within_the_limit() -> None:
    """The error says who is still on it."""
    log: list[str] = []

    async def main() -> tuple[ReloadError, float]:
        loop = asyncio.get_running_loop()
        hang = asyncio.Event().wait
        root = tree(Reloading(log, "a"), Reloading(log, "b", revert=hang), Reloading(log, "c", reload=hang))
        await lifecycle.start(root)
        began = loop.time()
        with pytest.raises(ReloadError) as caught:
            await lifecycle.reload(root, 10.0)
        took = loop.time() - began
        await lifecycle.stop(root)
        return caught.value, took

    error, took = run(main())
    assert took == pytest.approx(9.0)
    assert error.kept == ("root/b", "root/a")
    assert "no time was left" in str(error.rollback[-1])


@pytest.mark.parametrize("hook", ["check", "reload"])
def test_a_reload_that_is_cancelled_goes_back(hook: str) -> None:
    """As if it had failed; the cancellation goes on."""
    log: list[str] = []

    async def main() -> None:
        hang: Callable[[], Any] = asyncio.Event().wait
        root = tree(Reloading(log, "a"), Reloading(log, "b", **{hook: hang}))
        await lifecycle.start(root)
        task = asyncio.create_task(lifecycle.reload(root))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert all(record_of(each).state is State.READY for each in root)
        await lifecycle.stop(root)

    run(main())
    assert ("revert a (reloading)" in log) is (hook == "reload")


def test_a_cancelled_reload_that_stays_in_force_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody gets an error that could say so."""

    async def main() -> None:
        lasting = Lasting()
        lasting.setName("lasting")
        root = tree(lasting, Reloading([], "b", reload=asyncio.Event().wait))
        await lifecycle.start(root)
        task = asyncio.create_task(lifecycle.reload(root))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        await lifecycle.stop(root)

    run(main())
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.__dict__["svcctl_paths"] == ("root/lasting",)


def test_reloads_of_one_tree_wait_for_each_other() -> None:
    """Whatever part of it they are for; another tree does not wait."""
    log: list[str] = []

    async def slowly() -> None:
        await asyncio.sleep(1)
        log.append("done")

    async def main() -> None:
        first, second = Reloading(log, "a", reload=slowly), Reloading(log, "b")
        root, other = tree(first, second), tree(Reloading(log, "other"))
        await lifecycle.start(root)
        await lifecycle.start(other)
        await asyncio.gather(lifecycle.reload(root), lifecycle.reload(second), lifecycle.reload(other))
        await lifecycle.stop(other)
        await lifecycle.stop(root)

    run(main())
    assert log == [
        *["check a", "check b", "reload a (reloading)"],
        *["check other", "reload other (reloading)"],
        *["done", "reload b (reloading)", "check b", "reload b (reloading)"],
    ]
