"""TLS servers, with a certificate made for the test."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from svcctl.application import lifecycle
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.protocol import Factory
from svcctl.application.sockets import Inherited, hand_over
from svcctl.application.tls import server_context
from svcctl.application.wire import Echo
from svcctl.endpoints.values import Ssl, descriptor_name
from svcctl.errors import EX_CONFIG, ConfigurationError, StartError
from tests.unit.application.clients import close, until
from tests.unit.application.conftest import Run

LOOPBACK = "127.0.0.1"


def openssl(folder: Path, *arguments: str) -> None:
    """Run the openssl tool."""
    tool = shutil.which("openssl")
    assert tool is not None
    subprocess.run([tool, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority, a certificate below an intermediate one, and some that do not fit."""
    folder = tmp_path_factory.mktemp("pems")
    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2")
    openssl(folder, *new, "-x509", "-subj", "/CN=root", "-keyout", "root.key", "-out", "root.pem")
    (folder / "ca.cnf").write_text("basicConstraints=critical,CA:TRUE\n")
    (folder / "leaf.cnf").write_text("subjectAltName=DNS:localhost\n")
    for name, issuer, extensions in (("middle", "root", "ca.cnf"), ("leaf", "middle", "leaf.cnf")):
        openssl(folder, *new[:-2], "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        sign = ("x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey")
        openssl(
            folder, *sign, f"{issuer}.key", "-CAcreateserial", "-extfile", extensions, "-out", f"{name}.pem"
        )
    both = (folder / "leaf.key").read_bytes() + (folder / "leaf.pem").read_bytes()
    (folder / "both.pem").write_bytes(both)
    openssl(folder, "pkcs8", "-topk8", "-in", "leaf.key", "-passout", "pass:secret", "-out", "locked.key")
    return folder


def endpoint(
    pems: Path, key: str = "leaf.key", certificate: str = "leaf.pem", chain: str = "middle.pem"
) -> Ssl:
    """Return an endpoint with files of the folder."""
    files = [str(pems / name) if name else "" for name in (key, certificate, chain)]
    return Ssl(0, files[0], files[1], files[2], LOOPBACK)


async def talk_tls(address: tuple[str, int], pems: Path, data: bytes) -> bytes:
    """Connect with TLS, trusting the authority alone; send, and return as many bytes as were sent."""
    context = ssl.create_default_context(cafile=str(pems / "root.pem"))
    reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname="localhost")
    try:
        writer.write(data)
        return await reader.readexactly(len(data))
    finally:
        await close(writer)


def test_a_tls_server_serves_with_its_whole_chain(run: Run, pems: Path) -> None:
    """A client that knows the authority alone trusts it."""

    async def main() -> None:
        service = StreamServerEndpointService(endpoint(pems), Factory.forProtocol(Echo))
        await lifecycle.start(service)
        assert await talk_tls(service.address, pems, b"secret") == b"secret"
        await lifecycle.stop(service)

    run(main())


def test_tls_works_over_an_inherited_socket(run: Run, pems: Path) -> None:
    """Which the framework could not do."""

    async def main() -> None:
        described = endpoint(pems)
        with socket.create_server((LOOPBACK, 0)) as sock:
            hand_over(Inherited([(descriptor_name(described), sock)], unit="web.service"))
            service = StreamServerEndpointService(described, Factory.forProtocol(Echo))
            await lifecycle.start(service)
            assert await talk_tls(sock.getsockname(), pems, b"secret") == b"secret"
            await lifecycle.stop(service)

    run(main())


def test_key_and_certificate_may_be_in_one_file(pems: Path) -> None:
    """As in the framework's description without `certKey`."""
    context = server_context(endpoint(pems, key="both.pem", certificate="", chain=""))
    assert isinstance(context, ssl.SSLContext)


def test_a_client_that_never_shakes_hands_is_cut_off(run: Run, pems: Path) -> None:
    """It is accepted and attached to nothing; the stop does not wait longer than its limit."""

    async def main() -> None:
        service = StreamServerEndpointService(endpoint(pems), Factory.forProtocol(Echo))
        await lifecycle.start(service)
        client = socket.create_connection(service.address)
        await until(lambda: service.connections)
        await lifecycle.stop(service, 0.1)
        assert service.connections == 0
        client.close()

    run(main())


@pytest.mark.parametrize(
    ("key", "certificate", "chain"),
    [
        ("missing.key", "leaf.pem", ""),
        ("leaf.key", "missing.pem", "middle.pem"),
        ("root.key", "leaf.pem", ""),
        ("leaf.key", "leaf.key", ""),
        ("leaf.key", "leaf.pem", "missing.pem"),
    ],
    ids=["no key", "no certificate", "another key", "no PEM", "no chain"],
)
def test_files_that_do_not_fit_are_an_error_with_a_hint(
    pems: Path, key: str, certificate: str, chain: str
) -> None:
    """With the status for a wrong configuration."""
    with pytest.raises(ConfigurationError, match="cannot use the key") as caught:
        server_context(endpoint(pems, key, certificate, chain))
    assert "the key belongs to the certificate" in caught.value.hint
    assert caught.value.exit_status == EX_CONFIG


def test_a_key_with_a_passphrase_is_refused_instead_of_asking_the_terminal(pems: Path) -> None:
    """A service has none, and would wait there for ever."""
    with pytest.raises(ConfigurationError, match="protected by a passphrase"):
        server_context(endpoint(pems, key="locked.key"))


def test_the_key_is_read_while_it_still_may_be(run: Run, pems: Path, tmp_path: Path) -> None:
    """In the privileged part of the start: afterwards the process may be somebody who cannot."""

    async def main() -> None:
        key = tmp_path / "leaf.key"
        key.write_bytes((pems / "leaf.key").read_bytes())
        service = StreamServerEndpointService(
            endpoint(pems).replace(privateKey=str(key)), Factory.forProtocol(Echo)
        )
        await lifecycle.bind(service)
        key.unlink()
        await lifecycle.start(service)
        assert await talk_tls(service.address, pems, b"secret") == b"secret"
        await lifecycle.stop(service)

    run(main())


def test_a_wrong_certificate_fails_before_anything_starts_and_holds_no_port(run: Run, pems: Path) -> None:
    """It is a failure to bind."""

    async def main() -> None:
        service = StreamServerEndpointService(endpoint(pems, key="root.key"), Factory.forProtocol(Echo))
        with pytest.raises(StartError) as caught:
            await lifecycle.start(service)
        assert caught.value.phase == "bind"
        assert service.address is None
        assert service._listening is None

    run(main())
