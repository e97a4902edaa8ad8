"""What adding and removing on a running tree returns: it may be awaited, several times, or dropped."""

from __future__ import annotations

import asyncio
import logging

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import Service
from svcctl.errors import LifecycleError, ServiceFailedError, StartError
from tests.fakes.loop import run
from tests.unit.application.trees import Failing, FailingToStop, Slow, tree


def test_a_dropped_start_that_fails_is_a_failure_of_the_tree() -> None:
    """Nobody waits for it, so the owner of the tree is told."""

    async def main() -> list[ServiceFailedError]:
        root = tree()
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(root, failures.append)
        await lifecycle.start(root)
        root.addService(Failing([], "c"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await lifecycle.stop(root)
        return failures

    (failure,) = run(main())
    assert failure.path == "root/c"
    assert isinstance(failure.__cause__, StartError)


@pytest.mark.parametrize("style", ["now", "wrapped", "twice", "cancelled"])
def test_whoever_waits_for_a_start_is_told_of_its_failure_and_nobody_else(style: str) -> None:
    """Unless the waiting was given up before the end: then the tree's owner is told after all."""

    async def main() -> int:
        root = tree()
        failures: list[ServiceFailedError] = []
        lifecycle.on_failure(root, failures.append)
        await lifecycle.start(root)
        child = SlowlyFailing() if style == "cancelled" else Failing([], "c")
        outcome = root.addService(child)
        if style == "cancelled":
            waiter = asyncio.ensure_future(outcome)
            await asyncio.sleep(0)
            waiter.cancel()
            await asyncio.sleep(1)
        elif style == "wrapped":
            with pytest.raises(StartError):
                await asyncio.wait_for(outcome, 1)
        else:
            for _ in range(2 if style == "twice" else 1):
                with pytest.raises(StartError):
                    await outcome
        await asyncio.sleep(0)
        await lifecycle.stop(root)
        return len(failures)

    assert run(main()) == (1 if style == "cancelled" else 0)


class SlowlyFailing(Service):
    """A service that takes some time to fail to start."""

    async def startService(self) -> None:
        """Fail a little later."""
        await asyncio.sleep(0.5)
        raise ValueError("late")


def test_a_start_interrupted_by_the_stop_of_its_parent_is_told_to_whoever_waits() -> None:
    """As an error of ours: the waiting task itself was not cancelled."""

    async def main() -> None:
        root = tree()
        await lifecycle.start(root)
        outcome = root.addService(Slow([], "slow"))
        waiter = asyncio.ensure_future(outcome)
        await asyncio.sleep(0)
        await lifecycle.stop(root)
        with pytest.raises(LifecycleError, match="root/slow was interrupted"):
            await waiter

    run(main())


def test_every_error_of_a_removed_child_is_logged_if_nobody_waits(caplog: pytest.LogCaptureFixture) -> None:
    """With all that went wrong."""

    async def main() -> None:
        root = tree(FailingToStop([], "a"))
        await lifecycle.start(root)
        root.removeService(root[0])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await lifecycle.stop(root)

    with caplog.at_level(logging.ERROR):
        run(main())
    (record,) = caplog.records
    assert record.message == "service failed on its way out"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ExceptionGroup)
