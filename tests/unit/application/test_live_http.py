"""The requests that monitoring answers, and those that it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.application.live.http import LONGEST, BadRequestError, Request, parse_request


@pytest.mark.parametrize(
    ("head", "request_"),
    [
        (b"GET / HTTP/1.1\r\nHost: x", Request("GET", "/", last=False)),
        (b"HEAD /a?b=c HTTP/1.1\r\nhost:x", Request("HEAD", "/a", last=False)),
        (b"GET http://x:9/a HTTP/1.1\r\nHost: x", Request("GET", "/a", last=False)),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: TE, Close", Request("GET", "/a", last=True)),
        (b"GET /a HTTP/1.0", Request("GET", "/a", last=True)),
        (b"GET /a HTTP/1.0\r\nConnection: keep-alive", Request("GET", "/a", last=False)),
        (b"GET /a HTTP/1.1\r\nHost:\r\nContent-Length: 0\r\nX: \xe9 \t", Request("GET", "/a", last=False)),
        (b"GET /a HTTP/1.2\r\nHost: x", Request("GET", "/a", last=False)),
    ],
)
def test_a_request_is_read(head: bytes, request_: Request) -> None:
    """Method, path without query, and whether the connection ends."""
    assert parse_request(head) == request_


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", 400),
        (b"GET", 400),
        (b"GET /", 400),
        (b"GET  / HTTP/1.1\r\nHost: x", 400),
        (b"GET / HTTP/1.1 \r\nHost: x", 400),
        (b"GET / http/1.1\r\nHost: x", 400),
        (b"GET / HTTP/1.1", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y", 400),
        (b"GET / HTTP/1.1\r\nHost : x", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded", 400),
        (b"GET / HTTP/1.1\r\nHost: x\nY: z", 400),
        (b"GET / HTTP/1.1\r\nHost: x\x00", 400),
        (b"GET / HTTP/1.1\r\n\r\nHost: x", 400),
        (b"GET * HTTP/1.1\r\nHost: x", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x", 400),
        (b"GET ftp://x/ HTTP/1.1\r\nHost: x", 400),
        (b"POST / HTTP/1.1\r\nHost: x", 405),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5", 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5", 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked", 413),
        (b"GET / HTTP/2.0\r\nHost: x", 505),
        (b"GET / HTTP/0.9\r\nHost: x", 505),
        (b"GET / HTTP/1.1\r\nHost: x" + b"\r\nA: b" * 100, 431),
    ],
)
def test_what_is_no_request_has_a_status(head: bytes, status: int) -> None:
    """As RFC 9110 names it."""
    with pytest.raises(BadRequestError) as caught:
        parse_request(head)
    assert caught.value.status == status


@given(
    st.binary(max_size=200) | st.binary(max_size=50).map(lambda rest: b"GET / HTTP/1.1\r\nHost: x\r\n" + rest)
)
def test_whatever_comes_is_read_or_refused(head: bytes) -> None:
    """Never anything else."""
    try:
        answered = parse_request(head).path.startswith("/")
    except BadRequestError as error:
        answered = 400 <= error.status < 600
    assert answered
    assert LONGEST == 8192
