"""Long work in small steps."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.cooperator import CooperatorService
from svcctl.errors import UsageError
from tests.fakes import loop as jumping
from tests.fakes.clock import settle
from tests.unit.application.conftest import Run


async def started() -> CooperatorService:
    """Return a service that runs."""
    service = CooperatorService()
    await lifecycle.start(service)
    return service


def steps(name: str, count: int, seen: list[str]) -> Iterator[None]:
    """Take some steps, and take note of each."""
    for _ in range(count):
        seen.append(name)
        yield


def test_work_is_done_step_by_step_in_turn(run: Run) -> None:
    """Whoever has fewer steps is done earlier."""

    async def main() -> str:
        seen: list[str] = []
        service = await started()
        await asyncio.gather(
            *(service.coiterate(steps(name, count, seen)) for name, count in (("a", 4), ("b", 2)))
        )
        await lifecycle.stop(service)
        return "".join(seen)

    assert run(main()) == "ababaa"


def test_the_result_is_the_iterator(run: Run) -> None:
    """At its end, whoever awaits it, and however often."""

    async def main() -> None:
        service = await started()
        iterator = iter([1, 2])
        work = service.coiterate(iterator)
        assert await work is iterator
        assert await work is iterator
        await lifecycle.stop(service)

    run(main())


def test_the_loop_goes_on_while_there_is_work() -> None:
    """Also if the work has no end, and whatever the clock shows."""

    async def main() -> int:
        seen: list[str] = []
        service = await started()
        service.coiterate(steps("x", 10**9, seen))
        for _ in range(5):
            await asyncio.sleep(0)
        await lifecycle.stop(service)
        return len(seen)

    assert 0 < jumping.run(main()) <= 6000


def test_a_slice_ends_when_its_time_is_over(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the step that took too long, and the next work has its turn first in the next slice."""
    monkeypatch.setattr("svcctl.application.cooperator.SLICE", 0.0)

    async def main() -> str:
        seen: list[str] = []
        service = await started()
        works = [service.coiterate(steps(name, 2, seen)) for name in "ab"]
        for _ in range(2):
            await asyncio.sleep(0)
            seen.append("|")
        await asyncio.gather(*works)
        await lifecycle.stop(service)
        return "".join(seen)

    assert run(main()).startswith("a|b|")


def test_work_that_yields_an_awaitable_goes_on_when_it_is_done(run: Run) -> None:
    """A coroutine or a future; the others do not wait."""

    async def main() -> list[str]:
        seen: list[str] = []
        future = asyncio.get_running_loop().create_future()

        async def later() -> None:
            seen.append("coroutine")

        def work() -> Iterator[Awaitable[None]]:
            yield later()
            seen.append("between")
            yield future
            seen.append("end")

        service = await started()
        result = service.coiterate(work())
        await service.coiterate(steps("other", 3, seen))
        await settle()
        assert seen[-1] == "between"
        future.set_result(None)
        await result
        await lifecycle.stop(service)
        return seen[-2:]

    assert run(main()) == ["between", "end"]


@pytest.mark.parametrize("awaited", [False, True])
def test_an_error_goes_to_whoever_awaits_the_work(run: Run, *, awaited: bool) -> None:
    """An error of the iterator, or of what it waits for; the service goes on."""

    async def main() -> None:
        async def fail() -> None:
            raise ValueError("broken")

        def work() -> Iterator[Any]:
            yield fail() if awaited else None
            raise ValueError("broken")

        service = await started()
        with pytest.raises(ValueError, match="broken"):
            await service.coiterate(work())
        assert service.running
        await service.coiterate(iter([1]))
        await lifecycle.stop(service)

    run(main())


def test_work_waits_for_the_start(run: Run) -> None:
    """Also if it was added where there is no loop."""
    seen: list[str] = []
    service = CooperatorService()
    first = service.coiterate(steps("a", 1, seen))

    async def main() -> list[str]:
        second = service.coiterate(steps("b", 1, seen))
        await settle()
        assert seen == []
        await lifecycle.start(service)
        await first
        await second
        await lifecycle.stop(service)
        return seen

    assert run(main()) == ["a", "b"]


