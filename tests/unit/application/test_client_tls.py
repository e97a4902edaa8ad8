"""Clients over TLS and over sockets in the file system, against real servers."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest

from svcctl.application import lifecycle
from svcctl.application.certificates.clients import client_context
from svcctl.application.clients.client import SSLClient, TCPClient, UNIXClient
from svcctl.application.clients.service import ClientService
from svcctl.application.internet import UNIXServer
from svcctl.application.protocol import Factory
from svcctl.application.servers.tls_server import SSLServer
from svcctl.application.tls import Certificate
from svcctl.application.wire import Echo
from svcctl.errors import ConnectError, StartError
from tests.unit.application.certificates import make_all
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run
from tests.unit.application.test_client import LOOPBACK, Asks


@pytest.mark.parametrize("lock", [0, 1])
def test_a_unix_client_connects_to_a_path(run: Run, tmp_path: Path, lock: int) -> None:
    """With or without a look at the server's lock."""
    path = str(tmp_path / "socket")

    async def main() -> list[str]:
        server = UNIXServer(path, Factory.forProtocol(Echo), wantPID=lock)
        await lifecycle.start(server)
        factory = Asks()
        client = UNIXClient(path, factory, checkPID=lock)
        await lifecycle.start(client)
        await until(lambda: "question" in factory.heard)
        assert factory.connector.getDestination() == path
        await lifecycle.stop(client)
        await lifecycle.stop(server)
        return factory.heard

    assert run(main())[-1] == "stop"


