"""The datagrams that a socket has not had room for yet."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)

#: Bytes that wait at most; further datagrams are dropped, as the network would.
_MOST_WAITING = 1 << 20


class Outbox:
    """Sends datagrams, now or when there is room for them.

    Args:
        sock: The socket; it does not block.
        server: Path of the UNIX socket that it is connected to, and again when the server there is another one.
        refused: Called with the error when a datagram that has waited cannot be sent.
        emptied: Called when the last one that has waited is gone.
    """

    def __init__(
        self,
        sock: socket.socket,
        server: str | None,
        refused: Callable[[OSError], None],
        emptied: Callable[[], None],
    ) -> None:
        self._sock = sock
        self._server = server
        self._refused = refused
        self._emptied = emptied
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[bytes, Any]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        """Return how many datagrams wait."""
        return len(self._waiting)

    def send(self, data: bytes, addr: Any) -> None:  # noqa: ANN401 (an address of any family)
        """Send a datagram, or let it wait.

        Raises:
            OSError: The system does not take it.
        """
        if self._waiting:
            self._wait(data, addr)
            return
        try:
            self._send(data, addr)
        except BlockingIOError:
            self._wait(data, addr)

    def _send(self, data: bytes, addr: Any) -> None:  # noqa: ANN401 (an address of any family)
        if addr is not None:
            self._sock.sendto(data, addr)
            return
        try:
            self._sock.send(data)
        except OSError as error:
            if self._server is None or error.errno not in {errno.ECONNREFUSED, errno.ENOTCONN}:
                raise
            self._connect_again(self._server)
            self._sock.send(data)

    def _connect_again(self, server: str) -> None:
        try:
            self._sock.connect(server)
        except OSError as error:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{server}: {error.strerror}") from error

    def _wait(self, data: bytes, addr: Any) -> None:  # noqa: ANN401 (an address of any family)
        if not self._can_wait() or self._bytes + len(data) > _MOST_WAITING:
            _log.warning("datagram dropped: the receiver is too slow", extra={"svcctl_peer": str(addr)})
            return
        if not self._waiting:
            self._loop.add_writer(self._sock, self._send_waiting)
        self._waiting.append((bytes(data), addr))
        self._bytes += len(data)

    def _can_wait(self) -> bool:
        """Return whether the loop can tell when there is room: for UNIX sockets only where this one is connected to."""
        if self._sock.family != getattr(socket, "AF_UNIX", None):  # Windows has none
            return True
        try:
            self._sock.getpeername()
        except OSError:
            return False
        return True

    def _send_waiting(self) -> None:
        while self._waiting:
            data, addr = self._waiting[0]
            try:
                self._send(data, addr)
            except BlockingIOError:
                self.watch_again()
                return
            except OSError as error:
                self._refused(error)
            if not self._waiting:  # whoever was told of the error has closed everything
                return
            self._waiting.popleft()
            self._bytes -= len(data)
        self._loop.remove_writer(self._sock)
        self._emptied()

    def watch_again(self) -> None:
        """Watch the socket again: uvloop no longer does so once it has seen an error there."""
        if self._waiting:
            self._loop.remove_writer(self._sock)
            self._loop.add_writer(self._sock, self._send_waiting)

    def clear(self) -> None:
        """Drop what waits."""
        if self._waiting:
            self._waiting.clear()
            self._bytes = 0
            self._loop.remove_writer(self._sock)
