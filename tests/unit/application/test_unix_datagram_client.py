"""Clients of datagram sockets in the file system."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.internet import UNIXDatagramClient, UNIXDatagramServer
from svcctl.application.servers.sockets import Inherited, hand_over
from svcctl.errors import ConnectError, StartError
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run
from tests.unit.application.unix_datagrams import Asking, Shouting, leave_stale


class AskingAsyncio(asyncio.DatagramProtocol):
    """The same over asyncio."""

    def __init__(self) -> None:
        self.log: list[bytes] = []

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
        """Ask."""
        transport.sendto(b"hello")

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ANN401, ARG002 (as in the base class)
        """Keep an answer."""
        self.log.append(data)


def test_an_asyncio_protocol_is_a_client_too(run: Run, tmp_path: Path) -> None:
    """Its transport needs no address to send."""
    path = str(tmp_path / "s")
    asking = AskingAsyncio()

    async def main() -> None:
        server = UNIXDatagramServer(path, Shouting)
        client = UNIXDatagramClient(path, asking, bindAddress=str(tmp_path / "c"))
        await lifecycle.start(server)
        await lifecycle.start(client)
        await until(lambda: asking.log)
        await lifecycle.stop(client)
        await lifecycle.stop(server)

    run(main())
    assert asking.log == [b"HELLO"]


def test_a_client_is_never_handed_a_socket(run: Run, tmp_path: Path) -> None:
    """It binds its own even where every listener has to be handed over."""
    path, own = tmp_path / "s", tmp_path / "c"
    hand_over(Inherited([], unit="log.service"))

    async def main() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(path))
            client = UNIXDatagramClient(str(path), Asking(), bindAddress=str(own))
            assert client.listening_on() == ()
            await lifecycle.start(client)
            assert own.is_socket()
            await lifecycle.stop(client)

    run(main())


def nothing(_: Path) -> None:
    """Leave nobody there."""


def stale(path: Path) -> None:
    """Leave a socket without its owner."""
    leave_stale(path, socket.SOCK_DGRAM)


def file(path: Path) -> None:
    """Leave a file."""
    path.write_text("")


@pytest.mark.parametrize(
    ("make", "hint"),
    [(nothing, "no such socket"), (stale, "nobody listens there"), (file, "is the server running")],
)
def test_a_client_without_a_server_fails_its_start(run: Run, tmp_path: Path, make: Any, hint: str) -> None:  # noqa: ANN401 (a function of this module)
    """The protocol is told before; its own socket is removed again."""
    path, own = tmp_path / "s", tmp_path / "c"
    make(path)
    asking = Asking()

    async def main() -> None:
        client = UNIXDatagramClient(str(path), asking, bindAddress=str(own))
        with pytest.raises(StartError) as caught:
            await lifecycle.start(client)
        assert isinstance(caught.value.__cause__, ConnectError)
        assert hint in caught.value.hint
        assert (client.running, client.address, own.exists()) == (False, None, False)

    run(main())
    (told,) = asking.log
    assert told.startswith(f"failed: cannot connect to {path}: ")


def test_a_client_of_a_stream_socket_is_told_what_to_use(run: Run, tmp_path: Path) -> None:
    """The system says it in words of its own."""
    path = tmp_path / "s"

    async def main() -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            with pytest.raises(StartError) as caught:
                await lifecycle.start(UNIXDatagramClient(str(path), Asking()))
            assert "use UNIXClient" in caught.value.hint

    run(main())


def test_a_server_that_comes_back_is_found_by_the_next_write(run: Run, tmp_path: Path) -> None:
    """While it is gone, the protocol is told that nobody is there."""
    path = str(tmp_path / "s")
    asking, shouting = Asking(), Shouting()

    async def main() -> None:
        server = UNIXDatagramServer(path, shouting)
        client = UNIXDatagramClient(path, asking)
        await lifecycle.start(server)
        await lifecycle.start(client)
        asking.transport.write(b"one")
        await until(lambda: shouting.got == [b"one"])
        await lifecycle.stop(server)
        for _ in range(2):
            asking.transport.write(b"lost")
        await until(lambda: asking.log.count("refused") == 2)
        await lifecycle.start(server)
        asking.transport.write(b"two")
        await until(lambda: shouting.got == [b"one", b"two"])
        await lifecycle.stop(client)
        await lifecycle.stop(server)

    run(main())


def test_what_a_client_writes_waits_for_a_slow_server(run: Run, tmp_path: Path) -> None:
    """A stop waits until it is sent; the system's queue holds fewer datagrams than these."""
    path = str(tmp_path / "s")
    asking = Asking()
    sent = [b"%d" % number for number in range(2000)]

    async def main() -> list[bytes]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(path)
            server.settimeout(10)
            client = UNIXDatagramClient(path, asking)
            await lifecycle.start(client)
            for each in sent:
                asking.transport.write(each)
            stopping = asyncio.create_task(lifecycle.stop(client, 10.0))
            got = [await asyncio.to_thread(server.recv, 100) for _ in sent]
            await stopping
            return got

    assert run(main()) == sent


def test_what_cannot_be_sent_in_time_is_dropped_and_logged(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The stop takes no longer than it may."""
    path = str(tmp_path / "s")
    asking = Asking()

    async def main() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(path)
            client = UNIXDatagramClient(path, asking)
            await lifecycle.start(client)
            for _ in range(2000):
                asking.transport.write(b"x")
            await lifecycle.stop(client, 0.1)

    run(main())
    (record,) = [each for each in caplog.records if each.message == "datagrams cut off"]
    assert vars(record)["svcctl_unsent"] > 0
    assert asking.log == ["start", "stop"]
