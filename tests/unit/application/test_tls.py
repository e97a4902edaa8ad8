"""TLS servers by their endpoints, and the errors of files that cannot be used."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import pickle
import socket
import ssl
from pathlib import Path

import pytest

from svcctl.application import lifecycle, tls
from svcctl.application.certificates import pem
from svcctl.application.certificates.pem import server_context
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.protocol import Factory
from svcctl.application.servers.sockets import Inherited, hand_over
from svcctl.application.wire import Echo
from svcctl.endpoints.values import Ssl, descriptor_name
from svcctl.errors import EX_CONFIG, ConfigurationError, StartError
from tests.unit.application.certificates import LOOPBACK, openssl, s_client, started
from tests.unit.application.clients import close, talk, until
from tests.unit.application.conftest import Run


def endpoint(
    pems: Path, key: str = "leaf.key", certificate: str = "leaf.pem", chain: str = "middle.pem"
) -> Ssl:
    """Return an endpoint with files of the folder."""
    files = [str(pems / name) if name else "" for name in (key, certificate, chain)]
    return Ssl(0, files[0], files[1], files[2], LOOPBACK)


async def talk_tls(address: tuple[str, int], pems: Path, data: bytes) -> bytes:
    """Connect with TLS, trusting the authority alone; send, and return as many bytes as were sent."""
    context = tls.client_context(trustRoots=str(pems / "root.pem"))
    reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname="localhost")
    try:
        writer.write(data)
        return await reader.readexactly(len(data))
    finally:
        await close(writer)


def test_a_tls_server_serves_with_its_whole_chain(run: Run, pems: Path) -> None:
    """A client that knows the authority alone trusts it."""

    async def main() -> None:
        async with started(StreamServerEndpointService(endpoint(pems), Factory.forProtocol(Echo))) as service:
            assert await talk_tls(service.address, pems, b"secret") == b"secret"

    run(main())


def test_tls_works_over_an_inherited_socket(run: Run, pems: Path) -> None:
    """Which the framework could not do."""

    async def main() -> None:
        described = endpoint(pems)
        with socket.create_server((LOOPBACK, 0)) as sock:
            hand_over(Inherited([(descriptor_name(described), sock)], unit="web.service"))
            async with started(StreamServerEndpointService(described, Factory.forProtocol(Echo))):
                assert await talk_tls(sock.getsockname(), pems, b"secret") == b"secret"

    run(main())


def test_a_client_that_speaks_no_tls_costs_its_own_connection_alone(run: Run, pems: Path) -> None:
    """It gets no answer of the protocol; those before and after it are served."""

    async def main() -> None:
        async with started(StreamServerEndpointService(endpoint(pems), Factory.forProtocol(Echo))) as service:
            verified = ("-quiet", "-verify_return_error", "-CAfile", str(pems / "root.pem"))
            before = await s_client(service.address, *verified, "-verify_hostname", "localhost")
            assert before.stdin is not None
            assert before.stdout is not None
            before.stdin.write(b"one\n")
            assert await before.stdout.readline() == b"one\n"
            assert b"GET" not in await talk(service.address, b"GET / HTTP/1.0\r\n\r\n")
            assert await talk_tls(service.address, pems, b"secret") == b"secret"
            before.stdin.write(b"two\n")
            assert await before.stdout.readline() == b"two\n"
            before.kill()
            await before.communicate()

    run(main())


def test_key_and_certificate_may_be_in_one_file(pems: Path) -> None:
    """As in the framework's description without `certKey`."""
    assert isinstance(server_context(str(pems / "leaf.all")), ssl.SSLContext)


