"""Opening connections: addresses, limits, and whatever ends an attempt."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.application.clients.connecting import Dialer, destination_text
from svcctl.application.clients.dialing import race, resolve
from svcctl.application.clients.link import Link
from svcctl.application.servers.listening import protocol_maker
from svcctl.endpoints.clients import SslClient, TcpClient, TlsClient, UnixClient
from svcctl.errors import ConnectError, FactoryError
from tests.fakes import loop as jumping
from tests.fakes.peer import Peer
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run
from tests.unit.application.serving import Upper, listener

LOOPBACK = "127.0.0.1"


class Keeping(asyncio.Protocol):
    """Keeps what happens to it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (a transport of any loop)
        """Take note."""
        self.transport = transport
        self.heard.append("made")

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note."""
        self.heard.append(f"lost {exc}")


async def dial(endpoint: Any, factory: Any = Keeping) -> Link:  # noqa: ANN401 (endpoints and factories of any kind)
    """Connect to an endpoint."""
    dialer = Dialer(endpoint)
    dialer.renew()
    link = Link(protocol_maker(factory))
    await dialer.connect(link)
    return link


@contextlib.contextmanager
def deaf(family: int, address: Any) -> Iterator[socket.socket]:  # noqa: ANN401 (an address of any family)
    """Yield a listener whose backlog is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        server.bind(address)
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            client.setblocking(False)  # noqa: FBT003 (the standard library's signature)
            client.connect_ex(server.getsockname())
        yield server


@pytest.mark.parametrize("host", [LOOPBACK, "localhost", "::1"])
def test_names_and_addresses_of_both_families_are_connected_to(run: Run, host: str) -> None:
    """The protocol is connected when the attempt is done, and has been told of the end when the link has ended."""

    async def main() -> list[str]:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, 0), family=family) as server:
            link = await dial(TcpClient(host, server.getsockname()[1]))
            assert link.protocol.heard == ["made"]
            await link.close()
        heard: list[str] = link.protocol.heard
        return heard

    assert run(main()) == ["made", "lost None"]


def test_an_attempt_that_takes_too_long_is_given_up() -> None:
    """The handshake of TLS is part of it; here the server never answers."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        with listener() as server:
            began = loop.time()
            with pytest.raises(ConnectError) as caught:
                await dial(
                    SslClient("localhost", server.getsockname()[1], timeout=2.5).replace(host=LOOPBACK)
                )
            assert str(caught.value).endswith(": no answer within 2.5 s")
            assert isinstance(caught.value.__cause__, TimeoutError)
            return loop.time() - began

    assert jumping.run(main()) == pytest.approx(2.5)


def test_the_next_address_is_tried_when_one_does_not_answer_at_once() -> None:
    """The first keeps trying meanwhile, and is given up when another one has won."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        with deaf(socket.AF_INET, (LOOPBACK, 0)) as mute, listener() as server:
            addresses = [(socket.AF_INET, each.getsockname()) for each in (mute, server)]
            began = loop.time()
            connection = await race(addresses, None)
            assert connection.getpeername() == server.getsockname()
            connection.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return loop.time() - began

    assert jumping.run(main()) == pytest.approx(0.25)


def test_a_refusal_goes_on_to_the_next_address_without_delay() -> None:
    """When all refuse, the first one's error is the attempt's."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with listener() as server:
            refused = [(socket.AF_INET, (LOOPBACK, 1)), (socket.AF_INET, ("127.0.0.2", 1))]
            began = loop.time()
            connection = await race([*refused, (socket.AF_INET, server.getsockname())], None)
            connection.close()
            with pytest.raises(ConnectionRefusedError, match=LOOPBACK):
                await race(refused, None)
            assert loop.time() == began

    jumping.run(main())


def test_the_families_of_a_host_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that one that leads nowhere costs one head start, not all of them."""
    six, four = socket.AF_INET6, socket.AF_INET

    async def answers(*_args: Any, **_options: Any) -> list[Any]:  # noqa: ANN401 (the loop's own arguments)
        return [
            (family, 0, 0, "", (name, 80)) for family, name in zip((six, six, six, four), "abcd", strict=True)
        ]

    async def main() -> list[Any]:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answers)
        return await resolve("example.org", 80)

    assert [where[0] for _, where in jumping.run(main())] == ["a", "d", "b", "c"]


@pytest.mark.parametrize("host", ["nonexistent.invalid", "x" * 70, ".." * 5])
def test_a_host_that_does_not_resolve_is_a_failed_attempt(run: Run, host: str) -> None:
    """With its name in the error, and what to do."""

    async def main() -> ConnectError:
        with pytest.raises(ConnectError) as caught:
            await dial(TcpClient(host, 80))
        return caught.value

    error = run(main())
    assert str(error).startswith(f"cannot connect to {host}:80: ")
    assert "getent hosts" in error.hint


