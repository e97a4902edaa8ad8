"""An endpoint whose peer does what the test says, without sockets and without time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Pipe(asyncio.Transport):
    """A transport to nobody.

    Args:
        protocol: What is told of the connection.
        obliging: A close ends the connection in the next turn; otherwise when the test says so.

    Attributes:
        log: What was asked of it, in order.
    """

    def __init__(self, protocol: Any, *, obliging: bool) -> None:  # noqa: ANN401 (protocols need no common class)
        super().__init__()
        self._protocol = protocol
        self._obliging = obliging
        self._lost = False
        self.log: list[str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take note."""
        self.log.append(f"write {bytes(data).decode()}")

    def is_closing(self) -> bool:
        """Tell whether the connection has ended."""
        return self._lost

    def close(self) -> None:
        """Close in an orderly way."""
        self.log.append("close")
        if self._obliging:
            asyncio.get_running_loop().call_soon(self.lose)

    def abort(self) -> None:
        """Close at once."""
        self.log.append("abort")
        asyncio.get_running_loop().call_soon(self.lose)

    def lose(self, error: Exception | None = None) -> None:
        """End the connection, once."""
        if not self._lost:
            self._lost = True
            self._protocol.connection_lost(error)


class Peer:
    """An endpoint for clients: each attempt waits until the test decides it.

    Args:
        obliging: Connections end as soon as the client closes them.

    Attributes:
        attempts: The attempts, in order; done when they are decided.
        pipes: The connections, in order.
    """

    def __init__(self, *, obliging: bool = True) -> None:
        self._obliging = obliging
        self.attempts: list[asyncio.Future[None]] = []
        self.pipes: list[Pipe] = []

    async def connect(self, make_protocol: Callable[..., Any]) -> Any:  # noqa: ANN401 (protocols need no common class)
        """Wait for the decision, and connect."""
        attempt = asyncio.get_running_loop().create_future()
        self.attempts.append(attempt)
        await attempt
        protocol = make_protocol()
        pipe = Pipe(protocol, obliging=self._obliging)
        self.pipes.append(pipe)
        protocol.connection_made(pipe)
        return protocol

    def accept(self) -> None:
        """Have the last attempt succeed."""
        self.attempts[-1].set_result(None)

    def refuse(self, error: Exception | None = None) -> None:
        """Have the last attempt fail."""
        self.attempts[-1].set_exception(error or ConnectionRefusedError("nobody there"))

    @property
    def waiting(self) -> bool:
        """Whether an attempt waits for its decision."""
        return bool(self.attempts) and not self.attempts[-1].done()
