"""Accepting connections without losing any, and knowing which of them are in flight.

``asyncio.Server`` is not used: its ``close()`` drops connections that are accepted but not yet attached to a
protocol. Here a reader callback accepts, a connection counts from then on, and a stop waits for its end.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import reprlib
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from svcctl.application.tree.record import is_awaitable
from svcctl.errors import FactoryError

if TYPE_CHECKING:
    import ssl

_log = logging.getLogger(__name__)

#: Makes the protocol of one connection from the peer's address; ``None`` refuses the connection.
ProtocolMaker = Callable[[Any], asyncio.BaseProtocol | None]

#: Seconds to wait after accept() failed, mostly for want of descriptors or memory: trying again at once does not help.
_PAUSE = 1.0

#: Connections accepted in one turn of the loop, so that those already there are served, too.
_AT_ONCE = 100

#: Connections accepted at most when the listener closes; more than any backlog.
_LAST_CALL = 65536


class Connection(socket.socket):
    """An accepted socket that tells when it is given up.

    Transports close (asyncio) or detach (uvloop) the socket they were given when the connection is over; watching
    that costs nothing per byte and leaves the protocol alone.
    """

    __slots__ = ("asked", "over", "protocol", "since", "transport")

    asked: bool
    since: float  # the loop's time at which it was accepted
    over: Callable[[Connection], None] | None
    protocol: asyncio.BaseProtocol | None
    transport: Any  # uvloop's transports are no instances of asyncio's classes

    def close(self) -> None:
        """Close, and tell."""
        super().close()
        self._tell()

    def detach(self) -> int:
        """Detach, and tell."""
        descriptor = super().detach()
        self._tell()
        return descriptor

    def _tell(self) -> None:
        over, self.over = self.over, None
        if over is not None:
            over(self)


class NoProtocolError(FactoryError):
    """A factory returned something else than a protocol, or ``None`` to refuse the connection."""


class Acceptor:
    """Accepts the connections of one listening socket.

    Args:
        sock: The socket; it listens and does not block.
        make_protocol: Makes the protocol of a connection.
        tls: Returns the context for a new connection, to wrap it in TLS.
        path: The service that accepts, for the log.

    Attributes:
        connections: Those that are open.
        accepted: How many there have been.
    """

    def __init__(
        self,
        sock: socket.socket,
        make_protocol: ProtocolMaker,
        tls: Callable[[], ssl.SSLContext] | None = None,
        path: str = "",
    ) -> None:
        self.connections: set[Connection] = set()
        self.accepted = 0
        self._sock = sock
        self._make_protocol = make_protocol
        self._tls = tls
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._open = False
        self._attaching: set[asyncio.Task[None]] = set()
        self._asking: set[asyncio.Future[Any]] = set()
        self._empty: asyncio.Future[None] | None = None
        self._pause: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept."""
        self._pause = None
        self._open = True
        self._loop.add_reader(self._sock, self._accept, _AT_ONCE)

    def stop(self) -> None:
        """Accept no more; connections go on."""
        if self._pause is not None:
            self._pause.cancel()
        if self._open:
            self._open = False
            self._loop.remove_reader(self._sock)

    def last_call(self) -> None:
        """Accept no more but what waits in the backlog already, because nobody else will."""
        if self._open:
            self.stop()
            self._accept(_LAST_CALL)

    async def drain(self) -> None:
        """Accept no more and wait until every connection is over; cancelled, abort those that are left."""
        self.stop()
        try:
            while self._attaching:
                await asyncio.wait(self._attaching)
            for connection in tuple(self.connections):
                self._ask_to_finish(connection)
            while self.connections:
                if self._empty is None or self._empty.done():
                    self._empty = self._loop.create_future()
                await asyncio.shield(self._empty)
            if self._asking:
                await asyncio.wait(self._asking)
        except asyncio.CancelledError:
            await self.abort()

    async def abort(self) -> None:
        """Cut off every connection."""
        left = tuple(self.connections)
        if left:
            _log.warning("connections cut off", extra={"svcctl_connections": len(left)})
        for task in (*self._attaching, *self._asking):
            task.cancel()
        for connection in left:
            if connection.transport is not None:
                connection.transport.abort()
            running: asyncio.Task[None] | None = getattr(connection.protocol, "running", None)
            if running is not None:
                running.cancel()
        await asyncio.sleep(0)  # transports call connection_lost in the next turn of the loop

    def _accept(self, most: int) -> None:
        for _ in range(most):
            try:
                accepted, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(error)
                return
            connection = Connection(fileno=accepted.detach())
            connection.setblocking(False)  # noqa: FBT003 (the standard library's signature)
            connection.over, connection.protocol, connection.transport = self._ended, None, None
            connection.asked = False
            connection.since = self._loop.time()
            self.accepted += 1
            self.connections.add(connection)
            task = self._loop.create_task(self._attach(connection, peer))
            self._attaching.add(task)
            task.add_done_callback(self._attaching.discard)

    def _rest(self, error: OSError) -> None:
        _log.error("cannot accept; waiting", extra={"svcctl_error": str(error), "svcctl_seconds": _PAUSE})
        if self._open:
            self._loop.remove_reader(self._sock)
            self._pause = self._loop.call_later(_PAUSE, self.start)

    def _ask_to_finish(self, connection: Connection) -> None:
        """Call the ``drain()`` of a connection's protocol, if it has one, once."""
        hook = getattr(connection.protocol, "drain", None)
        if hook is None or connection.asked:
            return
        connection.asked = True
        try:
            result = hook()
        except Exception:  # noqa: BLE001 (users' code may raise anything; all others are asked, too)
            _log.exception("drain() of a protocol failed")
            return
        if is_awaitable(result):
            task = asyncio.ensure_future(result)
            self._asking.add(task)
            task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Future[Any]) -> None:
        self._asking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("drain() of a protocol failed", exc_info=error)

    async def _attach(self, connection: Connection, peer: Any, make: ProtocolMaker | None = None) -> None:  # noqa: ANN401 (an address of any family)
        try:
            protocol = (make or self._make_protocol)(peer)
            if protocol is None:
                connection.close()
                return
            connection.protocol = protocol
            connection.transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._tls() if self._tls is not None else None
            )
        except (OSError, asyncio.CancelledError) as error:
            connection.close()
            _log.debug("connection lost while it was set up", extra={"svcctl_error": str(error)})
        except NoProtocolError as error:
            connection.close()
            _log.error(
                "factory returned no protocol; connection closed",
                extra={"svcctl_path": self._path, "svcctl_error": str(error), "svcctl_hint": error.hint},
            )
        except Exception:  # noqa: BLE001 (users' code may raise anything; it costs this connection alone)
            connection.close()
            _log.exception("factory failed; connection closed", extra={"svcctl_path": self._path})

    def _ended(self, connection: Connection) -> None:
        running: asyncio.Task[None] | None = getattr(connection.protocol, "running", None)
        if running is not None and not running.done():
            running.add_done_callback(lambda _: self._forget(connection))
        else:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if not self.connections and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)


