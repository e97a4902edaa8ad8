"""One connection that a client makes, watched from outside of its protocol."""

from __future__ import annotations

import asyncio
from typing import Any

from svcctl.application.protocol import Adapter
from svcctl.application.servers.listening import ProtocolMaker
from svcctl.application.tree.record import is_awaitable
from svcctl.errors import FactoryError


class Link:
    """A connection from the attempt to make it to its very end.

    Called with the peer's address, it makes the protocol, as the ``protocol_factory`` of asyncio's functions does.
    The end has come when the protocol's ``connection_lost`` has returned, and the handler's task, if there is one.

    Args:
        make_protocol: Makes the protocol from the peer's address.

    Attributes:
        transport: The transport, once the connection is made.
        ended: Done at the end; its result is why the connection was lost, ``None`` after an orderly close.
    """

    __slots__ = ("_aborted", "_make_protocol", "_protocol", "ended", "transport")

    def __init__(self, make_protocol: ProtocolMaker) -> None:
        self._make_protocol = make_protocol
        self._protocol: asyncio.BaseProtocol | None = None
        self._aborted = False
        self.transport: Any = None  # uvloop's transports are no instances of asyncio's classes
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def __call__(self, peer: Any = None) -> asyncio.BaseProtocol:  # noqa: ANN401 (an address of any family)
        """Make the protocol.

        Raises:
            ConnectionAbortedError: The factory refuses the connection.
            FactoryError: The protocol cannot be watched.
        """
        protocol = self._make_protocol(peer)
        if protocol is None:
            raise ConnectionAbortedError("the factory refused the connection")
        self._protocol = protocol
        self._watch(protocol)
        return protocol

    @property
    def protocol(self) -> Any:  # noqa: ANN401 (protocols need no common class)
        """The application's own protocol."""
        return self._protocol.protocol if isinstance(self._protocol, Adapter) else self._protocol

    def _watch(self, protocol: asyncio.BaseProtocol) -> None:
        """Put functions in front of the protocol's, on this one object: data goes its way as before."""

        def made(transport: Any) -> None:  # noqa: ANN401 (as above)
            if protocol is self._protocol:  # an endpoint may try several and keep the last
                self.transport = transport
            vars(protocol).pop("connection_made", None)
            try:
                protocol.connection_made(transport)
            finally:
                if self._aborted:
                    transport.abort()

        def lost(error: Exception | None) -> None:
            vars(protocol).pop("connection_lost", None)
            try:
                protocol.connection_lost(error)
            finally:
                if protocol is self._protocol:
                    self._end(error)

        try:
            vars(protocol).update(connection_made=made, connection_lost=lost)
        except TypeError:
            raise FactoryError(
                f"a {type(protocol).__name__} cannot be watched", hint="leave the __slots__ out of its class"
            ) from None

    def gone(self) -> None:
        """Take note that the socket is closed, for a protocol that gave its transport to another one."""
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        handler = self._handler()
        if handler is not None and not handler.done():
            handler.add_done_callback(lambda _: self._settle(error))
        else:
            self._settle(error)

    def _settle(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(error)

    def _handler(self) -> asyncio.Task[None] | None:
        running = getattr(self._protocol, "running", None)
        return running if isinstance(running, asyncio.Task) else None

    async def drain(self) -> None:
        """Ask the protocol to finish what is in flight, if it has a ``drain()``."""
        hook = getattr(self._protocol, "drain", None)
        if hook is not None and self.transport is not None and not self.ended.done():
            result = hook()
            if is_awaitable(result):
                await result

    async def close(self) -> None:
        """Close the connection, if it was made, and wait for its end; cancelled, cut it off."""
        if self.transport is None or self.ended.done():
            return
        self.transport.close()
        try:
            await asyncio.wait({self.ended})
        except asyncio.CancelledError:
            self.abort()
            await asyncio.wait({self.ended})
            raise

    def abort(self) -> None:
        """Cut the connection off, or the one that is about to be made; what has not been sent is lost."""
        self._aborted = True
        if self.transport is not None:
            self.transport.abort()
        handler = self._handler()
        if handler is not None:
            handler.cancel()


async def outlast(task: asyncio.Future[None]) -> None:
    """Wait for the end of a task that has been cancelled; cancelled oneself, have it cut off what it closes."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        raise
