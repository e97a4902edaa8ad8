"""Datagrams over sockets in the file system."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.internet import UNIXDatagramClient, UNIXDatagramServer
from svcctl.application.servers.sockets import Inherited, hand_over
from svcctl.endpoints.rare import Unixgram
from svcctl.endpoints.values import descriptor_name
from svcctl.errors import BindError, FactoryError, StartError, UsageError
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run
from tests.unit.application.unix_datagrams import Asking, Shouting, leave_stale


def test_a_client_that_has_a_path_is_answered(run: Run, tmp_path: Path) -> None:
    """Again after a restart; afterwards neither leaves anything behind."""
    path, own = str(tmp_path / "s"), str(tmp_path / "c")
    asking, shouting = Asking(), Shouting()

    async def main() -> None:
        server = UNIXDatagramServer(path, shouting)
        client = UNIXDatagramClient(path, asking, bindAddress=own)
        for _ in range(2):
            await lifecycle.start(server)
            await lifecycle.start(client)
            assert (server.address, client.address) == (path, own)
            asking.transport.write(b"hello")
            await until(lambda: "HELLO" in asking.log)
            await lifecycle.stop(client)
            await lifecycle.stop(server)
            assert asking.log == ["start", "HELLO", "stop"]
            asking.log.clear()

    run(main())
    assert shouting.senders == [own, own]
    assert list(tmp_path.iterdir()) == []


def test_a_sender_without_a_path_cannot_be_answered(run: Run, tmp_path: Path) -> None:
    """Its address is None, and writing to that says so."""
    path = str(tmp_path / "s")
    shouting = Shouting()

    async def main() -> None:
        server = UNIXDatagramServer(path, shouting)
        await lifecycle.start(server)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"hello", path)
        await until(lambda: shouting.got)
        with pytest.raises(UsageError, match="no address"):
            shouting.transport.write(b"hello", None)
        with pytest.raises(UsageError, match="no address of a UNIX socket"):
            shouting.transport.write(b"hello", ("127.0.0.1", 1))
        await lifecycle.stop(server)

    run(main())
    assert (shouting.got, shouting.senders) == ([b"hello"], [None])


def test_socat_is_answered(run: Run, tmp_path: Path) -> None:
    """A peer that others have written; 2 is SOCK_DGRAM."""
    path, own = tmp_path / "s", tmp_path / "c"

    async def main() -> bytes:
        server = UNIXDatagramServer(str(path), Shouting())
        await lifecycle.start(server)
        command = ["socat", "-t", "10", "STDIO", f"UNIX-CLIENT:{path},type=2,bind={own}"]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: ASYNC220 (uvloop's own would watch its children)
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(b"hello")
        client.stdin.flush()
        answer = await asyncio.to_thread(client.stdout.read, 5)
        client.stdin.close()
        client.terminate()
        await asyncio.to_thread(client.wait)
        client.stdout.close()
        await lifecycle.stop(server)
        return answer

    assert run(main()) == b"HELLO"


def test_the_socket_has_exactly_the_mode_that_was_asked_for(run: Run, tmp_path: Path) -> None:
    """The server's, and the client's own."""
    path, own = tmp_path / "s", tmp_path / "c"

    async def main() -> list[int]:
        server = UNIXDatagramServer(str(path), Shouting(), mode=0o620)
        client = UNIXDatagramClient(str(path), Asking(), mode=0o602, bindAddress=str(own))
        await lifecycle.start(server)
        await lifecycle.start(client)
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, own)]
        await lifecycle.stop(client)
        await lifecycle.stop(server)
        return modes

    assert run(main()) == [0o620, 0o602]


def test_a_stale_socket_is_replaced(run: Run, tmp_path: Path) -> None:
    """Of the server, and of the client."""
    path, own = tmp_path / "s", tmp_path / "c"
    leave_stale(path, socket.SOCK_DGRAM)
    leave_stale(own, socket.SOCK_DGRAM)
    asking = Asking()

    async def main() -> None:
        server = UNIXDatagramServer(str(path), Shouting())
        client = UNIXDatagramClient(str(path), asking, bindAddress=str(own))
        await lifecycle.start(server)
        await lifecycle.start(client)
        asking.transport.write(b"hello")
        await until(lambda: "HELLO" in asking.log)
        await lifecycle.stop(client)
        await lifecycle.stop(server)

    run(main())


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_somebody_elses_socket_is_left_alone(run: Run, tmp_path: Path, kind: socket.SocketKind) -> None:
    """Of either kind; the failure says how to find the owner."""
    path = tmp_path / "s"

    async def main() -> BindError:
        with socket.socket(socket.AF_UNIX, kind) as alive:
            alive.bind(str(path))
            with pytest.raises(StartError, match="Address already in use") as caught:
                await lifecycle.start(UNIXDatagramServer(str(path), Shouting()))
            cause = caught.value.__cause__
            assert isinstance(cause, BindError)
            assert path.is_socket()
            return cause

    assert "ss -lxp" in run(main()).hint


def test_a_file_in_the_place_of_the_socket_is_left_alone(run: Run, tmp_path: Path) -> None:
    """The hint says what is in the way."""
    path = tmp_path / "s"
    path.write_text("precious")

    async def main() -> None:
        with pytest.raises(StartError) as caught:
            await lifecycle.start(UNIXDatagramServer(str(path), Shouting()))
        assert "something else than a socket" in caught.value.hint
        assert caught.value.phase == "bind"

    run(main())
    assert path.read_text() == "precious"


AS_NOBODY = """
import asyncio, os, sys
from svcctl.application import lifecycle
from svcctl.application.internet import UNIXDatagramServer
from svcctl.application.protocol import DatagramProtocol
from svcctl.errors import StartError
service = UNIXDatagramServer(sys.argv[1], DatagramProtocol())
import svcctl.application.datagrams.port, svcctl.endpoints.grammar
os.setuid(65534)
try:
    asyncio.run(lifecycle.start(service))
