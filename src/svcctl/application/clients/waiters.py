"""Those who wait for the connection of a client."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from svcctl.errors import UsageError


class _Waiter(NamedTuple):
    """One of them: how many failures it stands, and how many there were before."""

    future: asyncio.Future[Any]
    most: int | None
    before: int


class Waiters:
    """Futures of the next connection.

    Attributes:
        open: Whether the service runs, so that there may be a connection.
        connected: Whether there is one.
    """

    def __init__(self) -> None:
        self.open = False
        self.connected = False
        self._stopped = False
        self._protocol: Any = None
        self._failures = 0
        self._waiting: list[_Waiter] = []

    def wait(self, most: object) -> asyncio.Future[Any]:
        """Return the future of the connection, or of the next one.

        Args:
            most: How many failures from now on it stands; ``None`` for any number.

        Raises:
            UsageError: ``most`` is no whole number from 1 up.
        """
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
            raise UsageError(
                f"{most!r} is no number of failures", hint="give a whole number from 1 up, or None"
            )
        future = asyncio.get_running_loop().create_future()
        if self.connected:
            future.set_result(self._protocol)
        elif self._stopped:
            future.cancel()
        else:
            self._waiting.append(_Waiter(future, most, self._failures))
        return future

    def start(self) -> None:
        """Take note that there may be a connection from now on."""
        self.open, self._stopped = True, False

    def stop(self) -> None:
        """Take note that there will be none; cancel those who wait."""
        if self.open:  # one that was never started may be waited for
            self._stopped = True
        self.open = self.connected = False
        self._protocol = None
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.future.cancel()

    def succeed(self, protocol: Any) -> None:  # noqa: ANN401 (protocols need no common class)
        """Hand a connection over."""
        self.connected, self._protocol = True, protocol
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.future.done():
                waiter.future.set_result(protocol)

    def lose(self) -> None:
        """Take note that the connection is over."""
        self.connected, self._protocol = False, None

    def fail(self, error: Exception) -> None:
        """Count a failed attempt, and tell those who do not stand another one."""
        self._failures += 1
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if waiter.future.done():
                continue
            if waiter.most is not None and self._failures - waiter.before >= waiter.most:
                waiter.future.set_exception(error)
            else:
                self._waiting.append(waiter)
