"""Restarts, and all that may happen meanwhile."""

from __future__ import annotations

import asyncio
import logging

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree.record import record_of
from tests.fakes.loop import run
from tests.unit.application.timed import Failures, Timed, started, states, supervised


def test_a_restart_that_fails_is_tried_again() -> None:
    """Until it works, or the limit is there."""
    log: list[str] = []
    root = supervised(log, "a", restarts=3)

    async def main(failing: int) -> Failures:
        failures = await started(root, log)
        root[0].failures = failing
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(60)
        await lifecycle.stop(root)
        return failures

    assert run(main(2)) == []
    assert log.count("+a") == 3
    root[0].failures = 0
    record_of(root).failure_callbacks = None
    (failure,) = run(main(9))
    assert "more than 3 restarts" in str(failure)
    assert "no a today" in str(failure)


def test_the_stop_of_the_tree_ends_all_restarts() -> None:
    """Nothing is started any more, and no task is left."""
    log: list[str] = []
    root = supervised(log, "ab")

    async def main(wait: float) -> None:
        await started(root, log)
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(wait)
        del log[:]
        await lifecycle.stop(root)
        assert "+a" not in log
        assert not any(record_of(each).started or record_of(each).bound for each in root)
        assert len(asyncio.all_tasks()) == 1

    for wait in (0.0, 0.5, 1.5, 2.5, 10.0):  # failed, stopping, backing off, starting, ready again
        run(main(wait))


@pytest.mark.parametrize("wait", [0.0, 0.5, 1.5, 2.5])
def test_a_child_that_is_removed_is_not_restarted(wait: float) -> None:
    """Whatever its restart is at; and it can be used again."""
    log: list[str] = []
    root = supervised(log, "ab")

    async def main() -> None:
        await started(root, log)
        child = root[0]
        child.fail(ValueError("boom"))
        await asyncio.sleep(wait)
        await root.removeService(child)
        await asyncio.sleep(20)
        assert (child.running, states(root)) == (False, ["ready"])
        await root.addService(child)
        assert child.running
        await lifecycle.stop(root)

    run(main())


def test_a_failure_while_the_collection_still_starts_is_mended_afterwards() -> None:
    """The start goes on."""
    log: list[str] = []
    root = supervised(log, "ab")

    async def main() -> None:
        starting = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(1.5)
        root[0].fail(ValueError("boom"))
        await starting
        await asyncio.sleep(20)
        assert states(root) == ["ready", "ready"]
        await lifecycle.stop(root)

    run(main())
    assert log[:8] == ["+a", "a up", "+b", "b up", "-a", "a down", "+a", "a up"]


def test_a_second_failure_joins_a_restart_that_goes_on() -> None:
    """What is restarted together is restarted once."""
    log: list[str] = []
    root = supervised(log, "abc", "rest_for_one")

    async def main() -> None:
        await started(root, log)
        root[2].fail(ValueError("boom"))
        await asyncio.sleep(1.5)
        root[1].fail(ValueError("boom"))
        await asyncio.sleep(20)
        assert states(root) == ["ready"] * 3
        await lifecycle.stop(root)

    run(main())
    assert log[:8] == ["-c", "c down", "-b", "b down", "+b", "b up", "+c", "c up"]


def test_a_follower_waits_for_the_restart_of_what_it_comes_after() -> None:
    """When both have failed, each restarted on its own."""
    log: list[str] = []
    root = MultiService(supervision=Supervision(backoff=lambda _: 1.0))
    root.addService(Timed(log, "db", (), seconds=5.0))
    root.addService(Timed(log, "web", ["db"]))

    async def main() -> None:
        await started(root, log)
        root[0].fail(ValueError("boom"))
        root[1].fail(ValueError("boom"))
        await asyncio.sleep(30)
        assert states(root) == ["ready", "ready"]
        await lifecycle.stop(root)

    run(main())
    assert log[2:] == [
        "web down",
        "db down",
        "+db",
        "db up",
        "+web",
        "web up",
        "-web",
        "web down",
        "-db",
        "db down",
    ]


def test_a_child_added_later_and_dropped_is_supervised_too() -> None:
    """Its failed start is a failure like any other."""
    log: list[str] = []
    root = supervised(log, "a")

    async def main() -> None:
        failures = await started(root, log)
        late = Timed(log, "late")
        late.failures = 2
        root.addService(late)
        await asyncio.sleep(20)
        assert (late.running, failures) == (True, [])
        await lifecycle.stop(root)

    run(main())


def test_a_stop_that_fails_before_a_restart_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """And does not keep the service down."""

    class Sticky(Service):
        starts = 0

        def startService(self) -> None:
            self.starts += 1

        def stopService(self) -> None:
            raise OSError("stuck")

    root = MultiService(supervision=Supervision(backoff=lambda _: 1.0))
    root.addService(Sticky())

    async def main() -> None:
        await started(root, [])
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(20)
        assert (root[0].running, root[0].starts) == (True, 2)
        with pytest.raises(ExceptionGroup):
            await lifecycle.stop(root)

    with caplog.at_level(logging.ERROR, "svcctl"):
        run(main())
    assert [each.message for each in caplog.records] == ["stop failed before a restart"]