def test_a_unix_client_does_not_connect_without_the_lock_it_asks_for(run: Run, tmp_path: Path) -> None:
    """Somebody listens, but not the server that was meant; a lock that nobody holds is none."""
    path = str(tmp_path / "socket")

    async def main() -> list[str]:
        server = UNIXServer(path, Factory.forProtocol(Echo), wantPID=0)
        await lifecycle.start(server)
        reasons = []
        for _ in range(2):
            factory = Asks()
            client = UNIXClient(path, factory, checkPID=1)
            await lifecycle.start(client)
            await until(lambda factory=factory: factory.reason)
            await lifecycle.stop(client)
            reasons.append(str(factory.reason))
            (tmp_path / "socket.lock").touch()
        await lifecycle.stop(server)
        return reasons

    assert run(main()) == [f"cannot connect to {path}: its server holds no lock"] * 2


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates."""
    return make_all(tmp_path_factory.mktemp("pems"))


@pytest.mark.parametrize("trusts", [True, False])
def test_a_tls_client_verifies_the_server(run: Run, pems: Path, *, trusts: bool) -> None:
    """An unknown authority is a failed attempt."""

    async def main() -> Asks:
        whole = Certificate(str(pems / "leaf.key"), str(pems / "leaf.pem"), str(pems / "middle.pem"))
        server = SSLServer(0, Factory.forProtocol(Echo), whole, interface=LOOPBACK)
        await lifecycle.start(server)
        factory = Asks()
        context = client_context(trustRoots=str(pems / "root.pem")) if trusts else client_context()
        client = SSLClient(LOOPBACK, server.address[1], factory, context)
        await lifecycle.start(client)
        await until(lambda: "question" in factory.heard or factory.reason)
        await lifecycle.stop(client)
        await lifecycle.stop(server)
        return factory

    factory = run(main())
    if trusts:
        assert factory.heard[-4:] == ["question", "lost ConnectionDone", "client lost disconnected", "stop"]
    else:
        assert isinstance(factory.reason, ConnectError)
        assert "certificate" in str(factory.reason)
        assert "made" not in factory.heard


def test_a_context_that_cannot_be_made_fails_the_start(run: Run) -> None:
    """Before anything has started."""

    class Broken:
        def getContext(self) -> str:
            return "no context"

    async def main() -> StartError:
        client = SSLClient(LOOPBACK, 443, Asks(), Broken())
        with pytest.raises(StartError) as caught:
            await lifecycle.start(client)
        return caught.value

    error = run(main())
    assert error.phase == "bind"
    assert "getContext() of Broken" in str(error)


def test_only_a_context_that_may_change_is_reloaded() -> None:
    """The manifest says that the application reloads if one of its services does."""

    class Files:
        def getContext(self) -> ssl.SSLContext:
            return client_context()

    assert TCPClient("host", 1, Asks()).reload is None
    assert SSLClient("host", 1, Asks(), client_context()).reload is None
    assert SSLClient("host", 1, Asks(), Files()).reload is not None


@pytest.mark.parametrize("kind", ["ssl", "tls"])
def test_a_described_tls_endpoint_names_its_files(run: Run, pems: Path, tmp_path: Path, kind: str) -> None:
    """Whom to trust, and as what to show itself."""
    (tmp_path / "root.pem").write_bytes((pems / "root.pem").read_bytes())
    trust = {"ssl": "caCertsDir", "tls": "trustRoots"}[kind]

    async def main() -> list[str]:
        whole = Certificate(str(pems / "leaf.key"), str(pems / "leaf.pem"), str(pems / "middle.pem"))
        server = SSLServer(0, Factory.forProtocol(Echo), whole, interface=LOOPBACK)
        await lifecycle.start(server)
        factory = Asks()
        text = f"{kind}:localhost:{server.address[1]}:{trust}={tmp_path}"
        client = ClientService(text, factory)
        assert client.reload is not None
        await lifecycle.start(client)
        await client.whenConnected()
        await until(lambda: "question" in factory.heard)
        await lifecycle.reload(client)
        await lifecycle.stop(client)
        await lifecycle.stop(server)
        return factory.heard

    assert run(main()) == ["start", "made", "question", "lost ConnectionDone", "stop"]


def test_files_that_cannot_be_used_fail_the_start_of_a_described_client(run: Run, tmp_path: Path) -> None:
    """Before privileges are given up, for keys often need them."""

    async def main() -> StartError:
        client = ClientService(f"ssl:localhost:443:caCertsDir={tmp_path}/nowhere", Asks())
        with pytest.raises(StartError) as caught:
            await lifecycle.start(client)
        return caught.value

    assert run(main()).phase == "bind"


@pytest.mark.parametrize("budget", [5.0, 0.0])
def test_a_stop_in_the_middle_of_a_handshake_leaves_nothing(run: Run, pems: Path, budget: float) -> None:
    """Whatever turn of the loop it comes in, and even if it must not take any time."""

    async def main() -> None:
        server = SSLServer(
            0, Factory.forProtocol(Echo), Certificate(str(pems / "leaf.all")), interface=LOOPBACK
        )
        await lifecycle.start(server)
        context = client_context(trustRoots=str(pems / "root.pem"))
        connected = turns = 0
        while turns < 80 or not connected:
            turns += 2
            factory = Asks()
            client = SSLClient(LOOPBACK, server.address[1], factory, context)
            await lifecycle.start(client)
            for _ in range(turns - 2):
                await asyncio.sleep(0)
            with contextlib.suppress(ExceptionGroup):  # without any time, some hooks do not end in time
                await lifecycle.stop(client, budget)
            assert "stop" in factory.heard
            if budget:
                assert factory.heard[-1] == "stop"
                assert factory.ended
            await until(lambda factory=factory: factory.ended)
            connected += factory.heard.count("made")
        await until(lambda: not server.connections)
        await lifecycle.stop(server)

    run(main())


def test_a_client_comes_back_to_a_socket_that_is_made_anew(run: Run, tmp_path: Path) -> None:
    """And has the protocol it made first told of its loss."""
    path = str(tmp_path / "socket")

    async def main() -> list[str]:
        factory = Asks()
        client = ClientService(f"unix:{path}", factory, retryPolicy=lambda _failures: 0.001)
        await lifecycle.start(client)
        for _ in range(2):
            server = UNIXServer(path, Factory.forProtocol(Echo))
            await lifecycle.start(server)
            await client.whenConnected()
            await lifecycle.stop(server, budget=0.01)
            await until(lambda: not client.connected)
        assert client.running
        await lifecycle.stop(client)
        return factory.heard

    heard = run(main())
    assert heard.count("made") == 2
    assert len([each for each in heard if each.startswith("lost")]) == 2


def test_a_client_keeps_trying_a_host_that_does_not_resolve(run: Run) -> None:
    """Whoever waits with a limit is told the real reason."""

    async def main() -> ConnectError:
        client = ClientService("tcp:nonexistent.invalid:80", Asks(), retryPolicy=lambda _failures: 0.001)
        await lifecycle.start(client)
        with pytest.raises(ConnectError) as caught:
            await client.whenConnected(failAfterFailures=3)
        assert client.running
        await lifecycle.stop(client)
        return caught.value

    assert str(run(main())).startswith("cannot connect to nonexistent.invalid:80: ")
