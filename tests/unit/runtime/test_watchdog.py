"""The init system's watchdog."""

from __future__ import annotations

import asyncio
import os

import pytest

from svcctl.runtime import watchdog
from tests.fakes.loop import run


@pytest.mark.parametrize("pid", [None, str(os.getpid())], ids=["none", "ours"])
def test_the_limit_is_given_in_seconds_and_its_variables_are_removed(pid: str | None) -> None:
    """With our process's number, or with none."""
    environ = {"WATCHDOG_USEC": "30000000", "OTHER": "stays"} | ({"WATCHDOG_PID": pid} if pid else {})
    assert watchdog.from_environment(environ) == 30.0
    assert environ == {"OTHER": "stays"}


def test_a_limit_for_another_process_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """Variables that were inherited from a parent."""
    environ = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}
    assert watchdog.from_environment(environ) is None
    assert environ == {}
    assert caplog.records == []


@pytest.mark.parametrize(
    "text", ["0", "-5", "", "abc", "1.5", "18446744073709551615", "9" * 40, " 5", "\u0665"]
)
def test_a_malformed_limit_is_logged(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """No pings are better than wrong ones; the init system then says so in its way."""
    assert watchdog.from_environment({"WATCHDOG_USEC": text}) is None
    assert "no number of microseconds" in caplog.text


def test_pings_come_at_half_the_limit() -> None:
    """By the loop's own clock, the first at once."""

    async def pings() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []
        enough = loop.create_future()

        def ping() -> None:
            times.append(loop.time())
            if len(times) == 3:
                enough.set_result(None)

        end = watchdog.start(30.0, ping)
        await enough
        end()
        return [each - times[0] for each in times]

    assert run(pings()) == [0.0, 15.0, 30.0]


def test_a_loop_that_stands_still_sends_nothing() -> None:
    """Pings need the loop, so they prove that it runs."""

    async def pings() -> tuple[int, int]:
        count = 0

        def ping() -> None:
            nonlocal count
            count += 1

        end = watchdog.start(0.002, ping)
        before = count
        blocker = asyncio.get_running_loop().time() + 0.02
        while asyncio.get_running_loop().time() < blocker:
            pass
        after = count
        end()
        return before, after

    before, after = asyncio.run(pings())
    assert before == after == 1
