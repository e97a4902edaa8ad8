"""What the tests of the service tree share."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from svcctl.application.servers import sockets
from svcctl.application.servers.sockets import Inherited
from tests.fakes.lines import Lines
from tests.unit.application.certificates import make_all

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


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of keys and certificates."""
    return make_all(tmp_path_factory.mktemp("pems"))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Return the lines that programs write into the log."""
    logger, handler = logging.getLogger("svcctl.application.processes.output"), Lines()
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "disabled", False)
    logger.setLevel(logging.INFO)
    return handler
