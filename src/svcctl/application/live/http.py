"""As much of HTTP/1.1 as somebody needs who asks for a page and has nothing to send. Source: RFC 9110, RFC 9112.

Requests are read strictly: lines end with CR LF, names are tokens, there is no body. What is wrong is answered with
the status for it and the end of the connection, since nobody knows where the next request would begin.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from email.utils import formatdate
from typing import NamedTuple

#: Bytes of one request, and header fields in it.
LONGEST, MOST_FIELDS = 8192, 100

#: Seconds in which a request has to be complete, and for which a connection may be idle.
PATIENCE, IDLE = 10.0, 120.0

_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e\x80-\xff \t]*)")

_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class Page(NamedTuple):
    """What is answered.

    Attributes:
        status: Status code.
        body: Text.
        content_type: What kind of text.
    """

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"


class Request(NamedTuple):
    """What is asked for.

    Attributes:
        method: ``GET`` or ``HEAD``.
        path: The path, without a query.
        last: The connection ends with the answer.
    """

    method: str
    path: str
    last: bool


class BadRequestError(ValueError):
    """It is no request that is answered.

    Args:
        status: The status code to answer with.
    """

    def __init__(self, status: int) -> None:
        super().__init__(_REASONS[status])
        self.status = status


def parse_request(head: bytes) -> Request:
    r"""Read a request.

    Args:
        head: All of it, up to the empty line and without that.

    Raises:
        BadRequestError: It is none, or none that is answered.

    Example:
        >>> parse_request(b"GET /livez?verbose HTTP/1.1\r\nHost: x")
        Request(method='GET', path='/livez', last=False)
    """
    first, *lines = head.split(b"\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise BadRequestError(400)
    if line[3] != b"1":
        raise BadRequestError(505)
    if len(lines) > MOST_FIELDS:
        raise BadRequestError(431)
    fields = [_FIELD.fullmatch(each) for each in lines]
    known: dict[bytes, list[bytes]] = {}
    for field in fields:
        if field is None:
            raise BadRequestError(400)
        known.setdefault(field[1].lower(), []).append(field[2].strip(b" \t"))
    modern = line[4] != b"0"
    if len(known.get(b"host", ())) > 1 or (modern and b"host" not in known):
        raise BadRequestError(400)
    if b"transfer-encoding" in known or set(known.get(b"content-length", ())) - {b"0"}:
        raise BadRequestError(413)
    if line[1] not in {b"GET", b"HEAD"}:
        raise BadRequestError(405)
    options = b",".join(known.get(b"connection", ())).lower().replace(b" ", b"").split(b",")
    last = b"close" in options or not (modern or b"keep-alive" in options)
    return Request(line[1].decode(), _path(line[2]), last)


def _path(target: bytes) -> str:
    found = re.fullmatch(rb"(?:[Hh][Tt][Tt][Pp]://[^/?#]+)?(/[^?#]*)(?:\?[^#]*)?", target)
    if found is None:
        raise BadRequestError(400)
    return found[1].decode()


class HttpProtocol(asyncio.Protocol):
    """A connection on which pages are asked for.

    Args:
        answer: Returns the page at a path.
    """

    transport: asyncio.Transport

    def __init__(self, answer: Callable[[str], Page]) -> None:
        self._answer = answer
        self._buffer = b""
        self._paused = False
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request."""
        self.transport = transport  # type: ignore[assignment]  # uvloop's are no instances of asyncio's classes
        self._wait(PATIENCE)

    def connection_lost(self, _error: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait(None)

    def pause_writing(self) -> None:
        """Answer nothing more until the client has read what there is."""
        self._paused = True
        self.transport.pause_reading()
        self._wait(PATIENCE)

    def resume_writing(self) -> None:
        """Go on."""
        self._paused = False
        self.transport.resume_reading()
        self._advance()

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        if not self._buffer:
            self._wait(PATIENCE)
        self._buffer += data
        self._advance()

    def _advance(self) -> None:
        while not self._paused and not self.transport.is_closing():
            while self._buffer.startswith(b"\r\n"):  # after a request, as some have it
                self._buffer = self._buffer[2:]
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if len(head) > LONGEST:
                self._refuse(431)
            if not end or self.transport.is_closing():
                return
            self._buffer = rest
            try:
                request = parse_request(head)
            except BadRequestError as error:
                self._refuse(error.status)
                return
            self._send(self._answer(request.path), body=request.method == "GET", last=request.last)
            self._wait(PATIENCE if self._buffer else IDLE)

    def _refuse(self, status: int) -> None:
        self._send(Page(status, f"{_REASONS[status]}\n"), body=True, last=True)

    def _send(self, page: Page, *, body: bool, last: bool) -> None:
        content = page.body.encode("utf-8", "backslashreplace")
        head = [
            f"HTTP/1.1 {page.status} {_REASONS[page.status]}",
            f"Date: {formatdate(usegmt=True)}",
            f"Content-Type: {page.content_type}",
            f"Content-Length: {len(content)}",
            "Cache-Control: no-store",
            *(["Allow: GET, HEAD"] if page.status == 405 else []),  # noqa: PLR2004 (a status code)
            *(["Connection: close"] if last else []),
        ]
        self.transport.write("\r\n".join((*head, "", "")).encode() + (content if body else b""))
        if last:
            self.transport.close()

    def _wait(self, seconds: float | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = None
        if seconds is not None and not self.transport.is_closing():
            self._limit = asyncio.get_running_loop().call_later(seconds, self._out_of_time)

    def _out_of_time(self) -> None:
        if self._paused:
            self.transport.abort()
        elif self._buffer:
            self._refuse(408)
        else:
            self.transport.close()
