"""Services that are one coroutine."""

from __future__ import annotations

import asyncio
import logging
import pickle
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import MultiService
from svcctl.application.task import TaskService
from svcctl.application.tree.record import State, record_of
from svcctl.errors import ServiceFailedError, StartError, StopTimeoutError, UsageError
from tests.fakes.clock import settle
from tests.unit.application.conftest import Run


async def for_ever() -> None:
    """Wait until somebody ends it."""
    await asyncio.Event().wait()


def failures_of(service: Any) -> list[ServiceFailedError]:  # noqa: ANN401 (a service)
    """Return a list that gets the failures of a tree."""
    failures: list[ServiceFailedError] = []
    lifecycle.on_failure(service, failures.append)
    return failures


def test_it_runs_from_the_start_to_the_stop_each_time(run: Run) -> None:
    """With its arguments; it is ready before the first line has run."""

    async def main() -> list[Any]:
        seen: list[Any] = []

        async def work(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (any)
            seen.append((args, kwargs))
            try:
                await for_ever()
            finally:
                seen.append("end")

        service = TaskService(work, 1, two=2)
        for _ in range(2):
            await lifecycle.start(service)
            seen.append("ready")
            await settle()
            await lifecycle.stop(service)
        return seen

    once = ["ready", ((1,), {"two": 2}), "end"]
    assert run(main()) == once * 2


def test_an_exception_is_a_failure_of_the_service(run: Run) -> None:
    """Its owner is told; it can be stopped and started again."""

    async def main() -> None:
        async def work() -> None:
            raise ValueError("broken")

        service = TaskService(work)
        failures = failures_of(service)
        for count in (1, 2):
            await lifecycle.start(service)
            assert service.running
            await settle()
            assert record_of(service).state is State.FAILED
            assert len(failures) == count
            await lifecycle.stop(service)
        assert str(failures[0]) == "TaskService[0] failed: ValueError: broken"

    run(main())


def test_a_cancellation_that_nobody_asked_the_service_for_is_a_failure_too(run: Run) -> None:
    """Else it would say that it runs for ever."""

    async def main() -> None:
        async def work() -> None:
            raise asyncio.CancelledError

        service = TaskService(work)
        failures = failures_of(service)
        await lifecycle.start(service)
        await settle()
        assert not service.running
        assert len(failures) == 1
        await lifecycle.stop(service)

    run(main())


def test_a_return_is_a_failure_of_a_permanent_service(run: Run) -> None:
    """It was meant to run for ever."""

    async def main() -> None:
        async def work() -> None:
            await asyncio.sleep(0)

        service = TaskService(work)
        failures = failures_of(service)
        await lifecycle.start(service)
        await settle()
        assert not service.running
        assert len(failures) == 1
        await lifecycle.stop(service)

    run(main())


@pytest.mark.parametrize("kind", ["transient", "temporary"])
def test_a_return_is_the_end_of_other_services(run: Run, kind: str) -> None:
    """Nobody is told of a failure, and the others go on."""

    async def main() -> None:
        async def work() -> None:
            await asyncio.sleep(0)

        tree = MultiService()
        service, other = TaskService(work), TaskService(for_ever)
        service.restart = kind
        service.setServiceParent(tree)
        other.setServiceParent(tree)
        failures = failures_of(tree)
        await lifecycle.start(tree)
        await settle()
        assert (service.running, other.running, failures) == (False, True, [])
        assert record_of(service).state is State.STOPPED
        await lifecycle.stop(tree)

    run(main())


def test_the_stop_waits_for_what_the_coroutine_does_at_its_end(run: Run) -> None:
    """Cancelled, it may take its time."""

    async def main() -> None:
        may_end = asyncio.Event()

        async def work() -> None:
            try:
                await for_ever()
            finally:
                await may_end.wait()

        service = TaskService(work)
        await lifecycle.start(service)
        await settle()
        stop = asyncio.ensure_future(lifecycle.stop(service))
        await settle()
        assert not stop.done()
        may_end.set()
        await stop
        assert not service.running

    run(main())


def test_what_it_raises_at_its_end_is_an_error_of_the_stop(run: Run) -> None:
    """Not a failure of a running service."""

    async def main() -> None:
        async def work() -> None:
            try:
                await for_ever()
            finally:
                raise ValueError("cannot save")

        service = TaskService(work)
        failures = failures_of(service)
        await lifecycle.start(service)
        await settle()
        with pytest.raises(ExceptionGroup) as caught:
            await lifecycle.stop(service)
        assert [str(each) for each in caught.value.exceptions] == [
            "TaskService[0] failed to stop: ValueError: cannot save"
        ]
        assert failures == []

    run(main())


def test_a_return_after_the_cancellation_is_an_orderly_end(run: Run) -> None:
    """Some coroutines take it as a request."""

    async def main() -> bool:
        async def work() -> None:
            try:
                await for_ever()
            except asyncio.CancelledError:
                return

        service = TaskService(work)
        failures = failures_of(service)
        await lifecycle.start(service)
        await settle()
        await lifecycle.stop(service)
        return failures == []

    assert run(main())


def test_a_coroutine_that_ignores_its_cancellation_is_cut_off_and_named(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """With the place where it stands."""
    caplog.set_level(logging.ERROR)

    async def main() -> None:
        may_end = asyncio.Event()

        async def deaf() -> None:
            while not may_end.is_set():
                try:
                    await may_end.wait()
                except asyncio.CancelledError:
                    continue

        service = TaskService(deaf)
        await lifecycle.start(service)
        await settle()
        with pytest.raises(ExceptionGroup) as caught:
            await lifecycle.stop(service, 0.0)
        assert isinstance(caught.value.exceptions[0], StopTimeoutError)
        may_end.set()
        await settle()

    run(main())
    (record,) = [each for each in caplog.records if each.name == "svcctl.application.task"]
    assert record.__dict__["svcctl_path"] == "TaskService[0]"
    assert "in test_a_coroutine_that_ignores" in record.__dict__["svcctl_stack"]


def test_a_coroutine_instead_of_its_function_is_refused() -> None:
    """It could run only once; nothing warns that it was never awaited."""
    with pytest.raises(UsageError, match="can run only once"):
        TaskService(for_ever())  # type: ignore[arg-type]  # the point of the test


def test_what_cannot_be_called_is_refused() -> None:
    """Where it is given."""
    with pytest.raises(UsageError, match="42 cannot be called"):
        TaskService(42)  # type: ignore[arg-type]  # the point of the test


def test_a_plain_function_fails_the_start(run: Run) -> None:
    """What it returned cannot be awaited."""

    def plain() -> Any:  # noqa: ANN401 (the point of the test)
        return 3

    with pytest.raises(StartError, match=r"plain returned 3, which cannot be awaited"):
        run(lifecycle.start(TaskService(plain)))


def test_a_running_task_pickles_as_a_stopped_one(run: Run) -> None:
    """With its function and arguments."""

    async def main() -> None:
        service = TaskService(for_ever)
        await lifecycle.start(service)
        again = pickle.loads(pickle.dumps(service))  # noqa: S301 (made a moment ago)
        assert (again.running, again.call) == (False, (for_ever, (), {}))
        await lifecycle.stop(service)
        await lifecycle.stop(again)

    run(main())


def test_a_task_that_was_never_started_can_be_stopped(run: Run) -> None:
    """By hand, too."""

    async def main() -> bool:
        service = TaskService(for_ever)
        await lifecycle.stop(service)
        stopped = service.stopService()
        if stopped is not None:
            await stopped
        return service.running

    assert not run(main())
