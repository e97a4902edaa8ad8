"""A folder of certificates: who is shown which, and what happens when the files change."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.application import tls
from svcctl.application.certificates.sni import folder_context
from svcctl.application.internet import SSLServer, StreamServerEndpointService
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo
from svcctl.endpoints.rare import Tls
from svcctl.errors import ConfigurationError
from tests.fakes import loop as jumping
from tests.unit.application.certificates import LOOPBACK, shown_to, started
from tests.unit.application.conftest import Run


@pytest.fixture
def folder(pems: Path, tmp_path: Path) -> Path:
    """Return a folder of three certificates, and of files that are none of its business."""
    for position, name in enumerate(["leaf", "shop", "plain.example"]):
        (tmp_path / f"{position}.pem").write_bytes((pems / f"{name}.all").read_bytes())
    (tmp_path / ".hidden.pem").write_text("an editor's")
    (tmp_path / "README").write_text("for people")
    return tmp_path


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("localhost", "leaf"),
        ("shop.example", "shop"),
        ("SHOP.Example", "shop"),
        ("www.shop.example", "shop"),
        ("a.b.shop.example", "leaf"),
        ("plain.example", "plain.example"),
        ("unknown.example", "leaf"),
        ("example", "leaf"),
        ("", "leaf"),
    ],
)
def test_openssl_is_shown_the_certificate_of_the_host_it_asks_for(
    run: Run, folder: Path, host: str, shown: str
) -> None:
    """The first file serves whoever asks for none or for an unknown one; a wildcard stands for one label."""

    async def main() -> None:
        endpoint = Tls(str(folder), 0, interface="::1")
        async with started(StreamServerEndpointService(endpoint, Factory.forProtocol(Echo))) as service:
            assert await shown_to(service.address, host) == shown

    run(main())


def test_a_folder_is_one_more_kind_of_context(run: Run, folder: Path) -> None:
    """For SSLServer, whose interface may be of either family."""

    async def main() -> None:
        context = tls.Folder(str(folder))
        async with started(SSLServer(0, Factory.forProtocol(Echo), context, interface=LOOPBACK)) as service:
            assert await shown_to(service.address, "shop.example") == "shop"

    run(main())


def test_a_chain_is_sent_with_the_certificate_that_was_chosen(run: Run, folder: Path, pems: Path) -> None:
    """A client that knows the authority alone can verify each of them."""

    async def main() -> None:
        (folder / "0.pem").rename(folder / "9.pem")
        context = tls.client_context(trustRoots=str(pems / "root.pem"))
        endpoint = Tls(str(folder), 0, interface="::1")
        async with started(StreamServerEndpointService(endpoint, Factory.forProtocol(Echo))) as service:
            for host in ("localhost", "www.shop.example"):
                _, writer = await asyncio.open_connection(
                    *service.address[:2], ssl=context, server_hostname=host
                )
                writer.close()
                await writer.wait_closed()

    run(main())


def test_of_two_files_for_one_host_the_first_serves_it_and_the_log_says_so(
    pems: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An old one that was left there is easy to overlook otherwise."""
    (folder / "9.pem").write_bytes((pems / "renewed.all").read_bytes())
    folder_context(str(folder))
    (record,) = caplog.records
    assert (record.__dict__["svcctl_host"], record.__dict__["svcctl_file"]) == (
        "localhost",
        str(folder / "9.pem"),
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"has no \*\.pem file"),
        ({"leaf.all": "0.pem", "empty.pem": "1.pem"}, r"1\.pem holds no certificate"),
        ({"leaf.all": "0.pem", "leaf.pem": "1.pem"}, r"1\.pem holds no private key"),
        ({"leaf.all": "0.pem", "broken.pem": "1.pem"}, r"1\.pem holds no private key"),
    ],
)
def test_a_file_of_the_folder_that_cannot_be_used_is_named(
    pems: Path, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    """So is the folder if it is empty."""
    for source, name in files.items():
        (tmp_path / name).write_bytes((pems / source).read_bytes())
    with pytest.raises(ConfigurationError, match=message) as caught:
        folder_context(str(tmp_path))
    assert str(tmp_path) in str(caught.value)


def test_a_folder_that_is_none_is_named(pems: Path, tmp_path: Path) -> None:
    """Whether it is missing or a file."""
    with pytest.raises(ConfigurationError, match=r"cannot read \S*missing: No such file"):
        folder_context(str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match=r"leaf\.pem: Not a directory"):
        folder_context(str(pems / "leaf.pem"))


class Sight:
    """Counts how often the files of a folder are looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = tls.Folder(str(folder))
        self.looks = 0

    def getContext(self) -> object:
        """Return the folder's."""
        return self.folder.getContext()

    def stamp(self) -> object:
        """Return the folder's."""
        self.looks += 1
        return self.folder.stamp()


def change(folder: Path, pems: Path, source: str, name: str) -> None:
    """Replace a file as programs do that renew certificates: by another one under its name."""
    new = folder / ".new"
    new.write_bytes((pems / source).read_bytes())
    new.replace(folder / name)


def test_changed_files_are_found_without_a_reload(folder: Path, pems: Path) -> None:
    """A file that came, changed or went; each at the first connection after the time between two looks."""

    async def main() -> None:
        current = tls.CurrentContext(tls.Folder(str(folder)))
        seen = [current()]
        steps: list[Callable[[], None]] = [
            lambda: change(folder, pems, "renewed.all", "0.pem"),
            lambda: change(folder, pems, "client.all", "7.pem"),
            (folder / "1.pem").unlink,
            lambda: os.utime(folder / "2.pem", ns=(0, 0)),
            lambda: (folder / "2.pem").chmod(0o600),
        ]
        for step in steps:
            step()
            assert current() is seen[-1]
            await asyncio.sleep(10)
            assert current() is not seen[-1]
            seen.append(current())

    jumping.run(main())


def test_many_clients_do_not_make_many_looks(folder: Path) -> None:
    """One in ten seconds, whoever comes."""

    async def main() -> None:
        sight = Sight(folder)
        current = tls.CurrentContext(sight)
        for _ in range(100):
            current()
            await asyncio.sleep(0.5)
        assert sight.looks == 1 + 50 / 10

    jumping.run(main())


def test_changed_files_that_cannot_be_used_are_reported_once_and_change_nothing(
    folder: Path, pems: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Until they change again."""
    caplog.set_level(logging.INFO)

    async def main() -> None:
        current = tls.CurrentContext(tls.Folder(str(folder)))
        before = current()
        change(folder, pems, "root.key", "1.pem")
        for _ in range(3):
            await asyncio.sleep(10)
            assert current() is before
        (error,) = caplog.records
        assert error.levelname == "ERROR"
        assert f"{folder}/1.pem holds no certificate" in error.__dict__["svcctl_error"]
        change(folder, pems, "shop.all", "1.pem")
        await asyncio.sleep(10)
        assert current() is not before
        assert caplog.records[-1].message == "certificates have changed"

    jumping.run(main())


def test_a_folder_that_vanishes_changes_nothing(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is reported, once."""

    async def main() -> None:
        current = tls.CurrentContext(tls.Folder(str(folder)))
        before = current()
        moved = folder.rename(folder.with_name("moved"))  # noqa: ASYNC240 (nothing else runs)
        for _ in range(3):
            await asyncio.sleep(10)
            assert current() is before
        assert len(caplog.records) == 1
        moved.rename(folder)
        await asyncio.sleep(10)
        assert current() is not before

    jumping.run(main())
