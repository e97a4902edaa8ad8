"""Failures, ends and changes of the tree that come in the middle of a restart."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.events import RestartScheduled, ServiceFinished
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree.record import State, record_of
from tests.fakes.loop import run
from tests.unit.application.timed import Timed, started, states, supervised
from tests.unit.application.trees import tree


class Work(Timed):
    """A service that has done its work as soon as it has started."""

    restart = "transient"

    async def startService(self) -> None:
        """Do it all."""
        await super().startService()
        self.finish()


@pytest.mark.parametrize("supervision", [None, Supervision()])
def test_work_that_ends_while_its_collection_starts_is_not_done_again(
    supervision: Supervision | None,
) -> None:
    """The collection becomes ready without it, and does it again when it is started again."""
    log: list[str] = []
    root = MultiService(supervision=supervision)
    root.addService(Work(log, "once"))
    root.addService(Timed(log, "b", seconds=5.0))

    async def main() -> None:
        await lifecycle.start(root)
        assert states(root) == ["stopped", "ready"]
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log.count("+once") == 1
    run(main())
    assert log.count("+once") == 2


def test_work_that_is_added_and_ends_while_it_starts_has_started() -> None:
    """Whoever waits for it learns of its readiness, not of an interruption."""
    log: list[str] = []
    root = tree(Timed(log, "a"))

    async def main() -> None:
        await started(root, log)
        await root.addService(Work(log, "once"))
        await asyncio.sleep(5)
        assert states(root) == ["ready", "stopped"]
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log[:4] == ["+once", "once up", "-once", "once down"]


def test_a_temporary_service_that_fails_while_its_collection_starts_stays_failed() -> None:
    """The start goes on without it."""
    log: list[str] = []
    root = tree(Timed(log, "a"), Timed(log, "b", seconds=9.0))
    root[0].restart = "temporary"

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(2)
        root[0].fail(ValueError("boom"))
        await starting
        assert states(root) == ["failed", "ready"]
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log.count("+a") == 1


def test_what_has_finished_is_not_restarted_with_the_others() -> None:
    """Even if it has not stopped yet when another one fails."""
    log: list[str] = []
    root = supervised(log, "ab", "one_for_all")
    root[0].restart = "transient"

    async def main() -> None:
        await started(root, log)
        root[0].finish()
        root[1].fail(ValueError("boom"))
        await asyncio.sleep(20)
        assert states(root) == ["stopped", "ready"]
        await lifecycle.stop(root, 100.0)

    run(main())


def test_an_end_is_declared_once() -> None:
    """Neither twice, nor by what waits for its restart."""
    log: list[str] = []
    events: list[Any] = []
    root = supervised(log, "ab")
    root[0].restart = root[1].restart = "transient"

    async def main() -> None:
        await started(root, log)
        lifecycle.watch(root, events.append)
        root[0].finish()
        root[0].finish()
        root[1].fail(ValueError("boom"))
        await asyncio.sleep(1.5)
        assert record_of(root[1]).state is State.BACKING_OFF
        root[1].finish()
        await asyncio.sleep(20)
        assert states(root) == ["stopped", "ready"]
        await lifecycle.stop(root, 100.0)

    run(main())
    assert [each.path for each in events if isinstance(each, ServiceFinished)] == ["root/a"]


def test_a_failure_in_the_turn_in_which_a_restart_ends_is_not_lost() -> None:
    """The one restart is over, so there has to be another."""
    log: list[str] = []
    root = supervised(log, "a")
    turns = 0

    class Eager(Timed):
        async def startService(self) -> None:
            await super().startService()
            asyncio.get_running_loop().call_soon(self.try_to_fail, 0)

        def try_to_fail(self, turn: int) -> None:
            if turn == turns:
                self.fail(ValueError("boom"))
            else:
                asyncio.get_running_loop().call_soon(self.try_to_fail, turn + 1)

    async def main() -> None:
        child = Eager(log, "eager")
        await started(root, log)
        await root.addService(child)
        await asyncio.sleep(100)
        assert record_of(root).state is State.FAILED  # it failed again and again, up to the limit
        await lifecycle.stop(root, 100.0)

    for late in range(1, 12):
        turns = late
        run(main())
        root.removeService(root[1])


def test_a_child_that_is_put_into_another_collection_leaves_its_restart_behind() -> None:
    """The former supervisor does not stop it there."""
    log: list[str] = []
    former, new = supervised(log, "ab"), tree(name="new")
    root = tree(former, new)

    async def main(wait: float) -> None:
        failures = await started(root, log)
        child = former.getServiceNamed("a")
        child.fail(ValueError("boom"))
        await asyncio.sleep(wait)
        former.removeService(child)
        await new.addService(child)
        await asyncio.sleep(20)
        assert child.running
        assert failures == []
        assert log[-1] == "a up"
        new.removeService(child)
        former.addService(child)
        await lifecycle.stop(root, 100.0)

    for wait in (0.0, 0.5, 1.5, 2.5):
        run(main(wait))


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all"])
@pytest.mark.parametrize("wait", [0.0, 0.5, 1.5, 2.5])
def test_a_child_that_comes_back_during_its_restart_starts_anew(strategy: str, wait: float) -> None:
    """At once, not after the back-off of what it was before."""
    log: list[str] = []
    root = supervised(log, "a", strategy)

    async def main() -> None:
        await started(root, log)
        child = root[0]
        child.fail(ValueError("boom"))
        await asyncio.sleep(wait)
        root.removeService(child)
        await root.addService(child)
        assert child.running
        assert not [each for each in events if isinstance(each, RestartScheduled)] or wait >= 1.0
        count = len(log)
        await asyncio.sleep(20)
        assert (states(root), log[count:]) == (["ready"], [])
        await lifecycle.stop(root, 100.0)

    events: list[Any] = []
    lifecycle.watch(root, events.append)
    run(main())


def test_nothing_is_restarted_while_the_tree_drains() -> None:
    """Even in a collection whose own turn to stop has not come."""
    log: list[str] = []

    class Draining(Service):
        async def drain(self) -> None:
            await asyncio.sleep(5)

    inner = supervised(log, "a")
    root = tree(inner, Draining())

    async def main(wait: float) -> None:
        await started(root, log)
        inner[0].fail(ValueError("boom"))
        await asyncio.sleep(wait)
        del log[:]
        late = Timed(log, "late")
        stopping = asyncio.ensure_future(lifecycle.stop(root))
        await asyncio.sleep(0.1)
        inner.addService(late)
        await stopping
        assert not [each for each in log if each.startswith("+")]
        inner.removeService(late)

    for wait in (0.0, 0.5, 1.5):
        run(main(wait))


def test_a_failure_inside_what_is_being_restarted_is_no_new_one() -> None:
    """A collection that has failed does not fail again, nor while it stops; the log tells of it."""
    log: list[str] = []
    inner = tree(Timed(log, "a"), Timed(log, "b"), Timed(log, "c"), name="inner")
    root = MultiService(supervision=Supervision(restarts=1, backoff=lambda _: 1.0))
    root.addService(inner)

    async def main() -> None:
        failures = await started(root, log)
        inner[0].fail(ValueError("first"))
        inner[1].fail(ValueError("second"))
        await asyncio.sleep(0.5)
        inner[2].fail(ValueError("third"))
        await asyncio.sleep(20)
        assert (inner.running, states(inner), failures) == (True, ["ready"] * 3, [])
        await lifecycle.stop(root, 100.0)

    run(main())


def test_a_failure_below_what_has_given_up_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The owner has been told already, and nothing is restarted any more."""
    log: list[str] = []
    events: list[Any] = []
    root = supervised(log, "ab", restarts=0)

    async def main() -> None:
        failures = await started(root, log)
        lifecycle.watch(root, events.append)
        root[0].fail(ValueError("first"))
        root[1].fail(ValueError("second"))
        await asyncio.sleep(20)
        assert len(failures) == 1
        await lifecycle.stop(root, 100.0)

    with caplog.at_level(logging.ERROR, "svcctl"):
        run(main())
    assert [str(each.exc_info[1]) for each in caplog.records if each.exc_info] == ["second"]
    assert not [each for each in events if isinstance(each, RestartScheduled)]


