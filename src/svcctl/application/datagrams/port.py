"""An open datagram socket on the loop: it reads, writes, and knows what is in flight.

The loops' own datagram transports are not used: they cannot pause reading, so a drain could not refuse new work;
they cannot be connected later; they close the socket they are given, which an inherited one has to outlive; and on
an unconnected UNIX socket asyncio's spins while the receiver's queue is full.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from svcctl.application.datagrams.outbox import Outbox
from svcctl.application.tree.record import is_awaitable

_log = logging.getLogger(__name__)

#: Datagrams read in one turn of the loop, so that everything else is served, too.
_AT_ONCE = 64

#: Datagrams read at most when no more are taken; a socket's buffer holds fewer.
_LAST_CALL = 65536

#: Datagrams that asynchronous handlers work on at one time; more wait in the socket's buffer, which is bounded.
_MOST_IN_FLIGHT = 1024

#: Seconds to wait after reading failed for a reason of this machine: trying again at once does not help.
_PAUSE = 1.0

#: What reading reports about datagrams sent before: a peer or a network refused them. Source: udp(7), ip(7).
_REFUSALS = frozenset(
    {
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTUNREACH,
        errno.EHOSTDOWN,
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.EPROTO,
        errno.EMSGSIZE,
        errno.EACCES,
        errno.EPERM,
    }
)


class Port(asyncio.DatagramTransport):
    """A datagram socket that an asyncio protocol is attached to.

    Args:
        sock: The socket; it is bound or connected and does not block.
        limit: Longer datagrams are dropped and logged; bytes.
        give_back: Called once when the port is closed; closes the socket.
        server: Path of the UNIX socket that it is connected to, and again when the server there is another one.

    Attributes:
        sock: The socket.
        before_close: What it calls before it gives the socket back.
        closed: Done when the port is closed and the protocol has been told.
        failure: What the protocol raised when it was told, if anything.
    """

    def __init__(
        self, sock: socket.socket, limit: int, give_back: Callable[[], None], server: str | None = None
    ) -> None:
        super().__init__()
        self.sock = sock
        self.before_close: list[Callable[[], None]] = []
        self.failure: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._limit = limit
        self._give_back = give_back
        self._buffer = memoryview(bytearray(limit + 1))
        self._name = sock.getsockname()
        self._protocol: Any = None
        self._begun = self._open = self._armed = self._closing = False
        self._pause: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Future[Any]] = set()
        self._outbox = Outbox(sock, server, self._refused, self._emptied)
        self._sent: asyncio.Future[None] | None = None

    async def begin(self, protocol: Any) -> None:  # noqa: ANN401 (an asyncio protocol whose hooks may be asynchronous)
        """Attach the protocol and read; what its ``connection_made`` raises is raised here."""
        self._protocol = protocol
        result = protocol.connection_made(self)
        if is_awaitable(result):
            await result
        self._begun = True
        self._open = not self._closing
        self._arm()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 (as in the base class)
        """Return ``socket``, ``sockname`` or ``peername``."""
        if name == "peername":
            return self.peer if self.peer is not None else default
        return {"socket": self.sock, "sockname": self._name}.get(name, default)

    @property
    def peer(self) -> Any:  # noqa: ANN401 (an address of any family)
        """The address it is connected to; ``None`` if it is not."""
        try:
            return self.sock.getpeername()
        except OSError:
            return None

    def connect(self, address: Any) -> None:  # noqa: ANN401 (an address of any family)
        """Talk to one address only."""
        self.sock.connect(address)
        self._name = self.sock.getsockname()

    def is_closing(self) -> bool:
        """Return whether it is closed or about to be."""
        return self._closing

    def sendto(self, data: Any, addr: Any = None) -> None:  # noqa: ANN401 (as in the base class)
        """Send a datagram; the protocol is told of an error."""
        try:
            self.send(data, addr)
        except OSError as error:
            self._refused(error)

    def send(self, data: bytes, addr: Any = None) -> None:  # noqa: ANN401 (an address of any family)
        """Send a datagram, now or when the socket has room for it.

        Raises:
            OSError: The system does not take it. That nobody listens at the peer is told to the protocol instead.
        """
        if self._closing:
            _log.debug("datagram not sent: the port is closed", extra={"svcctl_peer": str(addr)})
            return
        try:
            self._outbox.send(data, addr)
        except ConnectionRefusedError as error:
            self._refused(error)

    def _emptied(self) -> None:
        if self._sent is not None and not self._sent.done():
            self._sent.set_result(None)
        if self._closing:
            self._finish()

    def _arm(self) -> None:
        self._pause = None
        if self._open and not self._armed and len(self._tasks) < _MOST_IN_FLIGHT:
            self._armed = True
            self._loop.add_reader(self.sock, self._read, _AT_ONCE)

    def _disarm(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._armed:
            self._armed = False
            self._loop.remove_reader(self.sock)

    def _arm_again(self) -> None:
        """Watch the socket again: uvloop no longer does so once it has seen an error there."""
        if self._armed:
            self._loop.remove_reader(self.sock)
            self._loop.add_reader(self.sock, self._read, _AT_ONCE)
        self._outbox.watch_again()

    def _read(self, most: int) -> None:
        for count in range(most):
            try:
                size, peer = self.sock.recvfrom_into(self._buffer, 0, socket.MSG_TRUNC)
            except BlockingIOError:
                if count == 0:
                    self._arm_again()
                return
            except OSError as error:
                if error.errno not in _REFUSALS:
                    self._rest(error)
                    return
                self._refused(error)
                self._arm_again()
            else:
                self._deliver(size, peer)
            if not self._armed:
                return

    def _rest(self, error: OSError) -> None:
        _log.error("cannot read; waiting", extra={"svcctl_error": str(error), "svcctl_seconds": _PAUSE})
        self._disarm()
        self._pause = self._loop.call_later(_PAUSE, self._arm)

    def _deliver(self, size: int, peer: Any) -> None:  # noqa: ANN401 (an address of any family)
        if size > self._limit:
            _log.warning(
                "datagram dropped: too long",
                extra={"svcctl_bytes": size, "svcctl_limit": self._limit, "svcctl_peer": str(peer)},
            )
            return
        try:
            result = self._protocol.datagram_received(self._buffer[:size].tobytes(), peer)
        except Exception:  # noqa: BLE001 (users' code may raise anything; it costs this datagram alone)
            _log.exception("handling a datagram failed", extra={"svcctl_peer": str(peer)})
            return
        if is_awaitable(result):
            task = asyncio.ensure_future(result)
            self._tasks.add(task)
            task.add_done_callback(self._handled)
            if len(self._tasks) >= _MOST_IN_FLIGHT:
                self._disarm()

    def _handled(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("handling a datagram failed", exc_info=error)
        if self._pause is None:
            self._arm()

    def _refused(self, error: OSError) -> None:
        try:
            self._protocol.error_received(error)
        except Exception:  # noqa: BLE001 (as for datagrams)
            _log.exception("handling an undelivered datagram failed")

    async def drain(self, *, last_call: bool, read_on: bool) -> None:
        """Take no new work and wait until the old is done; cancelled, cut off what is left.

        Args:
            last_call: Take what has arrived already first, because nobody else will.
            read_on: Go on reading: what arrives are answers, not new work.
        """
        if last_call and self._armed:
            self._read(_LAST_CALL)
        if not read_on:
            self._open = False
            self._disarm()
        try:
            await self._ask_to_finish()
            while self._tasks:
                await asyncio.wait(self._tasks)
            if self._outbox:
                self._sent = self._loop.create_future()
                await self._sent
        except asyncio.CancelledError:
            _log.warning(
                "datagrams cut off",
                extra={"svcctl_handled": len(self._tasks), "svcctl_unsent": len(self._outbox)},
            )
            await self._cancel_tasks()
            self.abort()

    async def _ask_to_finish(self) -> None:
        hook = getattr(self._protocol, "drain", None)
        if hook is None:
            return
        try:
            result = hook()
            if is_awaitable(result):
                await result
        except Exception:  # noqa: BLE001 (users' code may raise anything; the datagrams are waited for all the same)
            _log.exception("drain() of a protocol failed")

    async def _cancel_tasks(self) -> None:
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def stop(self) -> None:
        """Close, and wait until the protocol knows.

        Raises:
            Exception: What the protocol raised when it was told.
        """
        try:
            self.close()
            await self._cancel_tasks()
            await asyncio.shield(self.closed)
        except asyncio.CancelledError:
            self.abort()
            raise
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """Close once everything written has been sent."""
        if not self._closing:
            self._closing = True
            self._open = False
            self._disarm()
            if not self._outbox:
                self._finish()

    def abort(self) -> None:
        """Close at once; what has not been sent is lost."""
        waited = self._closing and bool(self._outbox)
        self._outbox.clear()
        self.close()
        if waited:
            self._finish()

    def _finish(self) -> None:
        for each in self.before_close:
            each()
        self._give_back()
        self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        result: Awaitable[Any] | None = None
        try:
            if self._begun:  # what did not start is not stopped
                result = self._protocol.connection_lost(None)
        except Exception as error:  # noqa: BLE001 (whatever it raises is the failure of the stop)
            self.failure = error
        if is_awaitable(result):
            asyncio.ensure_future(result).add_done_callback(self._told)
        else:
            self.closed.set_result(None)

    def _told(self, task: asyncio.Future[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        self.failure = error if isinstance(error, Exception) else None
        self.closed.set_result(None)
