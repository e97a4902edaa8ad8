"""ASGI applications as services: real sockets on the loopback interface, a small HTTP client by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import Application
from svcctl.errors import StartError
from svcctl.interop.asgi import ASGIService

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"

Messages = Callable[[dict[str, Any]], Awaitable[None]]


class Hello:
    """An application that answers when it is allowed to, and notes its own start-up and shutdown."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.lifespan: list[str] = []

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Messages
    ) -> None:
        """Answer one request, or live through one lifespan."""
        if scope["type"] == "lifespan":
            while (message := (await receive())["type"]) != "lifespan.shutdown":
                self.lifespan.append(message)
                await send({"type": f"{message}.complete"})
            self.lifespan.append(message)
            await send({"type": f"{message}.complete"})
            return
        self.asked.set()
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})


async def _serving(app: object) -> tuple[Application, ASGIService]:
    application = Application("web")
    server = ASGIService("tcp:0:interface=127.0.0.1", app)
    server.setServiceParent(application)
    await lifecycle.start(application)
    return application, server


def test_a_request_is_answered_with_a_date() -> None:
    """The answer carries the application's body and the headers of a server."""

    async def main() -> bytes:
        app = Hello()
        app.may_answer.set()
        application, server = await _serving(app)
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(REQUEST)
        answer = await reader.read()
        writer.close()
        await lifecycle.stop(application)
        assert app.lifespan == ["lifespan.startup", "lifespan.shutdown"]
        return answer

    answer = asyncio.run(main())
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"date:" in answer
    assert answer.endswith(b"hello")


def test_a_response_in_progress_is_finished_while_the_server_stops() -> None:
    """The stop waits for the answer; new connections are refused meanwhile."""

    async def main() -> None:
        app = Hello()
        application, server = await _serving(app)
        address = server.address
        reader, writer = await asyncio.open_connection(*address)
        writer.write(REQUEST)
        await app.asked.wait()
        stopping = asyncio.create_task(lifecycle.stop(application, budget=10.0))
        while server.connections and not server._acceptor._empty:  # type: ignore[union-attr]  # noqa: ASYNC110 (waits for a state that has no event)
            await asyncio.sleep(0)
        assert not stopping.done()
        app.may_answer.set()
        assert (await reader.read()).endswith(b"hello")
        writer.close()
        await stopping
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)

    asyncio.run(main())


def test_a_connection_that_has_just_been_accepted_may_still_send_its_request() -> None:
    """A client whose request is on its way when the stop begins is answered all the same."""

    async def main() -> None:
        app = Hello()
        app.may_answer.set()
        application, server = await _serving(app)
        reader, writer = await asyncio.open_connection(*server.address)
        while not server.connections:  # noqa: ASYNC110 (waits for a state that has no event)
            await asyncio.sleep(0)
        stopping = asyncio.create_task(lifecycle.stop(application, budget=10.0))
        await asyncio.sleep(0)
        writer.write(REQUEST)
        assert (await reader.read()).endswith(b"hello")
        writer.close()
        await stopping

    asyncio.run(main())


def test_an_application_whose_start_up_fails_is_a_failed_start() -> None:
    """The path and the reason are in the error, and the port is free again."""

    async def broken(
        scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Messages
    ) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    async def main() -> None:
        application = Application("web")
        server = ASGIService("tcp:0:interface=127.0.0.1", broken)
        server.setServiceParent(application)
        with pytest.raises(StartError, match=r"web/ASGIService\[0\] failed to start: the ASGI application"):
            await lifecycle.start(application)
        assert server.address is None

    asyncio.run(main())


def test_it_is_described_with_its_listener() -> None:
    """A generator sees an ASGI server and where it listens."""
    node = ASGIService("tcp:8080", Hello).describe("web/site")
    assert node.kind == "asgi-server"
    assert [(listener.name, listener.endpoint) for listener in node.listeners] == [("tcp-8080", "tcp:8080")]