def test_a_key_is_not_copied_with_the_certificate_beside_it(
    pems: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain that is in a file of its own is put together with the certificate in a temporary one."""
    real, together = pem.load_key, []

    def load_key(context: ssl.SSLContext, key: str, certificate: str, *, shown: str) -> None:
        together.append(Path(certificate).read_bytes())
        real(context, key, certificate, shown=shown)

    monkeypatch.setattr(pem, "load_key", load_key)
    (pems / "beside.pem").write_bytes((pems / "leaf.key").read_bytes() + (pems / "leaf.pem").read_bytes())
    server_context(str(pems / "beside.pem"), extraCertChain=str(pems / "middle.pem"))
    (written,) = together
    assert (written.count(b"BEGIN CERTIFICATE"), written.count(b"PRIVATE KEY")) == (2, 0)


def test_parameters_of_the_key_exchange_are_loaded(pems: Path, tmp_path: Path) -> None:
    """A file that holds none is named."""
    openssl(tmp_path, "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", "p")
    (tmp_path / "dh").write_bytes(openssl(tmp_path, "dhparam", "-in", "p"))
    described = endpoint(pems).replace(dhParameters=str(tmp_path / "dh"))
    source = tls.source_of(described)
    assert isinstance(source, tls.Certificate)
    assert isinstance(source.getContext(), ssl.SSLContext)
    with pytest.raises(ConfigurationError, match=r"leaf\.pem holds no DH parameters"):
        source.replace(dhParameters=str(pems / "leaf.pem")).getContext()
    (tmp_path / "dh").write_text("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n")
    with pytest.raises(ConfigurationError, match="cannot use the parameters in"):
        source.getContext()


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
    ("key", "certificate", "chain", "message"),
    [
        ("missing.key", "leaf.pem", "", r"cannot read \S*missing\.key: No such file"),
        ("leaf.key", "missing.pem", "middle.pem", r"cannot read \S*missing\.pem: No such file"),
        ("leaf.key", "leaf.pem", "missing.pem", r"cannot read \S*missing\.pem: No such file"),
        ("leaf.key", "leaf.pem", "empty.pem", r"empty\.pem holds no certificate"),
        ("leaf.key", "leaf.key", "", r"leaf\.key holds no certificate"),
        ("leaf.pem", "", "", r"leaf\.pem holds no private key"),
        ("root.key", "leaf.pem", "", r"root\.key does not belong to the certificate in \S*leaf\.pem"),
        ("root.key", "leaf.pem", "middle.pem", r"certificate in \S*leaf\.pem and \S*middle\.pem"),
        ("leaf.key", "broken.pem", "", r"cannot use the key in \S*leaf\.key with .* \S*broken\.pem"),
        ("locked.key", "leaf.pem", "", r"locked\.key is protected by a passphrase"),
        ("", "leaf.pem", "", "cannot read"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    pems: Path, key: str, certificate: str, chain: str, message: str
) -> None:
    """With the status for a wrong configuration, and never with what is in it."""
    source = tls.source_of(endpoint(pems, key, certificate, chain))
    assert source is not None
    with pytest.raises(ConfigurationError, match=message) as caught:
        source.getContext()
    assert caught.value.exit_status == EX_CONFIG
    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize("missing", ["leaf.key", "leaf.pem"])
def test_a_file_that_may_not_be_read_says_when_it_may(
    pems: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """A key of root's cannot be read once the process is somebody else."""
    real = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == missing:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigurationError, match=rf"{missing}: Permission denied") as caught:
        server_context(str(pems / "leaf.key"), str(pems / "leaf.pem"))
    assert f"user {os.geteuid()}" in caught.value.hint
    assert "restart" in caught.value.hint


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
        async with started(service):
            assert await talk_tls(service.address, pems, b"secret") == b"secret"

    run(main())


def test_a_wrong_certificate_fails_before_anything_starts_and_holds_no_port(run: Run, pems: Path) -> None:
    """It is a failure to bind."""

    async def main() -> None:
        service = StreamServerEndpointService(endpoint(pems, key="root.key"), Factory.forProtocol(Echo))
        with pytest.raises(StartError) as caught:
            await lifecycle.start(service)
        assert caught.value.phase == "bind"
        assert caught.value.exit_status == EX_CONFIG
        assert service.address is None
        assert service._listening is None

    run(main())


def test_nothing_of_a_key_is_logged_and_nothing_of_it_is_kept(
    run: Run, pems: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A running server can be copied, and pickled; the copy is stopped and reads the files itself."""
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with started(StreamServerEndpointService(endpoint(pems), Factory.forProtocol(Echo))) as service:
            await talk_tls(service.address, pems, b"secret")
            assert copy.copy(service)._tls is None
            data = pickle.dumps(service)
            assert b"PRIVATE KEY" not in data
            async with started(pickle.loads(data)) as other:  # noqa: S301 (made just above)
                assert await talk_tls(other.address, pems, b"secret") == b"secret"
        assert service._tls is None

    run(main())
    assert "PRIVATE KEY" not in caplog.text
