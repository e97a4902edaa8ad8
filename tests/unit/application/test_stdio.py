"""The service of standard input and output, over pipes, sockets and in a process of its own."""

from __future__ import annotations

import asyncio
import copy
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.service import MultiService
from svcctl.application.stdio import StdioService
from svcctl.application.strports import service
from svcctl.endpoints.rare import Stdio
from svcctl.errors import FactoryError, StartError
from tests.unit.application.clients import read_all, until
from tests.unit.application.conftest import Run
from tests.unit.application.serving import FACTORIES, Shouting

IDS = ["class", "maker", "handler", "object", "framework"]


class Ends:
    """The two pipes of a service, and the other ends of them."""

    def __init__(self) -> None:
        self.source, self.into = os.pipe()
        self.out_of, self.sink = os.pipe()

    @property
    def descriptors(self) -> tuple[int, int]:
        """What the service gets."""
        return self.source, self.sink

    def close(self, *descriptors: int) -> None:
        """Close some of the descriptors, or all."""
        for each in descriptors or (self.source, self.into, self.out_of, self.sink):
            try:
                os.close(each)
            except OSError:
                continue


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Return two pipes."""
    made = Ends()
    yield made
    made.close()


async def tree(factory: Any, descriptors: tuple[int, int]) -> tuple[MultiService, StdioService]:  # noqa: ANN401 (three kinds of factory)
    """Start a service in a collection, which it may leave by itself."""
    root, child = MultiService(), StdioService(factory, descriptors=descriptors)
    child.setServiceParent(root)
    await lifecycle.start(root)
    return root, child


@pytest.mark.parametrize("factory", FACTORIES, ids=IDS)
def test_what_is_read_is_served_until_its_end(run: Run, ends: Ends, factory: Any) -> None:  # noqa: ANN401 (three kinds of factory)
    """What was written before the end goes out; the application goes on."""

    async def main() -> None:
        root, child = await tree(factory, ends.descriptors)
        os.write(ends.into, b"hello")
        ends.close(ends.into)
        await until(lambda: not child.running)
        assert root.running
        assert os.read(ends.out_of, 100) == b"HELLO"
        await lifecycle.stop(root)

    run(main())
    assert os.get_blocking(ends.source)
    assert os.get_blocking(ends.sink)


@pytest.mark.parametrize("factory", FACTORIES, ids=IDS)
def test_a_stop_ends_the_connection(run: Run, ends: Ends, factory: Any) -> None:  # noqa: ANN401 (three kinds of factory)
    """A handler that waits for more is cut off when the time is over."""

    async def main() -> None:
        root, child = await tree(factory, ends.descriptors)
        os.write(ends.into, b"hello")
        assert await asyncio.to_thread(os.read, ends.out_of, 100) == b"HELLO"
        await lifecycle.stop(root, 1.0)
        assert not child.running

    run(main())
    assert os.get_blocking(ends.source)


def test_a_protocol_is_asked_to_finish(run: Run, ends: Ends) -> None:
    """As on any server."""

    class Polite(Protocol):
        def drain(self) -> None:
            self.transport.write(b"bye")
            self.transport.loseConnection()

    async def main() -> None:
        root, _ = await tree(Factory.forProtocol(Polite), ends.descriptors)
        await lifecycle.stop(root)

    run(main())
    assert os.read(ends.out_of, 100) == b"bye"


def test_a_reader_that_goes_away_ends_the_service(run: Run, ends: Ends) -> None:
    """Nobody is there to write to."""
    lost: list[BaseException] = []

    class Losing(Shouting):
        def connectionLost(self, reason: BaseException) -> None:
            lost.append(reason)

    async def main() -> None:
        root, child = await tree(Factory.forProtocol(Losing), ends.descriptors)
        ends.close(ends.out_of)
        await until(lambda: not child.running)
        await lifecycle.stop(root)

    run(main())
    assert len(lost) == 1


def test_a_slow_reader_pauses_the_protocol(run: Run, ends: Ends) -> None:
    """And everything arrives."""
    paused: list[str] = []

    class Much(Protocol):
        def connectionMade(self) -> None:
            self.transport.writeSequence([b"x" * 500_000, b"y" * 500_000])

        def pauseProducing(self) -> None:
            paused.append("pause")

        def resumeProducing(self) -> None:
            paused.append("resume")
            self.transport.loseConnection()

    def read() -> int:
        got = 0
        while chunk := os.read(ends.out_of, 65536):
            got += len(chunk)
            if got == 1_000_000:
                return got
        return got

    async def main() -> int:
        root, child = await tree(Factory.forProtocol(Much), ends.descriptors)
        got = await asyncio.to_thread(read)
        await until(lambda: not child.running)
        await lifecycle.stop(root)
        return got

    assert run(main()) == 1_000_000
    assert paused == ["pause", "resume"]


@pytest.mark.parametrize("factory", FACTORIES, ids=IDS)
def test_one_socket_for_both_is_one_connection(run: Run, factory: Any) -> None:  # noqa: ANN401 (three kinds of factory)
    """As inetd hands it over."""

    async def main() -> bytes:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            root, child = await tree(factory, (theirs.fileno(), theirs.fileno()))
            ours.send(b"hello")
            ours.shutdown(socket.SHUT_WR)
            await until(lambda: not child.running)
            await lifecycle.stop(root)
            theirs.close()
            return read_all(ours)

    assert run(main()) == b"HELLO"


def test_a_factory_that_refuses_has_finished(run: Run, ends: Ends) -> None:
    """There will be no other connection."""

    class Refusing(Factory):
        def buildProtocol(self, addr: Any) -> Any:  # noqa: ANN401 (as in the base class)
            assert addr is None

    async def main() -> None:
        root, child = await tree(Refusing(), ends.descriptors)
        await until(lambda: not child.running)
        await lifecycle.stop(root)

    run(main())


@pytest.mark.parametrize("name", ["/dev/null", "file"])
def test_what_nobody_can_wait_for_is_a_failed_start(run: Run, ends: Ends, tmp_path: Path, name: str) -> None:
    """Files and /dev/null, which is what the init system gives."""
    path = tmp_path / name
    path.touch()

    async def main() -> None:
        with path.open("rb") as file:
            child = StdioService(Factory.forProtocol(Shouting), descriptors=(file.fileno(), ends.sink))
            with pytest.raises(StartError, match="no connection") as caught:
                await lifecycle.start(child)
            assert "pipes or a terminal" in caught.value.hint

    run(main())


def test_it_is_made_from_its_description() -> None:
    """It can be copied; a wrong factory is an error at once."""
    made = service("stdio:", Factory.forProtocol(Shouting))
    assert isinstance(copy.deepcopy(made), StdioService)
    assert made.listening_on() == (Stdio(),)
    with pytest.raises(FactoryError):
        service("stdio:", Shouting)


PROGRAM = """
import asyncio
from svcctl.application import lifecycle, service, strports

async def shout(reader, writer):
    while data := await reader.read(100):
        writer.write(data.upper())

application = service.Application("shout")
child = strports.service("stdio:", shout)
child.setServiceParent(application)

async def main():
    await lifecycle.start(service.IService(application))
    while child.running:
        await asyncio.sleep(0)
    await lifecycle.stop(service.IService(application), 5)

asyncio.run(main())
"""


def test_a_process_serves_its_standard_input() -> None:
    """With pipes on both sides."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=b"hello", capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"HELLO", b"")
