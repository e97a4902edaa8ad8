"""Servers as services: start, stop, drain, inherited sockets, copies."""

from __future__ import annotations

import asyncio
import copy
import pickle
import socket
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import internet, lifecycle
from svcctl.application.internet import StreamServerEndpointService, TCPServer, UNIXServer
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.servers.sockets import Inherited, hand_over
from svcctl.application.service import Application
from svcctl.application.wire import Echo
from svcctl.endpoints.values import Systemd, Tcp, Tcp6, Unix, descriptor_name
from svcctl.errors import BindError, EndpointError, FactoryError, StartError, UsageError
from tests.unit.application.clients import close, connect, dial, read_all, talk, until
from tests.unit.application.conftest import Run
from tests.unit.application.trees import Noted, tree

LOOPBACK = "127.0.0.1"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Return what comes."""
    while data := await reader.read(1000):
        writer.write(data)


def server(factory: Any = echo) -> TCPServer:  # noqa: ANN401 (three kinds of factory)
    """Return a server on a port that the system chooses."""
    return TCPServer(0, factory, interface=LOOPBACK)


def test_a_server_serves_from_its_start_to_its_stop(run: Run) -> None:
    """And not before, nor afterwards."""

    async def main() -> None:
        service = server()
        assert service.address is None
        await lifecycle.start(service)
        address = service.address
        assert await talk(address, b"hello") == b"hello"
        await lifecycle.stop(service)
        assert service.address is None
        with pytest.raises(ConnectionRefusedError):
            await connect(address)

    run(main())


def test_a_bound_server_accepts_nothing_before_it_starts(run: Run) -> None:
    """Its clients wait in the backlog, and are served then."""

    async def main() -> None:
        service = server()
        await lifecycle.bind(service)
        client = dial(service.address)
        client.sendall(b"early")
        client.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0)
        assert service.connections == 0
        await lifecycle.start(service)
        assert await asyncio.to_thread(read_all, client) == b"early"
        client.close()
        await lifecycle.stop(service)

    run(main())


def test_a_stand_alone_server_needs_no_driver(run: Run) -> None:
    """`await service.startService()` binds, too."""

    async def main() -> None:
        service: Any = server(Factory.forProtocol(Echo))
        await service.startService()
        assert service.running
        address = service.address
        assert await talk(address, b"x") == b"x"
        stopped = service.stopService()
        if stopped is not None:
            await stopped
        assert not service.running
        with pytest.raises(ConnectionRefusedError):
            await connect(address)

    run(main())


def test_a_port_in_use_fails_the_start_and_rolls_back(run: Run) -> None:
    """D1 and D17: a bind failure is a start failure, and everything is bound before anything starts."""
    log: list[str] = []

    async def main() -> None:
        with socket.create_server((LOOPBACK, 0)) as other:
            port = other.getsockname()[1]
            root = tree(Noted(log, "first"), TCPServer(port, echo, interface=LOOPBACK))
            with pytest.raises(StartError) as caught:
                await lifecycle.start(root)
        assert isinstance(caught.value.__cause__, BindError)
        assert (caught.value.phase, caught.value.exit_status) == ("bind", 69)
        assert "ss -lnp" in caught.value.hint
        assert not root[1].running

    run(main())
    assert log == ["bind first", "release first"]


def test_a_server_that_was_bound_and_never_started_gives_its_port_back(run: Run) -> None:
    """The start of a sibling failed."""

    async def main() -> None:
        class Broken(Noted):
            def startService(self) -> None:
                raise ValueError("no")

        service = server()
        with pytest.raises(StartError):
            await lifecycle.start(tree(Broken([], "b"), service))
        assert service.address is None

    run(main())


def test_a_server_can_be_started_again(run: Run) -> None:
    """D18: it listens again."""

    async def main() -> None:
        service = StreamServerEndpointService(f"tcp:0:interface={LOOPBACK}", echo)
        for _ in range(3):
            await lifecycle.start(service)
            assert await talk(service.address, b"again") == b"again"
            await lifecycle.stop(service)

    run(main())


def test_a_stop_finishes_the_connections_in_flight_and_refuses_new_ones(run: Run) -> None:
    """A client that comes too late is refused at once instead of waiting for nobody."""

    async def main() -> None:
        service = server()
        await lifecycle.start(service)
        address = service.address
        reader, writer = await connect(address)
        await until(lambda: service.connections)
        stop = asyncio.ensure_future(lifecycle.stop(service, 60.0))
        await asyncio.sleep(0.01)
        with pytest.raises(ConnectionRefusedError):
            await connect(address)
        writer.write(b"in flight")
        assert await reader.readexactly(9) == b"in flight"
        assert not stop.done()
        await close(writer)
        await stop

    run(main())


def test_a_stop_serves_those_who_wait_in_the_backlog(run: Run) -> None:
    """Connections that the system accepted before we did."""

    async def main() -> None:
        service = server()
        await lifecycle.start(service)
        clients = [dial(service.address) for _ in range(10)]
        for client in clients:
            client.sendall(b"hello")
            client.shutdown(socket.SHUT_WR)
        await lifecycle.stop(service)
        assert [read_all(client) for client in clients] == [b"hello"] * 10
        for client in clients:
            client.close()

    run(main())


@pytest.mark.parametrize("factory", [echo, Factory.forProtocol(Echo)], ids=["handler", "framework"])
def test_idle_connections_are_cut_off_at_the_limit(
    run: Run,
    caplog: pytest.LogCaptureFixture,
    factory: Any,  # noqa: ANN401 (three kinds of factory)
) -> None:
    """Which is logged, and no error: the service has stopped."""

    async def main() -> None:
        service = server(factory)
        await lifecycle.start(service)
        client = dial(service.address)
        await until(lambda: service.connections)
        await lifecycle.stop(service, 0.1)
        assert service.connections == 0
        assert read_all(client) == b""
        client.close()

    run(main())
    assert [each.message for each in caplog.records] == ["connections cut off", "drain cut off"]


def test_a_stop_without_any_time_leaves_nothing_behind(run: Run) -> None:
    """No task of a handler, no open connection."""

    async def main() -> None:
        service = server()
        await lifecycle.start(service)
        client = dial(service.address)
        await until(lambda: service.connections)
        await lifecycle.stop(service, 0.0)
        assert read_all(client) == b""
        client.close()

    run(main())


def test_the_drain_of_protocols_is_called(run: Run) -> None:
    """So that they can say goodbye."""

    class Polite(Protocol):
        def drain(self) -> None:
            self.transport.write(b"bye")
            self.transport.loseConnection()

    async def main() -> None:
        service = server(Factory.forProtocol(Polite))
        await lifecycle.start(service)
        reader, writer = await connect(service.address)
        await until(lambda: service.connections)
        await asyncio.sleep(0.01)
        await lifecycle.stop(service)
        assert await reader.read() == b"bye"
        await close(writer)

    run(main())


def test_the_factory_is_told_when_it_is_used(run: Run) -> None:
    """Once for all servers that share it."""
    log: list[str] = []

    class Told(Factory):
        def startFactory(self) -> None:
            log.append("start")

        def stopFactory(self) -> None:
            log.append("stop")

    async def main() -> None:
        factory = Told.forProtocol(Echo)
        root = tree(server(factory), server(factory))
        await lifecycle.start(root)
        assert (log, factory.numPorts) == (["start"], 2)
        await lifecycle.stop(root)
        assert (log, factory.numPorts) == (["start", "stop"], 0)

    run(main())


def test_a_unix_server_serves_and_removes_its_path(run: Run, tmp_path: Path) -> None:
    """With the mode that was asked for."""

    async def main() -> None:
        path = tmp_path / "s"
        service = UNIXServer(str(path), echo, mode=0o600)
        await lifecycle.start(service)
        assert path.stat().st_mode & 0o777 == 0o600
        assert await talk(str(path), b"x") == b"x"
        await lifecycle.stop(service)
        assert not path.exists()

    run(main())


def test_an_inherited_socket_serves_and_survives_a_restart(run: Run, tmp_path: Path) -> None:
    """Clients wait in its backlog meanwhile; its path is never removed."""

    async def main() -> None:
        path = str(tmp_path / "s")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(path)
            sock.listen()
            hand_over(Inherited([("web", sock)], unit="web.service"))
            service = StreamServerEndpointService(Systemd("UNIX", name="web"), echo)
            await lifecycle.start(service)
            assert await talk(path, b"x") == b"x"
            await lifecycle.stop(service)
            client = dial(path)
            client.sendall(b"patient")
            client.shutdown(socket.SHUT_WR)
            await lifecycle.start(service)
            assert await asyncio.to_thread(read_all, client) == b"patient"
            client.close()
            await lifecycle.stop(service)

    run(main())
    assert (tmp_path / "s").is_socket()


def test_a_stop_leaves_an_inherited_backlog_to_the_next_process(run: Run) -> None:
    """Whoever comes while it drains waits for the next one."""

    async def main() -> None:
        endpoint = Tcp(1, LOOPBACK)
        with socket.create_server((LOOPBACK, 0)) as sock:
            hand_over(Inherited([(descriptor_name(endpoint), sock)]))
            service = StreamServerEndpointService(endpoint, echo)
            await lifecycle.start(service)
            _, early = await connect(sock.getsockname())
            await until(lambda: service.connections)
            stop = asyncio.ensure_future(lifecycle.stop(service, 60.0))
            await asyncio.sleep(0.01)
            late = dial(sock.getsockname())
            await asyncio.sleep(0.01)
            assert service.connections == 1
            await close(early)
            await stop
            accepted, _ = sock.accept()
            accepted.close()
            late.close()

    run(main())


def test_a_tcp_server_takes_the_family_from_its_interface() -> None:
    """As the framework's does."""
    assert TCPServer(80, echo).endpoint == Tcp(80)
    assert TCPServer(80, echo, 7, LOOPBACK).endpoint == Tcp(80, LOOPBACK, 7)
    assert TCPServer(80, echo, interface="::1").endpoint == Tcp6(80, 50, "::1")
    assert UNIXServer("/s", echo, 7, 0o600).endpoint == Unix("/s", 0o600, 7, lockfile=False)