except StartError as error:
    print(error, "|", error.hint)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not")
def test_a_folder_of_somebody_else_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """It may be neither written to nor looked into."""
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    command = [sys.executable, "-P", "-c", AS_NOBODY, str(folder / "s")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    said, hint = result.stdout.strip().split(" | ")
    assert said.endswith(f"failed to bind: cannot listen on unixgram:{folder}/s: Permission denied")
    assert "may not make files in that folder" in hint


def test_an_inherited_socket_serves_and_survives_a_restart(run: Run, tmp_path: Path) -> None:
    """And its path stays."""
    path = tmp_path / "s"
    endpoint = Unixgram(str(path))
    shouting = Shouting()

    async def main() -> None:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
        ):
            sock.bind(str(path))
            hand_over(Inherited([(descriptor_name(endpoint), sock)], unit="log.service"))
            service = UNIXDatagramServer(str(path), shouting)
            for times in (1, 2):
                await lifecycle.start(service)
                sender.sendto(b"hello", str(path))
                await until(lambda times=times: len(shouting.got) == times)
                await lifecycle.stop(service)
            assert sock.fileno() != -1
            assert path.is_socket()

    run(main())


def test_a_server_drops_what_a_slow_receiver_does_not_take(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Others are served meanwhile, and nothing spins."""
    slow = str(tmp_path / "slow")
    shouting = Shouting()

    async def main() -> None:
        server = UNIXDatagramServer(str(tmp_path / "s"), shouting)
        await lifecycle.start(server)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(slow)
            for _ in range(2000):
                shouting.transport.write(b"x", slow)
            await lifecycle.stop(server)

    run(main())
    assert {each.message for each in caplog.records} == {"datagram dropped: the receiver is too slow"}


def test_a_running_client_pickles_as_a_stopped_one(run: Run, tmp_path: Path) -> None:
    """With its protocol, without its port."""
    path = str(tmp_path / "s")

    async def main() -> None:
        server = UNIXDatagramServer(path, Shouting())
        client = UNIXDatagramClient(path, Asking())
        await lifecycle.start(server)
        await lifecycle.start(client)
        for service in (server, client):
            again = pickle.loads(pickle.dumps(service))  # noqa: S301 (made a moment ago)
            assert (again.running, again.address, again.protocol.transport) == (False, None, None)
        await lifecycle.stop(client)
        await lifecycle.stop(server)

    run(main())


@pytest.mark.parametrize("service", [UNIXDatagramServer, UNIXDatagramClient])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", Shouting), "no path"),
        ((53, Shouting), "no path"),
        (("a\0b", Shouting), "no path"),
        (("x" * 108, Shouting), "has 108 bytes"),
        (("s", Shouting, 0), "no size"),
        (("s", Shouting, 8192, "666"), "no mode"),
        (("s", Shouting, 8192, 0o10000), "no mode"),
    ],
)
def test_wrong_arguments_are_errors_where_they_are_given(service: Any, arguments: Any, message: str) -> None:  # noqa: ANN401 (a class and its arguments)
    """Not at the start."""
    with pytest.raises(UsageError, match=message):
        service(*arguments)


def test_what_is_no_protocol_is_an_error_where_it_is_given() -> None:
    """Not at the start; nor is a wrong path of a client's own."""
    with pytest.raises(FactoryError, match="is no datagram protocol"):
        UNIXDatagramServer("s", object())
    with pytest.raises(UsageError, match="no path"):
        UNIXDatagramClient("s", Asking, bindAddress="")


def test_a_server_tells_where_it_listens() -> None:
    """For the manifest."""
    assert UNIXDatagramServer("/run/log.sock", Shouting, mode=0o660).listening_on() == (
        Unixgram("/run/log.sock", 0o660),
    )