def test_a_unix_socket_with_a_full_backlog_is_a_failed_attempt(run: Run, tmp_path: Path) -> None:
    """Not a connection that is none."""
    path = str(tmp_path / "socket")

    async def main() -> str:
        with deaf(socket.AF_UNIX, path), pytest.raises(ConnectError) as caught:
            await dial(UnixClient(path))
        return str(caught.value)

    assert run(main()).startswith(f"cannot connect to {path}: ")


@pytest.mark.parametrize("endpoint", ["tcp", "ssl"])
def test_an_attempt_that_is_cancelled_leaves_nothing(run: Run, endpoint: str) -> None:
    """Whatever turn of the loop the cancellation comes in: what was made is told of its end."""

    async def main() -> None:
        with listener() as server:
            port = server.getsockname()[1]
            where = TcpClient(LOOPBACK, port) if endpoint == "tcp" else SslClient(LOOPBACK, port)
            dialer = Dialer(where)
            dialer.renew()
            for turns in range(15):
                link = Link(lambda _peer: Keeping())
                task = asyncio.ensure_future(dialer.connect(link))
                for _ in range(turns):
                    await asyncio.sleep(0)
                was_done = task.done()
                task.cancel()
                await asyncio.wait({task})
                heard = link.protocol.heard if link.protocol is not None else []
                if was_done:
                    assert heard == ["made"]
                    await link.close()
                    assert heard == ["made", "lost None"]
                else:
                    assert task.cancelled()
                    assert heard in ([], ["made", "lost None"])
            await asyncio.sleep(0)

    run(main())


def test_a_factory_that_raises_is_a_failed_attempt(run: Run) -> None:
    """Its own error, as it is, and no open connection."""

    def broken() -> asyncio.Protocol:
        raise LookupError("no protocol today")

    async def main() -> None:
        with listener() as server:
            with pytest.raises(LookupError, match="no protocol today"):
                await dial(TcpClient(*server.getsockname()), broken)
            peer, _ = server.accept()
            with peer:
                peer.settimeout(10)
                assert peer.recv(1) == b""

    run(main())


def test_a_protocol_that_hands_its_transport_over_has_ended_with_the_connection(run: Run) -> None:
    """As one does that upgrades to another protocol: then it is not the one that is told."""

    async def main() -> None:
        with listener() as server:
            link = await dial(TcpClient(*server.getsockname()))
            successor = Keeping()
            link.transport.set_protocol(successor)
            await link.close()
            assert link.protocol.heard == ["made"]
            await until(lambda: successor.heard == ["lost None"])

    run(main())


def test_a_protocol_object_that_is_used_again_is_watched_again(run: Run) -> None:
    """And is left as it was."""
    protocol = Keeping()
    before = set(vars(protocol))

    async def main() -> None:
        with listener() as server:
            for _ in range(3):
                link = await dial(TcpClient(*server.getsockname()), lambda: protocol)
                await link.close()

    run(main())
    assert protocol.heard == ["made", "lost None"] * 3
    assert set(vars(protocol)) == before


def test_the_reason_of_a_loss_is_known(run: Run) -> None:
    """It is what the protocol was told."""

    async def main() -> BaseException | None:
        with listener() as server:
            link = await dial(TcpClient(*server.getsockname()), Upper)
            peer, _ = server.accept()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.close()  # with that option, it resets the connection
            return await link.ended

    assert isinstance(run(main()), ConnectionResetError)


def test_a_protocol_that_cannot_be_watched_is_refused() -> None:
    """With what to do about it."""

    class Slim(asyncio.Protocol):
        __slots__ = ()

    async def main() -> FactoryError:
        peer = Peer()
        attempt = asyncio.ensure_future(dial(peer, Slim))
        await asyncio.sleep(0)
        peer.accept()
        with pytest.raises(FactoryError) as caught:
            await attempt
        return caught.value

    assert "leave the __slots__ out" in jumping.run(main()).hint


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        (TcpClient("example.org", 80), "example.org:80"),
        (TcpClient("::1", 80), "[::1]:80"),
        (UnixClient("/run/socket"), "/run/socket"),
        (TlsClient("example.org", 443, endpoint=UnixClient("/run/tls")), "/run/tls"),
    ],
)
def test_errors_say_where_it_should_have_gone(endpoint: Any, text: str) -> None:  # noqa: ANN401 (endpoints of any kind)
    """In one word."""
    assert destination_text(endpoint) == text