@pytest.mark.parametrize("port", [-1, 65536, "80", True, 1.5, None])
def test_what_is_no_port_is_refused_where_it_is_given(port: Any) -> None:  # noqa: ANN401 (what is no port)
    """Not at the start."""
    with pytest.raises(UsageError, match="is no port"):
        TCPServer(port, echo)


def test_wrong_arguments_are_errors_where_they_are_given() -> None:
    """Factory, description, kind of endpoint."""
    with pytest.raises(FactoryError):
        TCPServer(80, object())
    with pytest.raises(EndpointError):
        StreamServerEndpointService("tpc:80", echo)
    with pytest.raises(UsageError, match="accepts no connections"):
        StreamServerEndpointService("udp:80", echo)


def test_a_copy_of_a_running_server_has_no_port_and_no_connection(run: Run) -> None:
    """Copied, copied deeply, or pickled and loaded; and it can be started."""

    async def main() -> None:
        service = server()
        await lifecycle.start(service)
        for twin in (copy.copy(service), copy.deepcopy(service), pickle.loads(pickle.dumps(service))):  # noqa: S301 (made a moment ago)
            assert (twin.running, twin.address, twin.connections) == (False, None, 0)
            await lifecycle.start(twin)
            assert twin.address != service.address
            await lifecycle.stop(twin)
        await lifecycle.stop(service)

    run(main())


def test_services_of_other_modules_are_found_here_too() -> None:
    """Under the names that the framework's users know; they load on first need."""
    from svcctl.application.datagrams.udp import UDPServer  # noqa: PLC0415 (what is to be found)
    from svcctl.application.timer import TimerService  # noqa: PLC0415 (the same)

    assert internet.UDPServer is UDPServer
    assert internet.TimerService is TimerService
    with pytest.raises(AttributeError, match="has no attribute 'TPCServer'"):
        internet.TPCServer  # noqa: B018 (the point of the test)


def test_a_server_describes_where_it_listens() -> None:
    """For the manifest."""
    application = Application("shop")
    server().setServiceParent(application)
    assert server().listening_on() == (Tcp(0, LOOPBACK),)
