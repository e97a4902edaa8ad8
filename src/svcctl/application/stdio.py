"""A service for the one connection that a process is started with: standard input and output."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from svcctl.application.servers.listening import protocol_maker
from svcctl.application.servers.pipes import OneSocket, Pipes, is_one_socket
from svcctl.application.service import Service
from svcctl.application.tree.record import is_awaitable
from svcctl.endpoints.rare import Stdio
from svcctl.endpoints.values import Endpoint
from svcctl.errors import ConfigurationError
from svcctl.posix import require


class StdioService(Service):
    """Serves the one connection that is standard input and output, and has finished when that is over.

    They are pipes, a terminal, or both one socket, as from inetd. While it stops, a protocol that has a ``drain()``
    is asked to finish; what is left when the time is over is cut off.

    Args:
        factory: As for :class:`~svcctl.application.internet.StreamServerEndpointService`.
        descriptors: Where it reads and where it writes.

    Raises:
        FactoryError: ``factory`` is of a wrong kind.
    """

    kind = "service"
    # Nobody connects again, and the other services of the application may have more to do.
    restart = "transient"
    _connection: Pipes | OneSocket | None = None
    _protocol: Any = None
    _over: asyncio.Task[None] | None = None

    def __init__(self, factory: Any, *, descriptors: tuple[int, int] = (0, 1)) -> None:  # noqa: ANN401 (three kinds of factory)
        protocol_maker(factory)  # a wrong kind is an error here, where the user's line is, not at the start
        self.endpoint = Stdio()
        self.factory = factory
        self._descriptors = descriptors

    async def startService(self) -> None:
        """Connect the protocol; a factory that refuses the connection has finished.

        Raises:
            ConfigurationError: Standard input or output is nothing that can be waited for.
            UsageError: This is Windows, where one cannot wait for them together with sockets.
        """
        require("a connection by standard input and output")
        _call_if_there(self.factory, "doStart")
        self._protocol = protocol_maker(self.factory)(None)
        if self._protocol is not None:
            await self._connect()
        self._over = asyncio.get_running_loop().create_task(self._until_over())
        super().startService()

    async def _connect(self) -> None:
        try:
            single = is_one_socket(self._descriptors)
            self._connection = (
                OneSocket(self._protocol, self._descriptors[0])
                if single
                else Pipes(self._protocol, self._descriptors)
            )
            await self._connection.open()
        except OSError as error:
            self._connection = None
            _call_if_there(self.factory, "doStop")
            raise ConfigurationError(
                f"standard input and output are no connection: {error.strerror}",
                hint="connect both to pipes or a terminal; files and /dev/null will not do",
            ) from error

    async def _until_over(self) -> None:
        if self._connection is not None:
            await self._connection.over
        running: asyncio.Task[None] | None = getattr(self._protocol, "running", None)
        if running is not None:
            await asyncio.wait([running])
        self._connection = None
        self.finish()

    async def drain(self) -> None:
        """Ask the protocol to finish and wait for the end of the connection; cancelled, cut it off."""
        if self._connection is None or self._over is None:
            return
        try:
            hook = getattr(self._protocol, "drain", None)
            result = hook() if hook is not None else None
            if is_awaitable(result):
                await result
            await asyncio.wait([self._over])
        except asyncio.CancelledError:
            self._cut_off()

    async def stopService(self) -> None:
        """Close the connection once everything is written; cancelled, cut it off."""
        over, self._over = self._over, None
        if self._connection is not None:
            self._connection.close()
        if over is not None and not over.done():
            try:
                await asyncio.wait([over])
            except asyncio.CancelledError:
                self._cut_off()
                raise
        _call_if_there(self.factory, "doStop")
        super().stopService()

    def _cut_off(self) -> None:
        if self._connection is not None:
            self._connection.abort()
        running: asyncio.Task[None] | None = getattr(self._protocol, "running", None)
        if running is not None:
            running.cancel()

    def listening_on(self) -> Sequence[Endpoint]:
        """Return the endpoint."""
        return (self.endpoint,)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("_connection", "_protocol", "_over"):
            state.pop(name, None)
        return state


def _call_if_there(factory: Any, hook: str) -> None:  # noqa: ANN401 (three kinds of factory)
    method = getattr(factory, hook, None)
    if method is not None:
        method()
