"""What accepts connections when there is nothing to accept them with."""

from __future__ import annotations

import asyncio
import errno
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from svcctl.application.servers.listening import Acceptor
from tests.unit.application.clients import dial, talk, until
from tests.unit.application.conftest import Run
from tests.unit.application.serving import (
    Upper,
    listener,
    serve,
    shout,
)


class ExhaustedSocket(socket.socket):
    """A listening socket for which there are no descriptors at first.

    Attributes:
        failures: How often it still fails.
    """

    failures = 2

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept, or fail."""
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def exhausted() -> ExhaustedSocket:
    """Return such a socket, listening on the loopback."""
    sock = ExhaustedSocket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    return sock


@pytest.fixture
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svcctl.application.servers.listening._PAUSE", 0.01)


EXHAUSTION = """
import asyncio, logging, resource, socket, sys
from svcctl.application.servers.listening import Acceptor, protocol_maker

logging.basicConfig(format="%(message)s", stream=sys.stdout)

async def echo(reader, writer):
    writer.write(await reader.read(100))

async def main():
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    acceptor = Acceptor(sock, protocol_maker(echo))
    acceptor.start()
    client = socket.create_connection(sock.getsockname())
    client.sendall(b"served\\n")
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    try:
        while True:
            held.append(open("/dev/null"))
    except OSError:
        pass
    while acceptor._pause is None:
        await asyncio.sleep(0)
    for each in held:
        each.close()
    acceptor._pause.cancel()
    acceptor.start()
    client.setblocking(False)
    sys.stdout.write((await asyncio.get_running_loop().sock_recv(client, 100)).decode())
    client.close()
    await acceptor.drain()

asyncio.run(main())
"""


@pytest.mark.usefixtures("_short_pause")
def test_without_descriptors_it_waits_and_goes_on(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Instead of trying again at once, for ever."""

    async def main() -> None:
        with exhausted() as sock:
            acceptor = await serve(sock, shout)
            assert await talk(sock.getsockname(), b"hello") == b"HELLO"
            await acceptor.drain()

    run(main())
    assert [each.message for each in caplog.records] == ["cannot accept; waiting"] * 2


@pytest.mark.usefixtures("_short_pause")
@pytest.mark.parametrize("last_call", [False, True])
def test_a_stop_without_descriptors_does_not_listen_again_later(run: Run, *, last_call: bool) -> None:
    """Neither because of the pause before it nor because of its own last call."""

    async def main() -> None:
        sock = exhausted()
        sock.failures = 1
        acceptor = await serve(sock, shout)
        client = dial(sock.getsockname())
        if last_call:
            acceptor.last_call()
        else:
            await until(lambda: not sock.failures)
            acceptor.stop()
        sock.close()
        await asyncio.sleep(0.05)
        client.close()
        await acceptor.drain()

    run(main())


def test_a_process_that_is_really_out_of_descriptors_serves_again_afterwards() -> None:
    """The fake above does what the system does."""
    command = [sys.executable, "-P", "-c", EXHAUSTION]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "cannot accept; waiting\nserved\n"


def test_the_backlog_is_accepted_in_portions(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of new connections does not keep the old ones from being served."""
    monkeypatch.setattr("svcctl.application.servers.listening._AT_ONCE", 2)

    async def main() -> None:
        with listener() as sock:
            acceptor = await serve(sock, shout)
            clients = [dial(sock.getsockname()) for _ in range(5)]
            seen: set[int] = set()

            def enough() -> bool:
                seen.add(len(acceptor.connections))
                return len(acceptor.connections) == 5

            while not enough():  # noqa: ASYNC110 (each single turn of the loop counts)
                await asyncio.sleep(0)
            assert max(b - a for a, b in zip(sorted(seen), sorted(seen)[1:], strict=False)) <= 2
            for client in clients:
                client.close()
            await acceptor.drain()

    run(main())


def test_connections_are_counted_from_the_moment_they_are_accepted(run: Run) -> None:
    """Before anything is attached to them, until they are closed."""
    counts: list[int] = []

    def make(acceptors: list[Acceptor]) -> Callable[[], Upper]:
        def maker() -> Upper:
            counts.append(len(acceptors[0].connections))
            return Upper()

        return maker

    async def main() -> None:
        with listener() as sock:
            acceptors: list[Acceptor] = []
            acceptors.append(await serve(sock, make(acceptors)))
            await talk(sock.getsockname())
            await until(lambda: not acceptors[0].connections)
            await acceptors[0].drain()

    run(main())
    assert counts == [1]