def test_the_stop_ends_all_work(run: Run) -> None:
    """Generators are closed, what they wait for is cancelled and waited for, whoever awaits them is told."""

    async def main() -> list[str]:
        seen: list[str] = []

        async def long() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                seen.append("awaitable")

        def busy(name: str, awaitable: Awaitable[None] | None) -> Iterator[Any]:
            try:
                while True:
                    yield awaitable
            finally:
                seen.append(name)

        service = await started()
        works = [service.coiterate(busy("a", None)), service.coiterate(busy("b", long()))]
        results = asyncio.gather(*works, return_exceptions=True)
        await settle()
        await lifecycle.stop(service)
        assert [type(each) for each in await results] == [asyncio.CancelledError] * 2
        return sorted(seen)

    assert run(main()) == ["a", "awaitable", "b"]


def test_what_a_generator_raises_while_it_is_closed_goes_to_whoever_awaits_it(run: Run) -> None:
    """The stop is not disturbed."""

    async def main() -> None:
        def stubborn() -> Iterator[None]:
            try:
                while True:
                    yield
            finally:
                raise ValueError("cannot save")

        service = await started()
        result = asyncio.ensure_future(service.coiterate(stubborn()))
        await settle()
        await lifecycle.stop(service)
        with pytest.raises(ValueError, match="cannot save"):
            await result

    run(main())


def test_after_the_stop_work_is_refused_until_the_next_start(run: Run) -> None:
    """Whoever awaits it does not wait for ever; D20: the driver keeps ``running``."""

    async def main() -> list[str]:
        seen: list[str] = []
        service = await started()
        running = [service.running]
        await lifecycle.stop(service)
        assert [*running, service.running] == [True, False]
        with pytest.raises(asyncio.CancelledError):
            await service.coiterate(steps("a", 1, seen))
        await lifecycle.start(service)
        await service.coiterate(steps("b", 1, seen))
        await lifecycle.stop(service)
        return seen

    assert run(main()) == ["b"]


def test_cancelling_whoever_awaits_the_work_ends_it(run: Run) -> None:
    """The generator is closed."""

    async def main() -> list[str]:
        seen: list[str] = []

        def busy() -> Iterator[None]:
            try:
                while True:
                    yield
            finally:
                seen.append("closed")

        service = await started()
        task = asyncio.ensure_future(service.coiterate(busy()))
        await settle()
        task.cancel()
        await settle()
        await lifecycle.stop(service)
        return seen

    assert run(main()) == ["closed"]


def test_work_may_stop_its_own_service(run: Run) -> None:
    """By hand; it is the last step then."""

    async def main() -> list[int]:
        seen: list[int] = []
        service = await started()

        def last() -> Iterator[None]:
            for each in range(3):
                seen.append(each)
                service.stopService()
                yield

        service.coiterate(last())
        await settle()
        await lifecycle.stop(service)
        return seen

    assert run(main()) == [0]


def test_what_is_no_iterator_is_refused() -> None:
    """A list is not, nor is an asynchronous generator."""
    for wrong in ([1, 2], 3, None):
        with pytest.raises(UsageError, match="is no iterator"):
            CooperatorService().coiterate(wrong)  # type: ignore[arg-type]  # the point of the test


def test_it_pickles_without_its_work(run: Run) -> None:
    """As a stopped one."""

    async def main() -> None:
        service = await started()
        service.coiterate(steps("a", 10**6, []))
        again = pickle.loads(pickle.dumps(service))  # noqa: S301 (made a moment ago)
        assert not again.running
        await lifecycle.stop(service)
        await lifecycle.start(again)
        await again.coiterate(iter([1]))
        await lifecycle.stop(again)

    run(main())
