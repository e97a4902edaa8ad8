"""An event loop whose time jumps: whoever waits for a moment gets there at once, without sleeping."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar


class DeadlockError(Exception):
    """Everything waits and nothing will ever happen."""


class _Selector(selectors.SelectSelector):
    """Looks at the sockets without waiting; the time that it would have waited passes on the loop's clock."""

    passed: Callable[[float], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise DeadlockError
        if not ready and timeout:
            self.passed(timeout)
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own.

    Attributes:
        now: What ``time()`` returns; seconds.
        unhandled: What went to the exception handler.
    """

    def __init__(self) -> None:
        selector = _Selector()
        selector.passed = self._pass
        super().__init__(selector)
        self.now = 1000.0
        self.unhandled: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _loop, context: self.unhandled.append(context))

    def time(self) -> float:
        """Return the seconds of its own clock."""
        return self.now

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def turn(self, times: int = 1) -> None:
        """Do what is ready now, and again what became ready by that; no time passes."""
        for _ in range(times):
            self.call_soon(self.stop)
            self.run_forever()


_T = TypeVar("_T")


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine as ``asyncio.run`` does, on a loop whose time jumps.

    Raises:
        AssertionError: Something went to the loop's exception handler.
    """
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        result = runner.run(main)
        loop = runner.get_loop()
        assert isinstance(loop, JumpingLoop)
        assert loop.unhandled == []
        return result
