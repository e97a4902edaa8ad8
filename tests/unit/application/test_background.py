"""Tasks that a service has in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import Service
from svcctl.errors import LifecycleError, StartError, StopError
from tests.fakes.loop import run
from tests.unit.application.trees import tree


class Spawning(Service):
    """A service with something in the background."""

    name = "worker"

    def __init__(self, work: Any, log: list[str]) -> None:  # noqa: ANN401 (a coroutine function)
        self.work = work
        self.log = log

    def startService(self) -> None:
        """Start, and go on."""
        self.task = self.spawn(self.work())

    def stopService(self) -> None:
        """Stop, while the task goes on."""
        self.log.append(f"stop, {'done' if self.task.done() else 'still running'}")


async def fail_later() -> None:
    """Fail after a second."""
    await asyncio.sleep(1)
    raise ValueError("boom")


def test_what_it_raises_is_a_failure_of_the_service() -> None:
    """As if it had called fail()."""

    async def main() -> list[str]:
        failures: list[BaseException] = []
        root = tree(Spawning(fail_later, []))
        lifecycle.on_failure(root, failures.append)
        await lifecycle.start(root)
        await asyncio.sleep(5)
        assert not root[0].running
        await lifecycle.stop(root)
        return [str(each) for each in failures]

    assert run(main()) == ["root/worker failed: ValueError: boom"]


def test_it_is_cancelled_and_waited_for_once_the_service_has_stopped() -> None:
    """Its clean-up belongs to the stop."""
    log: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            await asyncio.sleep(2)
            log.append("cleaned up")

    async def main() -> None:
        root = tree(Spawning(work, log))
        await lifecycle.start(root)
        await asyncio.sleep(1)
        await lifecycle.stop(root)
        assert len(asyncio.all_tasks()) == 1

    run(main())
    assert log == ["stop, still running", "cleaned up"]


def test_one_that_ends_leaves_the_service_as_it_is() -> None:
    """It was not all that the service does."""

    async def work() -> None:
        await asyncio.sleep(1)

    async def main() -> None:
        root = tree(Spawning(work, []))
        await lifecycle.start(root)
        await asyncio.sleep(5)
        assert root[0].running
        await lifecycle.stop(root)

    run(main())


def test_what_it_raises_on_its_way_out_is_an_error_of_the_stop() -> None:
    """And nobody else's."""

    async def work() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            raise OSError("cannot clean up")

    async def main() -> None:
        failures: list[BaseException] = []
        root = tree(Spawning(work, []))
        lifecycle.on_failure(root, failures.append)
        await lifecycle.start(root)
        await asyncio.sleep(1)
        with pytest.raises(ExceptionGroup) as caught:
            await lifecycle.stop(root)
        (error,) = caught.value.exceptions
        assert isinstance(error, StopError)
        assert str(error) == "root/worker failed to stop: OSError: cannot clean up"
        assert failures == []

    run(main())


def test_a_failed_start_leaves_nothing_in_the_background() -> None:
    """Whatever it had begun."""

    class Failing(Service):
        async def startService(self) -> None:
            self.spawn(asyncio.sleep(1e6))
            await asyncio.sleep(1)
            raise ValueError("no")

    async def main() -> None:
        with pytest.raises(StartError):
            await lifecycle.start(tree(Failing()))
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_a_stopped_service_can_have_nothing_in_the_background() -> None:
    """The coroutine is closed, so that nothing warns of it."""
    service = Spawning(fail_later, [])
    work: Coroutine[Any, Any, None] = fail_later()
    with pytest.raises(LifecycleError, match="worker is stopped and can have nothing in the background"):
        service.spawn(work)
