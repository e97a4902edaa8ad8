"""A client of Varlink services, for one call at a time. Source: varlink.org, "Method Call"."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from svcctl.errors import EX_TEMPFAIL, EX_UNAVAILABLE, SvcctlError
from svcctl.posix import unix_family
from svcctl.windows.names import PIPES

#: Bytes of one reply.
LONGEST_REPLY = 16 * 1024 * 1024

#: Seconds in which an answer has to come that takes no work.
TIME_LIMIT = 10.0


class Connection(Protocol):
    """What a client needs of a socket, or of what stands for one."""

    def settimeout(self, limit: float | None, /) -> None:
        """Wait so many seconds at most from now on."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv(self, most: int, /) -> bytes:
        """Return what has come; nothing at the end."""


class VarlinkError(SvcctlError):
    """A service answered with an error.

    Args:
        name: The error's name, with the interface's.
        parameters: What it carries.
    """

    code = "varlink"

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        facts = ", ".join(f"{key}: {value}" for key, value in parameters.items())
        super().__init__(f"{name} ({facts})" if facts else name)
        self.name = name
        self.parameters = parameters


class NoAnswerError(SvcctlError):
    """A service is not there, does not answer in time, or answers nonsense."""

    code = "no-answer"
    exit_status = EX_UNAVAILABLE


class SlowAnswerError(NoAnswerError):
    """A service is there and does not answer in time."""

    exit_status = EX_TEMPFAIL


def call(
    path: str,
    method: str,
    parameters: dict[str, Any] | None = None,
    *,
    time_limit: float | None = TIME_LIMIT,
    process: int = 0,
) -> dict[str, Any]:
    """Call a method and return what it answers.

    Args:
        path: Path of the service's socket, or name of its pipe.
        method: The method, with the interface's name.
        parameters: What it is given.
        time_limit: Seconds for the whole call; ``None``: as long as it takes.
        process: With a pipe, the process that has to have made it, or to have started the one that has; 0 for any.

    Raises:
        VarlinkError: The service refused.
        NoAnswerError: There was no answer.
        PermissionError: The socket may not be connected to.
    """
    with _connected(path, time_limit, process) as replies:
        replies.send(method, parameters, more=False)
        return replies.next()[0]


def stream(
    path: str,
    method: str,
    parameters: dict[str, Any] | None = None,
    *,
    silence: float | None = None,
    process: int = 0,
) -> Iterator[dict[str, Any]]:
    """Call a method that answers more than once, and yield what it answers until the service ends it.

    Args:
        path: Path of the service's socket, or name of its pipe.
        method: The method, with the interface's name.
        parameters: What it is given.
        silence: Seconds without an answer after which to give up; ``None`` to wait for ever.
        process: As for :func:`call`.

    Raises:
        VarlinkError: The service refused.
        NoAnswerError: There was no answer at all.
        PermissionError: The socket may not be connected to.
    """
    with _connected(path, silence, process) as replies:
        replies.send(method, parameters, more=True)
        answer, goes_on = replies.next()
        yield answer
        while goes_on:
            replies.begin(silence)
            try:
                answer, goes_on = replies.next()
            except SlowAnswerError:
                raise
            except NoAnswerError:  # the service has ended, and the stream with it
                return
            yield answer


class _Replies:
    """What comes from one service.

    Args:
        sock: The connection.
        time_limit: Seconds until all of it has come.
    """

    def __init__(self, sock: Connection, time_limit: float | None) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._end: float | None = None
        self.begin(time_limit)

    def begin(self, time_limit: float | None) -> None:
        self._end = None if time_limit is None else time.monotonic() + time_limit

    def send(self, method: str, parameters: dict[str, Any] | None, *, more: bool) -> None:
        message: dict[str, Any] = {"method": method, "parameters": parameters or {}}
        if more:
            message["more"] = True
        self._limit()
        self._socket.sendall(json.dumps(message).encode() + b"\0")

    def next(self) -> tuple[dict[str, Any], bool]:
        """Return what the next reply carries, and whether others follow."""
        position = 0
        while (end := self._buffer.find(b"\0", position)) < 0:
            position = len(self._buffer)
            if position > LONGEST_REPLY:
                raise NoAnswerError("the answer is too long")
            self._limit()
            data = self._socket.recv(1 << 18)
            if not data:
                raise NoAnswerError("the service closed the connection")
            self._buffer += data
        message = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return _reply(message)

    def _limit(self) -> None:
        left = None if self._end is None else self._end - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


@contextmanager
def _connected(path: str, time_limit: float | None, process: int) -> Iterator[_Replies]:
    try:
        with _connection(path, time_limit, process) as connection:
            yield _Replies(connection, time_limit)
    except PermissionError:
        raise
    except TimeoutError:
        raise SlowAnswerError(
            f"no answer from {path} in time", hint="the event loop of the service may be blocked"
        ) from None
    except OSError as error:
        raise NoAnswerError(f"no answer from {path}: {error.strerror or error}") from error


@contextmanager
def _connection(path: str, time_limit: float | None, process: int) -> Iterator[Connection]:
    if path.startswith(PIPES):
        from svcctl.host.windows.pipes import PipeConnection  # noqa: PLC0415 (only there)

        with PipeConnection(path, process, time_limit) as pipe:
            yield pipe
        return
    with socket.socket(unix_family(), socket.SOCK_STREAM) as sock:
        sock.settimeout(time_limit)
        sock.connect(path)
        yield sock


def _reply(message: bytes) -> tuple[dict[str, Any], bool]:
    try:
        reply = json.loads(message.decode("utf-8"))
        parameters = reply.get("parameters") or {}
        error = reply.get("error")
    except (ValueError, AttributeError, RecursionError):
        reply = parameters = error = None
    if not isinstance(parameters, dict) or not isinstance(error, str | None):
        raise NoAnswerError("the service answers what is no reply")
    if error is not None:
        raise VarlinkError(error, parameters)
    assert reply is not None  # noqa: S101 (for the type checker: refused above)
    return parameters, bool(reply.get("continues"))
