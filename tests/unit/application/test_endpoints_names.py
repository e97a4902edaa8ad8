"""The framework's names for endpoints."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from svcctl.application import endpoints, lifecycle
from svcctl.application.clients.service import ClientService
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.tls import Certificate
from svcctl.application.wire import Echo
from svcctl.endpoints.clients import TcpClient, UnixClient
from svcctl.endpoints.values import Ssl, Tcp, Tcp6, Unix
from svcctl.errors import ConnectError, EndpointError, FactoryError, UsageError
from tests.unit.application.clients import until
from tests.unit.application.conftest import Run
from tests.unit.application.serving import Upper

LOOPBACK = "127.0.0.1"
REACTOR = object()


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (endpoints.serverFromString(REACTOR, "tcp:80:interface=127.0.0.1"), Tcp(80, LOOPBACK)),
        (endpoints.TCP4ServerEndpoint(REACTOR, 80), Tcp(80)),
        (endpoints.TCP4ServerEndpoint(REACTOR, 80, 5, LOOPBACK), Tcp(80, LOOPBACK, 5)),
        (endpoints.TCP6ServerEndpoint(REACTOR, 80, interface="::1"), Tcp6(80, 50, "::1")),
        (
            endpoints.UNIXServerEndpoint(REACTOR, "/run/s", 5, 0o600, 1),
            Unix("/run/s", 0o600, 5, lockfile=True),
        ),
        (endpoints.UNIXServerEndpoint(REACTOR, "/run/s"), Unix("/run/s", lockfile=False)),
        (
            endpoints.SSL4ServerEndpoint(
                REACTOR, 443, Certificate("key.pem", "certificate.pem"), 5, LOOPBACK
            ),
            Ssl(443, "key.pem", "certificate.pem", interface=LOOPBACK, backlog=5),
        ),
        (endpoints.clientFromString(REACTOR, "unix:/run/s:timeout=5"), UnixClient("/run/s", 5.0)),
        (endpoints.TCP4ClientEndpoint(REACTOR, "host", 80, 5, LOOPBACK), TcpClient("host", 80, 5, LOOPBACK)),
        (endpoints.TCP6ClientEndpoint(REACTOR, "::1", 80), TcpClient("::1", 80, 30)),
        (endpoints.HostnameEndpoint(REACTOR, b"example.org", 80), TcpClient("example.org", 80, 30)),
        (endpoints.UNIXClientEndpoint(REACTOR, "/run/s", 5, 1), UnixClient("/run/s", 5, checkPID=True)),
    ],
)
def test_each_name_gives_a_value_of_ours(made: object, value: object) -> None:
    """The arguments are the framework's, in its order."""
    assert made == value


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: endpoints.TCP4ServerEndpoint(REACTOR, -1), UsageError),
        (lambda: endpoints.HostnameEndpoint(REACTOR, "", 80), UsageError),
        (lambda: endpoints.HostnameEndpoint(REACTOR, "host", 80, 30, (LOOPBACK, 5)), UsageError),
        (lambda: endpoints.UNIXClientEndpoint(REACTOR, ""), UsageError),
        (lambda: endpoints.clientFromString(REACTOR, "carrier:pigeon"), EndpointError),
        (lambda: endpoints.serverFromString(REACTOR, "carrier:pigeon"), EndpointError),
        (
            lambda: endpoints.SSL4ServerEndpoint(REACTOR, 443, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)),
            FactoryError,
        ),
    ],
)
def test_wrong_arguments_are_refused(call: Any, error: type[Exception]) -> None:  # noqa: ANN401 (a call that is wrong on purpose)
    """Where the user's line is."""
    with pytest.raises(error):
        call()


def test_the_services_of_endpoints_take_them(run: Run) -> None:
    """One to listen on, one to connect to."""

    async def main() -> bool:
        listening = endpoints.TCP4ServerEndpoint(REACTOR, 0, interface=LOOPBACK)
        server = StreamServerEndpointService(listening, Factory.forProtocol(Echo))
        await lifecycle.start(server)
        where = endpoints.TCP4ClientEndpoint(REACTOR, *server.address)
        client = ClientService(where, Factory.forProtocol(Protocol))
        await lifecycle.start(client)
        connected: bool = (await client.whenConnected()).connected
        await lifecycle.stop(client)
        await lifecycle.stop(server)
        return connected

    assert run(main())


class Asking(Protocol):
    """Keeps the answer."""

    answer = b""

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.answer += data


def test_a_protocol_that_is_there_already_is_connected(run: Run) -> None:
    """It is what the connection returns; its owner closes it."""

    async def main() -> bytes:
        echo = Factory.forProtocol(Echo)
        server = StreamServerEndpointService(Tcp(0, LOOPBACK), echo)
        await lifecycle.start(server)
        host, port = server.address
        asking = Asking()
        assert await endpoints.connectProtocol(f"tcp:{host}:{port}", asking) is asking
        asking.transport.write(b"question")
        await until(lambda: asking.answer)
        asking.transport.loseConnection()
        await until(lambda: not asking.connected)
        plain = Upper()
        assert await endpoints.connectProtocol(TcpClient(host, port), plain) is plain
        plain.transport.abort()
        await lifecycle.stop(server)
        with pytest.raises(ConnectError):
            await endpoints.connectProtocol(TcpClient(host, port), Asking())
        answer: bytes = asking.answer
        return answer

    assert run(main()) == b"question"
