"""SSLServer: every kind of context, and what is none."""

from __future__ import annotations

import copy
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle, tls
from svcctl.application.internet import SSLServer
from svcctl.application.protocol import Factory
from svcctl.application.servers.sockets import Inherited, hand_over
from svcctl.application.wire import QOTD, Echo
from svcctl.endpoints.values import Ssl, Tcp, Tcp6, descriptor_name
from svcctl.errors import EX_CONFIG, FactoryError, StartError, UsageError
from tests.unit.application.certificates import LOOPBACK, all_output, s_client, shown_to, started
from tests.unit.application.conftest import Run


class Made:
    """What users of the framework write to make contexts themselves."""

    def __init__(self, context: Any) -> None:  # noqa: ANN401 (whatever users return)
        self.context = context

    def getContext(self) -> Any:  # noqa: ANN401 (the same)
        """Return it."""
        return self.context


def certificate(pems: Path, name: str = "leaf") -> tls.Certificate:
    """Return a certificate of the folder, with its chain."""
    return tls.Certificate(str(pems / f"{name}.all"))


def own_context(pems: Path) -> ssl.SSLContext:
    """Return a context that the user made."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pems / "leaf.all")
    return context


SOURCES: dict[str, Callable[[Path], Any]] = {
    "certificate": certificate,
    "context": own_context,
    "getContext": lambda pems: Made(own_context(pems)),
    "framework's": lambda pems: tls.DefaultOpenSSLContextFactory(
        str(pems / "leaf.key"), str(pems / "leaf.pem")
    ),
}


@pytest.mark.parametrize("kind", list(SOURCES))
@pytest.mark.parametrize("interface", [LOOPBACK, "::1"])
def test_openssl_is_served_with_every_kind_of_context(
    run: Run, pems: Path, kind: str, interface: str
) -> None:
    """Over both families of addresses; the name and the chain are verified but for kinds that have none."""

    async def main() -> None:
        factory = Factory.forProtocol(QOTD)
        async with started(
            SSLServer(0, factory, SOURCES[kind](pems), backlog=5, interface=interface)
        ) as service:
            trust = ("-CAfile", str(pems / ("middle.pem" if kind == "framework's" else "root.pem")))
            partial = ("-partial_chain",) if kind == "framework's" else ()
            verified = ("-verify_return_error", "-verify_hostname", "localhost", *trust, *partial)
            client = await s_client(service.address, "-quiet", *verified)
            assert await all_output(client) == "An apple a day keeps the doctor away.\r\n"
            assert client.returncode == 0

    run(main())


def test_a_socket_is_inherited_under_the_name_of_its_description(run: Run, pems: Path) -> None:
    """The generator of units and the server agree."""

    async def main() -> None:
        service = SSLServer(8443, Factory.forProtocol(Echo), certificate(pems), interface=LOOPBACK)
        (endpoint,) = service.listening_on()
        with socket.create_server((LOOPBACK, 0)) as sock:
            hand_over(Inherited([(descriptor_name(endpoint), sock)], unit="web.service"))
            async with started(service):
                assert await shown_to(sock.getsockname()) == "leaf"

    run(main())


def test_the_description_names_the_files_where_it_knows_them(pems: Path) -> None:
    """So that an installation can say what the service will not be able to read."""
    files = tls.Certificate("/k.pem", certKey="/c.pem", extraCertChain="/x.pem", dhParameters="/d.pem")
    factory = Factory.forProtocol(Echo)
    named = SSLServer(443, factory, files, backlog=9, interface="127.0.0.2")
    assert named.listening_on() == (Ssl(443, "/k.pem", "/c.pem", "/x.pem", "127.0.0.2", 9, "/d.pem"),)
    assert SSLServer(443, factory, files, interface="::1").endpoint == Tcp6(443, 50, "::1")
    assert SSLServer(443, factory, own_context(pems)).endpoint == Tcp(443)
    assert SSLServer(443, factory, tls.Folder("/etc/certs")).endpoint == Tcp(443)


def test_clients_are_asked_for_a_certificate_with_a_context_of_ones_own(run: Run, pems: Path) -> None:
    """One without is turned away, one with is served."""

    async def main() -> None:
        context = own_context(pems)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pems / "root.pem")
        async with started(SSLServer(0, Factory.forProtocol(QOTD), context, interface=LOOPBACK)) as service:
            stranger = await s_client(service.address, "-quiet")
            assert "apple" not in await all_output(stranger)
            known = await s_client(
                service.address, "-quiet", "-cert", str(pems / "client.pem"), "-key", str(pems / "client.key")
            )
            assert "apple" in await all_output(known)

    run(main())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("-----BEGIN PRIVATE KEY-----", "str object makes no TLS context"),
        (None, "NoneType object makes no TLS context"),
        (tls.Certificate, "Certificate is a class"),
        (Path, "Path object makes no TLS context"),
        (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "the TLS context is for clients, and this is a server"),
    ],
    ids=["text", "nothing", "class", "another class", "wrong side"],
)
def test_what_makes_no_context_is_an_error_where_it_is_given(given: object, message: str) -> None:
    """Without showing it: it may be a key."""
    with pytest.raises(FactoryError, match=message) as caught:
        SSLServer(0, Factory.forProtocol(Echo), given)
    assert caught.value.hint
    assert "BEGIN" not in str(caught.value)


def test_other_wrong_arguments_are_errors_where_they_are_given(pems: Path) -> None:
    """As with every server."""
    with pytest.raises(UsageError, match="no port"):
        SSLServer(65536, Factory.forProtocol(Echo), certificate(pems))
    with pytest.raises(FactoryError):
        SSLServer(0, Echo, certificate(pems))


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (object(), r"getContext\(\) of Made returned a builtins\.object"),
        (tls.client_context(), "is for clients"),
    ],
)
def test_what_get_context_returns_is_checked_at_the_start(run: Run, returned: object, message: str) -> None:
    """It is not called before."""

    async def main() -> None:
        service = SSLServer(0, Factory.forProtocol(Echo), Made(returned))
        with pytest.raises(StartError, match=message):
            await lifecycle.start(service)

    run(main())


def test_a_certificate_that_is_missing_is_a_failed_start_with_path_and_file(run: Run) -> None:
    """The tree's path comes from the driver."""

    async def main() -> None:
        service = SSLServer(0, Factory.forProtocol(Echo), tls.Certificate("/nowhere/key.pem"))
        service.setName("web")
        with pytest.raises(
            StartError, match=r"web failed to bind: cannot read /nowhere/key\.pem: No such"
        ) as caught:
            await lifecycle.start(service)
        assert caught.value.exit_status == EX_CONFIG

    run(main())


def test_it_can_be_started_again_and_copied(run: Run, pems: Path) -> None:
    """A copy of a running one is stopped."""

    async def main() -> None:
        service = SSLServer(0, Factory.forProtocol(Echo), certificate(pems), interface=LOOPBACK)
        for _ in range(2):
            async with started(service):
                assert await shown_to(service.address) == "leaf"
                assert copy.copy(service).address is None

    run(main())
