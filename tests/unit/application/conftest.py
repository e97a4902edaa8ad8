"""What the tests of the service tree share."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from svcctl.application import sockets
from svcctl.application.sockets import Inherited

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Run a coroutine on each kind of loop; nothing may be left of it, neither errors nor tasks."""
    unhandled: list[dict[str, Any]] = []

    async def watched(main: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 (whatever the test returns)
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unhandled.append(context))
        async with asyncio.timeout(
            60
        ):  # a signal, as pytest-timeout sends it, does not get through to uvloop
            result = await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert left == set()
        return result

    with asyncio.Runner(loop_factory=request.param) as runner:
        yield lambda main: runner.run(watched(main))
    gc.collect()
    assert unhandled == []


@pytest.fixture(autouse=True)
def _nothing_is_inherited() -> Iterator[None]:
    """Forget the sockets that a test handed over."""
    yield
    sockets.hand_over(Inherited())
