"""A reload reads certificates again, and leaves those before in force if it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.application import lifecycle, tls
from svcctl.application.internet import (
    SSLServer,
    StreamServerEndpointService,
    TCPServer,
    UNIXServer,
)
from svcctl.application.lifecycle import State
from svcctl.application.protocol import Factory
from svcctl.application.service import Application, MultiService, Service
from svcctl.application.tree.record import record_of
from svcctl.application.wire import Echo
from svcctl.endpoints.rare import Tls
from svcctl.endpoints.values import Ssl
from svcctl.errors import ConfigurationError, ReloadError
from svcctl.manifest.model import Origin
from tests.unit.application.certificates import LOOPBACK, s_client, shown_to, started
from tests.unit.application.conftest import Run

ECHO = Factory.forProtocol(Echo)


def servers(folder: Path) -> list[StreamServerEndpointService]:
    """Return a server of each kind that reads the folder's one file."""
    path = str(folder / "web.pem")
    return [
        SSLServer(0, ECHO, tls.Certificate(path), interface=LOOPBACK),
        SSLServer(0, ECHO, tls.Certificate(path), interface="::1"),
        StreamServerEndpointService(Ssl(0, path, interface=LOOPBACK), ECHO),
        StreamServerEndpointService(Tls(str(folder), 0, interface="::1"), ECHO),
    ]


def put(pems: Path, folder: Path, name: str) -> None:
    """Make a certificate the current one."""
    (folder / "web.pem").write_bytes((pems / name).read_bytes())


@pytest.mark.parametrize("position", range(4))
def test_openssl_is_shown_the_new_certificate_while_an_older_connection_goes_on(
    run: Run, pems: Path, tmp_path: Path, position: int
) -> None:
    """The certificate is another one for connections from the reload on."""

    async def main() -> None:
        put(pems, tmp_path, "leaf.all")
        async with started(servers(tmp_path)[position]) as service:
            assert await shown_to(service.address) == "leaf"
            older = await s_client(service.address, "-quiet")
            assert older.stdin is not None
            assert older.stdout is not None
            older.stdin.write(b"one\n")
            assert await older.stdout.readline() == b"one\n"
            put(pems, tmp_path, "renewed.all")
            await lifecycle.reload(service)
            assert await shown_to(service.address) == "renewed"
            older.stdin.write(b"two\n")
            assert await older.stdout.readline() == b"two\n"
            older.kill()
            await older.communicate()

    run(main())


@pytest.mark.parametrize("position", range(4))
def test_a_reload_that_fails_names_path_and_file_and_changes_nothing(
    run: Run, pems: Path, tmp_path: Path, position: int
) -> None:
    """The service stays ready, and the next reload may succeed."""

    async def main() -> None:
        put(pems, tmp_path, "leaf.all")
        service = servers(tmp_path)[position]
        service.setName("web")
        async with started(service):
            put(pems, tmp_path, "empty.pem")
            with pytest.raises(ReloadError, match=r"^web refuses to reload: \S*web\.pem holds no") as caught:
                await lifecycle.reload(service)
            assert isinstance(caught.value.__cause__, ConfigurationError)
            assert record_of(service).state is State.READY
            assert await shown_to(service.address) == "leaf"
            put(pems, tmp_path, "renewed.all")
            await lifecycle.reload(service)
            assert await shown_to(service.address) == "renewed"

    run(main())


@pytest.mark.parametrize("position", range(4))
def test_a_reload_that_fails_elsewhere_takes_the_new_certificate_back(
    run: Run, pems: Path, tmp_path: Path, position: int
) -> None:
    """The files stay as they are, and the next reload uses them."""

    class Failing(Service):
        failing = True

        def reload(self) -> None:
            if self.failing:
                raise ValueError("bad file")

    async def main() -> None:
        put(pems, tmp_path, "leaf.all")
        root, server, failing = MultiService(), servers(tmp_path)[position], Failing()
        server.setName("web")
        server.setServiceParent(root)
        failing.setServiceParent(root)
        async with started(root):
            put(pems, tmp_path, "renewed.all")
            with pytest.raises(ReloadError) as caught:
                await lifecycle.reload(root)
            assert caught.value.reverted == ("MultiService[0]/web",)
            assert await shown_to(server.address) == "leaf"
            failing.failing = False
            await lifecycle.reload(root)
            assert await shown_to(server.address) == "renewed"

    run(main())


def test_an_object_that_makes_contexts_is_asked_again(run: Run, pems: Path) -> None:
    """It may return another one."""

    class Alternating:
        names = iter(["leaf", "renewed"])

        def getContext(self) -> object:
            return tls.Certificate(str(pems / f"{next(self.names)}.all")).getContext()

    async def main() -> None:
        async with started(SSLServer(0, ECHO, Alternating(), interface=LOOPBACK)) as service:
            assert await shown_to(service.address) == "leaf"
            await lifecycle.reload(service)
            assert await shown_to(service.address) == "renewed"

    run(main())


def test_only_servers_with_files_can_be_reloaded(pems: Path, tmp_path: Path) -> None:
    """The hook of the others is not there, so that their unit does not offer it."""
    assert all(callable(service.reload) for service in servers(tmp_path))
    context = tls.Certificate(str(pems / "leaf.all")).getContext()
    others = [
        TCPServer(0, ECHO),
        TCPServer(0, ECHO, interface="::1"),
        UNIXServer(str(tmp_path / "s"), ECHO),
        StreamServerEndpointService("systemd:domain=INET:name=web", ECHO),
        SSLServer(0, ECHO, context),
    ]
    assert [service.reload for service in others] == [None] * 5


@pytest.mark.parametrize("files", [True, False])
def test_the_manifest_says_whether_a_reload_does_anything(files: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """For the whole tree."""
    application = Application("web")
    inner = MultiService()
    inner.setServiceParent(application)
    TCPServer(8000, ECHO).setServiceParent(inner)
    if files:
        SSLServer(8443, ECHO, tls.Certificate("/etc/web.pem")).setServiceParent(inner)
    manifest = application.describe(Origin(kind="tac", digest="0" * 64))
    assert manifest.lifecycle.reload is files
