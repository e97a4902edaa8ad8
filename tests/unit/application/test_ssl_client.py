"""Contexts of clients, against a server and by themselves."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from svcctl.application import tls
from svcctl.application.certificates.clients import client_context
from svcctl.application.certificates.contexts import check_context_factory, context_from
from svcctl.application.internet import SSLServer
from svcctl.application.protocol import Factory
from svcctl.application.wire import QOTD
from svcctl.errors import ConfigurationError, FactoryError
from tests.unit.application.certificates import LOOPBACK, started
from tests.unit.application.conftest import Run


async def quote(address: tuple[str, int], context: ssl.SSLContext, host: str = "localhost") -> bytes:
    """Return what a server of quotes says."""
    reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname=host)
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def server(pems: Path, *, asks: bool = False) -> SSLServer:
    """Return a server of quotes that may ask for the client's certificate."""
    context = tls.Certificate(str(pems / "leaf.all")).getContext()
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pems / "root.pem")
    return SSLServer(0, Factory.forProtocol(QOTD), context, interface=LOOPBACK)


def test_the_authorities_of_a_file_or_of_a_folder_are_trusted(run: Run, pems: Path, tmp_path: Path) -> None:
    """Under either name of the framework."""
    (tmp_path / "root.pem").write_bytes((pems / "root.pem").read_bytes())

    async def main() -> None:
        async with started(server(pems)) as service:
            for context in (
                client_context(trustRoots=str(tmp_path / "root.pem")),
                client_context(trustRoots=str(tmp_path)),
                client_context(caCertsDir=str(tmp_path)),
                client_context(caCertsDir=str(tmp_path), trustRoots=str(pems / "shop.pem")),
            ):
                assert b"apple" in await quote(service.address, context)

    run(main())


@pytest.mark.parametrize("context", [client_context(), tls.ClientContextFactory().getContext()])
def test_a_server_that_the_system_does_not_trust_is_refused(
    run: Run, pems: Path, context: ssl.SSLContext
) -> None:
    """Also by the class that verified nothing in the framework."""

    async def main() -> None:
        async with started(server(pems)) as service:
            with pytest.raises(ssl.SSLCertVerificationError):
                await quote(service.address, context)

    run(main())


def test_a_server_with_another_name_is_refused(run: Run, pems: Path) -> None:
    """Trusted authorities are not enough."""

    async def main() -> None:
        context = client_context(trustRoots=str(pems / "root.pem"))
        async with started(server(pems)) as service:
            with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
                await quote(service.address, context, "shop.example")

    run(main())


@pytest.mark.parametrize(
    ("key", "certificate"),
    [("client.key", "client.pem"), ("client.all", ""), ("", "client.all")],
    ids=["two files", "key has both", "certificate has both"],
)
def test_a_client_shows_its_certificate_to_a_server_that_asks(
    run: Run, pems: Path, key: str, certificate: str
) -> None:
    """Both may be in one file."""

    async def main() -> None:
        async with started(server(pems, asks=True)) as service:
            context = client_context(
                privateKey=str(pems / key) if key else "",
                certKey=str(pems / certificate) if certificate else "",
                trustRoots=str(pems / "root.pem"),
            )
            assert b"apple" in await quote(service.address, context)

    run(main())


@pytest.mark.parametrize(
    ("argument", "file", "message"),
    [
        ("privateKey", "client.key", r"client\.key holds no certificate"),
        ("privateKey", "missing", r"cannot read \S*missing"),
        ("certKey", "client.pem", r"client\.pem holds no private key"),
        ("trustRoots", "missing", r"cannot read \S*missing: No such file"),
        ("trustRoots", "empty.pem", r"empty\.pem holds no certificate"),
        ("trustRoots", "broken.pem", r"cannot use the authorities in \S*broken\.pem"),
        ("caCertsDir", ".", r"(empty|broken)\.pem"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(pems: Path, argument: str, file: str, message: str) -> None:
    """Before anything connects."""
    with pytest.raises(ConfigurationError, match=message):
        client_context(**{argument: str(pems / file)})


def test_a_folder_without_authorities_is_an_error(tmp_path: Path) -> None:
    """Trusting the system's instead would be a surprise."""
    with pytest.raises(ConfigurationError, match=r"has no \*\.pem file"):
        client_context(caCertsDir=str(tmp_path))


def test_contexts_of_servers_are_refused_for_clients(pems: Path) -> None:
    """At once where they are given, or when they are made."""
    check_context_factory(tls.ClientContextFactory(), server=False)
    certificate = tls.Certificate(str(pems / "leaf.all"))
    with pytest.raises(FactoryError, match="is for servers, and this is a client") as caught:
        check_context_factory(certificate.getContext(), server=False)
    assert "PROTOCOL_TLS_CLIENT" in caught.value.hint
    with pytest.raises(FactoryError, match="is for servers"):
        context_from(certificate, server=False)
    with pytest.raises(FactoryError, match="str object makes no TLS context") as caught:
        check_context_factory("key.pem", server=False)
    assert "tls.client_context()" in caught.value.hint