def test_a_stop_cuts_off_all_that_stops_one_after_the_other() -> None:
    """One that has finished, was removed, and is back."""
    log: list[str] = []
    child = Work(log, "child", seconds=9.0)
    root = tree(Timed(log, "a"), child)

    async def main() -> None:
        await started(root, log)
        await asyncio.sleep(1)
        root.removeService(child)
        root.addService(child)
        await asyncio.sleep(1)
        with pytest.raises(ExceptionGroup):
            await lifecycle.stop(root, 0.0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


@pytest.mark.parametrize("end", ["finish", "fail"])
def test_a_stop_cuts_off_what_stops_for_a_reason_of_its_own(end: str) -> None:
    """When its time is over, nothing goes on behind its back, and the order is kept."""
    log: list[str] = []
    root = MultiService(supervision=Supervision("one_for_all", backoff=lambda _: 5.0))
    root.addService(Timed(log, "a"))
    root.addService(Timed(log, "b", seconds=9.0))
    root[1].restart = "transient"

    async def main() -> None:
        await started(root, log)
        if end == "finish":
            root[1].finish()
        else:
            root[0].fail(ValueError("boom"))
        await asyncio.sleep(1)
        with pytest.raises(ExceptionGroup):
            await lifecycle.stop(root, 0.0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())
    assert log == ["-b", "-a"]


def test_a_temporary_service_that_waits_for_a_restart_is_started_after_it() -> None:
    """It was not up, so it does not go down with the others for good."""
    log: list[str] = []
    root = MultiService(supervision=Supervision("one_for_all", backoff=lambda _: 5.0))
    root.addService(Timed(log, "db", ()))

    async def main() -> None:
        await started(root, log)
        root[0].fail(ValueError("boom"))
        late = Timed(log, "late", ["db"])
        late.restart = "temporary"
        await root.addService(late)
        assert states(root) == ["ready", "ready"]
        await lifecycle.stop(root)

    run(main())


def test_who_waits_for_a_restart_that_will_not_come_has_failed() -> None:
    """When its collection gives up because of another one."""
    log: list[str] = []
    root = MultiService(supervision=Supervision(restarts=1, backoff=lambda _: 5.0))
    root.addService(Timed(log, "a"))
    root.addService(Timed(log, "b"))

    async def main() -> None:
        await started(root, log)
        root[0].fail(ValueError("first"))
        await asyncio.sleep(3)
        assert states(root) == ["backing off", "ready"]
        root[1].fail(ValueError("second"))
        assert states(root) == ["failed", "failed"]
        await lifecycle.stop(root, 100.0)

    run(main())
