r"""One client: messages of JSON that end with NUL come in, replies go out, one call after the other.

Source: varlink.org, "Method Call". A client cannot make the process hold more than a message of its own and a
bounded part of the answer, nor a descriptor for longer than the limits below.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from svcctl.runtime.control.server import Server

_log = logging.getLogger(__name__)

#: Bytes of one message of a client.
LONGEST_CALL = 64 * 1024

#: Bytes of one reply; clients of systemd take no more.
LONGEST_REPLY = 16 * 1024 * 1024 - 1

#: Seconds in which a message that has begun has to be complete, and in which a client has to take a reply.
PATIENCE = 10.0

#: Bytes that may wait for a client to read them before it is given nothing more.
_UNREAD = 256 * 1024


class Call:
    """What a client asks for.

    Attributes:
        method: Name of the method, with the interface's.
        parameters: What it is given.
        more: Several replies are welcome.
        oneway: None is.
        upgrade: The connection is to be used for another protocol afterwards.
    """

    __slots__ = ("method", "more", "oneway", "parameters", "upgrade")

    def __init__(self, message: Any) -> None:  # noqa: ANN401 (whatever JSON can hold)
        """Take a message apart.

        Raises:
            ValueError: It is no call.
        """
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            raise ValueError("it is no call of a method")  # noqa: TRY004 (whoever sent it sees one kind)
        self.method: str = message["method"]
        parameters = message.get("parameters")
        if parameters is None:
            parameters = {}
        if not isinstance(parameters, dict):
            raise ValueError("its parameters are no object")  # noqa: TRY004 (the same)
        self.parameters: dict[str, Any] = parameters
        self.more, self.oneway, self.upgrade = (
            _flag(message, name) for name in ("more", "oneway", "upgrade")
        )


class Connection(asyncio.Protocol):
    """A client's connection.

    Args:
        server: Who answers.

    Attributes:
        used: The loop's time at which something last came or went.
        busy: A call is being answered.
        slow: More waits to be read than the client should leave.
    """

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self.busy = False
        self.slow = False
        self.used = 0.0
        self._server = server
        self._buffer = bytearray()
        self._half_closed = False
        self._limit: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")  # noqa: S101 (for the type checker)
        self.transport = transport  # type: ignore[assignment]  # uvloop's are no instances of asyncio's classes
        self.transport.set_write_buffer_limits(high=_UNREAD)
        self.used = self._loop.time()

    def data_received(self, data: bytes) -> None:
        """Take what has come; while a call is being answered, the next one waits."""
        self.used = self._loop.time()
        self._buffer += data
        if self.busy or self.slow:
            if len(self._buffer) > LONGEST_CALL:
                self.transport.pause_reading()
            return
        self._advance()

    def eof_received(self) -> bool:
        """Answer what is complete, and stream nothing more."""
        self._half_closed = True
        self._server.unwatch(self)
        return self.busy or self.slow or b"\0" in self._buffer

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client."""
        self._keep_limit(None)
        self._server.forget(self)
        if error is not None:
            _log.debug("control client lost", extra={"svcctl_error": str(error)})

    def pause_writing(self) -> None:
        """Answer nothing more until the client has read what there is, and not for ever."""
        self.slow = True
        self._keep_limit("it does not read")

    def resume_writing(self) -> None:
        """Go on."""
        self.slow = False
        self._keep_limit(None)
        self._loop.call_soon(self._advance)

    def reply(self, parameters: dict[str, Any] | bytes, *, continues: bool = False, error: str = "") -> None:
        """Send a reply.

        Args:
            parameters: What it carries; if that is encoded already, it is sent as it is.
            continues: More replies to the same call follow.
            error: Name of the error that it is.
        """
        if self.transport.is_closing():
            return
        body = parameters if isinstance(parameters, bytes) else encode(parameters)
        head = b'{"error":' + encode(error) + b"," if error else b"{"
        self.transport.write(
            head + b'"parameters":' + body + (b',"continues":true}\0' if continues else b"}\0")
        )
        self.used = self._loop.time()

    def ended(self) -> None:
        """Take note that a call has been answered; go on with the next one."""
        self.busy = False
        if self._buffer or self._half_closed:
            self._loop.call_soon(self._advance)  # not now: others of the loop have their turn, too

    def give_up(self, reason: str) -> None:
        """Close the connection of a client that does not keep to the rules."""
        self._server.complain(reason)
        self.transport.abort()

    def _advance(self) -> None:
        """Begin with the next call, if there is a complete one and the client can take its answer."""
        if self.busy or self.slow or self.transport.is_closing():
            return
        end = self._buffer.find(b"\0")
        if end > LONGEST_CALL or (end < 0 and len(self._buffer) > LONGEST_CALL):
            self.give_up("its message is too long")
        elif end >= 0:
            message = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._keep_limit(None)
            self.transport.resume_reading()
            self._begin(message)
        elif self._half_closed:
            self.transport.close()
        elif self._buffer and self._limit is None:
            self._keep_limit("its message does not end")

    def _begin(self, message: bytes) -> None:
        try:
            call = Call(decode(message))
        except (ValueError, RecursionError) as error:
            self.give_up(f"its message is none: {error}"[:200])
            return
        self.busy = True
        self._server.answer(self, call)

    def _keep_limit(self, reason: str | None) -> None:
        """Give the client up after a while unless this is called again before; ``None``: do not."""
        if self._limit is not None:
            self._limit.cancel()
        self._limit = None if reason is None else self._loop.call_later(PATIENCE, self.give_up, reason)


def encode(value: object) -> bytes:
    """Return a value as JSON; what is no Unicode in a text is written as JSON writes such characters."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def decode(message: bytes) -> Any:  # noqa: ANN401 (whatever JSON can hold)
    """Return the value of a message.

    Raises:
        ValueError: It is no JSON in UTF-8.
        RecursionError: It is nested too deeply.
    """
    return json.loads(message.decode("utf-8"), parse_constant=_refuse)


def _flag(message: dict[str, Any], name: str) -> bool:
    value = message.get(name)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name} is neither true nor false")
    return bool(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
