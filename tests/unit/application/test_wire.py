"""The small protocols."""

from __future__ import annotations

import time
from typing import Any

from svcctl.application import lifecycle
from svcctl.application.internet import TCPServer
from svcctl.application.protocol import Factory
from svcctl.application.wire import QOTD, Chargen, Daytime, Discard, Echo
from tests.unit.application.clients import close, connect, talk
from tests.unit.application.conftest import Run


async def serve(factory: Any) -> TCPServer:  # noqa: ANN401 (a factory)
    """Start a server."""
    service = TCPServer(0, factory, interface="127.0.0.1")
    await lifecycle.start(service)
    return service


def ask(run: Run, factory: Any, data: bytes = b"") -> bytes:  # noqa: ANN401 (a factory)
    """Start a server, send it something, and return its answer."""

    async def main() -> bytes:
        service = await serve(factory)
        answer = await talk(service.address, data)
        await lifecycle.stop(service)
        return answer

    answer: bytes = run(main())
    return answer


def test_echo_returns_what_it_gets(run: Run) -> None:
    """RFC 862; every byte, however many."""
    data = bytes(range(256)) * 10_000
    assert ask(run, Factory.forProtocol(Echo), data) == data


def test_discard_returns_nothing(run: Run) -> None:
    """RFC 863."""
    assert ask(run, Factory.forProtocol(Discard), b"x" * 100_000) == b""


def test_daytime_tells_the_time_in_utc_and_closes(run: Run) -> None:
    """RFC 867."""
    before = int(time.time())
    answer = ask(run, Factory.forProtocol(Daytime)).decode()
    assert answer.endswith("\r\n")
    told = time.strptime(answer.strip() + " +0000", "%a %b %d %H:%M:%S %Y %z")
    assert before <= calendar_seconds(told) <= time.time()


def calendar_seconds(told: time.struct_time) -> int:
    """Return the seconds since the epoch of a time in UTC."""
    import calendar  # noqa: PLC0415 (for this one function)

    return calendar.timegm(told)


def test_qotd_tells_its_quote_and_closes(run: Run) -> None:
    """RFC 865: by default, by the factory's attribute, by a method."""

    class Wise(QOTD):
        def getQuote(self) -> bytes:
            return b"Less is more.\r\n"

    factory = Factory.forProtocol(QOTD)
    default = ask(run, factory)
    assert default.endswith(b"\r\n")
    assert 2 < len(default) <= 512
    factory.quote = b"Know thyself.\r\n"  # type: ignore[attr-defined]  # the application's own
    assert ask(run, factory) == b"Know thyself.\r\n"
    assert ask(run, Factory.forProtocol(Wise)) == b"Less is more.\r\n"


def test_chargen_sends_the_pattern_for_as_long_as_somebody_reads(run: Run) -> None:
    """RFC 864: lines of 72 characters, each shifted by one; a stop ends it between two rounds."""

    async def main() -> bytes:
        service = await serve(Factory.forProtocol(Chargen))
        reader, writer = await connect(service.address)
        first = await reader.readexactly(74 * 95 * 30)
        stop = lifecycle.stop(service)
        import asyncio  # noqa: PLC0415 (for this one test)

        task = asyncio.ensure_future(stop)
        rest = await reader.read()
        await close(writer)
        await task
        return first + rest

    data = run(main())
    assert len(data) % (74 * 95) == 0
    lines = data.split(b"\r\n")[:-1]
    assert lines[0] == bytes(range(32, 104))
    assert lines[1] == bytes(range(33, 105))
    assert lines[94] == bytes([126, *range(32, 103)])
    assert lines[95] == lines[0]
    assert {len(line) for line in lines} == {72}
