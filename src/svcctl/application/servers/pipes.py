"""Two descriptors as one connection: a process reads from one of them and writes to the other."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Iterable
from typing import Any

from svcctl.application.servers.listening import Connection


class Pipes(asyncio.Transport):
    """A connection over a pipe to read from and one to write to; terminals and sockets will do, too.

    It uses copies of the descriptors. They stay open when it is closed, and block or not as they did before.

    Args:
        protocol: Serves the connection.
        descriptors: Where it reads and where it writes.

    Attributes:
        over: Done when the connection is over and the protocol has been told.
    """

    def __init__(self, protocol: Any, descriptors: tuple[int, int]) -> None:  # noqa: ANN401 (any protocol of asyncio's)
        super().__init__()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._protocol = protocol
        self._descriptors = {each: os.get_blocking(each) for each in descriptors}
        self._source, self._sink = descriptors
        self._input: Any = None
        self._output: Any = None
        self._open = 0
        self._closing = False
        self._error: Exception | None = None

    async def open(self) -> None:
        """Begin to read; the protocol has been told of the connection when this is done.

        Raises:
            OSError: A descriptor is closed, or a plain file or the like, for which nobody can wait.
        """
        loop = asyncio.get_running_loop()
        for descriptor in self._descriptors:
            _check(descriptor)
        sink = os.fdopen(os.dup(self._sink), "wb", 0)
        await loop.connect_write_pipe(lambda: _Output(self), sink)
        source = os.fdopen(os.dup(self._source), "rb", 0)
        await loop.connect_read_pipe(lambda: _Input(self), source)

    def made(self, transport: Any, *, output: bool) -> None:  # noqa: ANN401 (a transport of any loop)
        """Take note that one end is open; the input is the last, and then the protocol is told."""
        self._open += 1
        if output:
            self._output = transport
        else:
            self._input = transport
            self._protocol.connection_made(self)

    def received(self, data: bytes) -> None:
        """Pass on what was read."""
        self._protocol.data_received(data)

    def ended(self) -> None:
        """Take note that there is nothing more to read; what is written still goes out."""
        if not self._protocol.eof_received():
            self.close()

    def lost(self, error: Exception | None, *, output: bool) -> None:
        """Take note that one end is closed; with both closed, tell the protocol."""
        self._open -= 1
        self._error = self._error or error
        if output:
            self._output = None
        else:
            self._input = None
        if output or error is not None:
            self.abort()
        if self._open == 0 and not self.over.done():
            self._restore()
            try:
                self._protocol.connection_lost(self._error)
            finally:
                self.over.set_result(None)

    def _restore(self) -> None:
        for descriptor, blocking in self._descriptors.items():
            try:
                os.set_blocking(descriptor, blocking)
            except OSError:  # it has been closed meanwhile
                continue

    def flow(self, *, pause: bool) -> None:
        """Tell the protocol whether the other side takes what is written."""
        (self._protocol.pause_writing if pause else self._protocol.resume_writing)()

    def get_protocol(self) -> Any:  # noqa: ANN401 (any protocol of asyncio's)
        """Return what serves the connection."""
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:  # noqa: ANN401 (the same)
        """Have something else serve the connection from now on."""
        self._protocol = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write; returns at once. What is written after the end is lost."""
        if self._output is not None:
            self._output.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write several pieces."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Return that the output can be closed alone."""
        return True

    def write_eof(self) -> None:
        """Close once everything is written, as :meth:`close`: of a pipe, the end is its closing."""
        if self._output is not None:
            self._output.write_eof()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait to be written."""
        size: int = self._output.get_write_buffer_size() if self._output is not None else 0
        return size

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the protocol is told to pause."""
        if self._output is not None:
            self._output.set_write_buffer_limits(high, low)

    def pause_reading(self) -> None:
        """Read no more for a while."""
        if self._input is not None:
            self._input.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._input is not None:
            self._input.resume_reading()

    def is_closing(self) -> bool:
        """Return whether it is closed, or about to be."""
        return self._closing

    def close(self) -> None:
        """Close once everything is written."""
        self._closing = True
        for end in (self._input, self._output):
            if end is not None:
                end.close()

    def abort(self) -> None:
        """Close at once; what is not written yet is lost."""
        self._closing = True
        if self._input is not None:
            self._input.close()
        if self._output is not None:
            self._output.abort()


class _Input(asyncio.Protocol):
    """The end that is read."""

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes
        self.data_received = pipes.received  # type: ignore[method-assign]  # nothing stands in between

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
        self._pipes.made(transport, output=False)

    def eof_received(self) -> None:
        self._pipes.ended()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipes.lost(exc, output=False)


class _Output(asyncio.Protocol):
    """The end that is written."""

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (the same)
        self._pipes.made(transport, output=True)

    def pause_writing(self) -> None:
        self._pipes.flow(pause=True)

    def resume_writing(self) -> None:
        self._pipes.flow(pause=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipes.lost(exc, output=True)


class OneSocket:
    """A connection over a socket that is both ends at once, as inetd hands it over; otherwise as :class:`Pipes`."""

    def __init__(self, protocol: Any, descriptor: int) -> None:  # noqa: ANN401 (any protocol of asyncio's)
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._protocol = protocol
        self._descriptor = descriptor
        self._blocking = os.get_blocking(descriptor)
        self._transport: Any = None

    async def open(self) -> None:
        """Begin to read; the protocol has been told of the connection when this is done."""
        connection = Connection(fileno=os.dup(self._descriptor))
        connection.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        connection.over = self._ended
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_accepted_socket(lambda: self._protocol, connection)

    def _ended(self, _connection: Connection) -> None:
        os.set_blocking(self._descriptor, self._blocking)
        self.over.set_result(None)

    def close(self) -> None:
        """Close once everything is written."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what is not written yet is lost."""
        self._transport.abort()


def is_one_socket(descriptors: tuple[int, int]) -> bool:
    """Return whether two descriptors are the same socket."""
    first, second = (os.fstat(each) for each in descriptors)
    return os.path.samestat(first, second) and (first.st_mode & _TYPE) == _SOCKET


_TYPE, _SOCKET = 0o170000, 0o140000  # inode(7), S_IFMT and S_IFSOCK


def _check(descriptor: int) -> None:
    """Refuse what the kernel does not let anybody wait for: plain files, and ``/dev/null``. Source: epoll_ctl(2)."""
    with select.epoll() as epoll:
        epoll.register(descriptor, select.EPOLLIN)