def protocol_maker(factory: Any) -> ProtocolMaker:  # noqa: ANN401 (three kinds of factory, told apart here)
    """Turn any of the three kinds of factory into a maker of asyncio protocols.

    Args:
        factory: A ``Factory`` of the framework (it has ``buildProtocol``), an ``async`` handler that takes a
            reader and a writer, or a callable without arguments that returns an asyncio protocol.

    Raises:
        FactoryError: It is none of these. What is returned raises :class:`NoProtocolError` if the factory returns
            something else than a protocol or ``None``.
    """
    if hasattr(factory, "buildProtocol"):
        if isinstance(factory, type):
            raise FactoryError(
                f"{factory.__name__} is a class", hint=f"give an instance: {factory.__name__}()"
            )
        return partial(_built, factory)
    call = getattr(type(factory), "__call__", None)  # noqa: B004 (asks for the method itself)
    if inspect.iscoroutinefunction(factory) or inspect.iscoroutinefunction(call):
        from svcctl.application.servers.handler import HandlerProtocol  # noqa: PLC0415 (only for handlers)

        return lambda _peer: HandlerProtocol(factory)
    if not callable(factory):
        raise FactoryError(
            f"{factory!r} is no factory",
            hint="give a Factory, an `async def handler(reader, writer)` or an asyncio protocol's class",
        )
    if hasattr(factory, "dataReceived"):
        name = getattr(factory, "__name__", type(factory).__name__)
        raise FactoryError(f"{name} is a protocol, not a factory", hint=f"give Factory.forProtocol({name})")
    _refuse_arguments(factory)
    return lambda _peer: _checked(factory(), "connection_made", factory, "return an asyncio protocol")


def _built(factory: Any, peer: Any) -> asyncio.BaseProtocol | None:  # noqa: ANN401 (a factory and an address of any kind)
    """Have a factory of the framework build a protocol, and put asyncio's side before it."""
    from svcctl.application.address import named_address  # noqa: PLC0415 (only for factories of the framework)
    from svcctl.application.protocol import Adapter  # noqa: PLC0415 (the same)

    build = factory.buildProtocol
    hint = "return a Protocol, or None to refuse the connection"
    protocol = _checked(build(named_address(peer, "TCP")), "dataReceived", build, hint)
    return None if protocol is None else Adapter(protocol)


def _checked(made: Any, needed: str, maker: Any, hint: str) -> Any:  # noqa: ANN401 (whatever users' code returns)
    """Return what was made if it is ``None`` or a protocol, which has the method needed."""
    if made is None or (hasattr(made, needed) and not isinstance(made, type)):
        return made
    if isinstance(made, type):
        hint = f"call the class: {made.__name__}()"
    elif hasattr(made, "dataReceived"):
        hint = f"give Factory.forProtocol({type(made).__name__})"
    elif hasattr(made, "connection_made"):
        hint = f"give {type(made).__name__} in place of the factory"
    name = getattr(maker, "__qualname__", type(maker).__name__)
    raise NoProtocolError(f"{name} returned {reprlib.repr(made)} instead of a protocol", hint=hint)


def _refuse_arguments(factory: Callable[..., Any]) -> None:
    try:
        signature = inspect.signature(factory)
    except ValueError:  # it is written in C and does not say what it takes
        return
    try:
        signature.bind()
    except TypeError as error:
        raise FactoryError(
            f"{factory!r} cannot be called without arguments: {error}",
            hint="a handler of connections is written `async def handler(reader, writer)`",
        ) from None
