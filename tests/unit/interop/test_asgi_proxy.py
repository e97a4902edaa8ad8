"""ASGI applications behind a load balancer, which says in a PROXY header whose request it passes on."""

from __future__ import annotations

import json
import logging
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.servers import proxy
from svcctl.interop.asgi import ASGIService
from tests.unit.application.clients import close, connect, until
from tests.unit.application.conftest import Run, run  # noqa: F401 (a fixture)

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
LINE = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
LINE_6 = b"PROXY TCP6 2001:db8::1 ::1 1 443\r\n"
BINARY = b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x21, 0x11, 12)
BINARY += socket.inet_aton("192.0.2.1") + socket.inet_aton("198.51.100.2") + struct.pack("!HH", 56324, 443)
LOCAL = b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x20, 0, 0)

CLIENT, SERVER = ["192.0.2.1", 56324], ["198.51.100.2", 443]


async def shown(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 (as ASGI has it)
    """Answer a request with the addresses that it comes with."""
    if scope["type"] == "lifespan":
        while (message := (await receive())["type"]) != "lifespan.shutdown":
            await send({"type": f"{message}.complete"})
        await send({"type": f"{message}.complete"})
        return
    body = json.dumps([scope["client"], scope["server"]]).encode()
    length = b"%d" % len(body)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


async def started(endpoint: str) -> ASGIService:
    """Return a server that runs."""
    server = ASGIService(endpoint, shown)
    await lifecycle.start(server)
    return server


async def exchanged(server: ASGIService, sent: bytes, path: Path | None = None) -> bytes:
    """Send something and return everything that comes back until the connection is closed."""
    reader, writer = await connect(str(path) if path else server.address)
    writer.write(sent)
    try:
        return await reader.read()
    except ConnectionResetError:  # closed while there was something that it had not read
        return b""
    finally:
        await close(writer)


async def answered(server: ASGIService, header: bytes, path: Path | None = None) -> Any:  # noqa: ANN401 (JSON)
    """Return the addresses that the application sees of a request behind a header."""
    head, _, body = (await exchanged(server, header + REQUEST, path)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    return json.loads(body)


@pytest.mark.parametrize(
    ("header", "addresses"),
    [(LINE, [CLIENT, SERVER]), (LINE_6, [["2001:db8::1", 1], ["::1", 443]]), (BINARY, [CLIENT, SERVER])],
    ids=["line", "line of IPv6", "binary"],
)
def test_the_scope_has_the_client_behind_the_load_balancer(
    run: Run,  # noqa: F811 (the fixture)
    caplog: pytest.LogCaptureFixture,
    header: bytes,
    addresses: list[Any],
) -> None:
    """And so has the log of requests."""
    caplog.set_level(logging.INFO)

    async def main() -> Any:  # noqa: ANN401 (JSON)
        server = await started("haproxy:tcp:0:interface=127.0.0.1")
        seen = await answered(server, header)
        await lifecycle.stop(server)
        return seen

    assert run(main()) == addresses
    (line,) = [each.getMessage() for each in caplog.records if each.name == "uvicorn.access"]
    assert line.startswith("{}:{} ".format(*addresses[0]))


@pytest.mark.parametrize("header", [LINE, BINARY], ids=["line", "binary"])
def test_the_client_is_known_over_a_path_too(run: Run, tmp_path: Path, header: bytes) -> None:  # noqa: F811 (the fixture)
    """Where the connection itself has no addresses at all."""
    path = tmp_path / "s"

    async def main() -> Any:  # noqa: ANN401 (JSON)
        server = await started(f"haproxy:unix:{path}")
        seen = await answered(server, header, path)
        await lifecycle.stop(server)
        return seen

    assert run(main()) == [CLIENT, SERVER]


def test_a_health_check_of_the_load_balancer_has_its_own_address(run: Run, tmp_path: Path) -> None:  # noqa: F811 (the fixture)
    """Over a path it has none."""
    path = tmp_path / "s"

    async def main() -> None:
        server = await started("haproxy:tcp:0:interface=127.0.0.1")
        client, itself = await answered(server, LOCAL)
        assert client[0] == "127.0.0.1"
        assert tuple(itself) == server.address
        await lifecycle.stop(server)
        server = await started(f"haproxy:unix:{path}")
        client, _ = await answered(server, LOCAL, path)
        assert client is None
        await lifecycle.stop(server)

    run(main())


@pytest.mark.parametrize(
    "broken",
    [REQUEST, b"PROXY TCP4 192.0.2.1\r\n" + REQUEST, BINARY[:12] + b"\x31" + BINARY[13:] + REQUEST],
    ids=["none", "line", "binary"],
)
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_broken_header_closes_the_connection_and_is_one_line_in_the_log(
    run: Run,  # noqa: F811 (the fixture)
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    kind: str,
    broken: bytes,
) -> None:
    """The application is not asked; the next request is answered."""
    caplog.set_level(logging.INFO)
    path = tmp_path / "s" if kind == "unix" else None

    async def main() -> None:
        server = await started(f"haproxy:unix:{path}" if path else "haproxy:tcp:0:interface=127.0.0.1")
        assert await exchanged(server, broken, path) == b""
        await until(lambda: server.connections == 0)
        assert (await answered(server, LINE, path))[0] == CLIENT
        await lifecycle.stop(server)

    run(main())
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert (record.name, record.getMessage()) == (proxy.__name__, "connection closed: no PROXY header")
    assert "\n" not in record.__dict__["svcctl_error"]
    assert len([each for each in caplog.records if each.name == "uvicorn.access"]) == 1
