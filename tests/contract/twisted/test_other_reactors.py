"""Applications that run on another reactor of Twisted's than asyncio's: it has the loop of the runner for a guest."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from svcctl.loading.describe import describe
from tests.contract.twisted.conftest import HEAD, Run

if TYPE_CHECKING:
    from svcctl.testing.init import Maker

#: Everything that a reactor does, and what asyncio's loop does, each waiting for the other.
ALL_OF_IT = """
import asyncio
from twisted.internet import utils

async def both():
    loop = asyncio.get_running_loop()
    say(await loop.run_in_executor(None, lambda: "executor"))
    say(await threads.deferToThread(lambda: "thread").asFuture(loop))
    await asyncio.sleep(0.01)
    say(await task.deferLater(reactor, 0.01, lambda: "later").asFuture(loop))
    output = utils.getProcessOutput(sys.executable, ["-c", "print('program')"])
    say((await output.asFuture(loop)).decode().strip())
    reader, writer = await asyncio.open_unix_connection("shop.sock")
    writer.write(b"echo")
    say((await reader.readexactly(4)).decode())
    writer.close()
    say(await reactor.resolve("localhost").asFuture(loop))

class Shop(Loud):
    def startService(self):
        Loud.startService(self)
        return defer.Deferred.fromFuture(asyncio.ensure_future(both()))

say([each.__name__ for each in type(reactor).__mro__ if each.__module__.startswith("twisted")][0])
add(strports.service("unix:shop.sock", factory))
add(Shop("shop", None, lambda: task.deferLater(reactor, 0.01, say, "stopped")))
"""
SAID = ["start shop", "executor", "thread", "later", "program", "echo", "127.0.0.1"]
INSTALLED = "from twisted.internet import {name}reactor\n{name}reactor.install()\n"


@pytest.mark.parametrize(
    ("name", "kind"), [("epoll", "EPollReactor"), ("poll", "PollReactor"), ("select", "SelectReactor")]
)
def test_a_file_that_installs_a_reactor_runs_on_that(twisted_app: Run, name: str, kind: str) -> None:
    """Everything works, asyncio's loop as well; readiness and stop are as ever."""
    with twisted_app(ALL_OF_IT, head=INSTALLED.format(name=name)) as init:
        assert init.stdout.splitlines() == [kind, *SAID]
        assert init.stop().code == 0
        assert init.stdout.splitlines()[-2:] == ["stop shop", "stopped"]


def test_an_idle_reactor_hears_signals_and_threads(twisted_app: Run) -> None:
    """It waits for all that asyncio's loop waits for, so nothing has to poll; the option chooses it."""
    source = """
say([each.__name__ for each in type(reactor).__mro__ if each.__module__.startswith("twisted")][0])
reactor.callWhenRunning(lambda: reactor.callInThread(lambda: reactor.callFromThread(say, "from a thread")))
def reload():
    say("reloaded")
"""
    with twisted_app(source, "--reactor=epoll") as init:
        init.wait_until(lambda: "from a thread" in init.stdout, "the call of the thread")
        init.reload()
        assert init.stdout.splitlines() == ["EPollReactor", "from a thread", "reloaded"]
        init.signal(signal.SIGTERM)
        assert init.wait().code == 0


@pytest.mark.parametrize(("way", "status"), [("reactor.stop", 0), ("sys.exit, 7", 7)])
def test_a_stop_and_a_status_are_those_of_the_process(twisted_app: Run, way: str, status: int) -> None:
    """``reactor.stop`` and ``sys.exit`` in a callback."""
    source = f"add(Loud('a')); reactor.callLater(0, {way})"
    with twisted_app(source, "--reactor=select", block=False) as init:
        assert init.wait().code == status
        assert init.stdout.splitlines() == ["start a", "stop a"]


TOO_LATE = "from twisted.internet import reactor, selectreactor\nselectreactor.install()\n"
UNKNOWN = """
from twisted.internet import main, posixbase
class CReactor(posixbase.PosixReactorBase):
    def installWaker(self): pass
    def removeAll(self): pass
main.installReactor(CReactor())
"""


@pytest.mark.parametrize(
    ("head", "option", "message"),
    [
        (
            INSTALLED.format(name="select"),
            "--reactor=epoll",
            "it installs SelectReactor, and --reactor asks for epoll",
        ),
        (TOO_LATE, "--umask=022", "it installs SelectReactor, and there is a reactor already: asyncio's"),
        (UNKNOWN, "--umask=022", "it installs CReactor, which is none that svcctl runs"),
    ],
    ids=["another", "too late", "unknown"],
)
def test_a_reactor_that_cannot_be_had_is_refused_where_it_is_installed(
    twisted_app: Run, head: str, option: str, message: str
) -> None:
    """With the line of the file, and the option."""
    with twisted_app("", option, head=head, block=False) as init:
        assert init.wait().code == 65
        assert message in init.stderr
        assert "shop.tac, line " in init.stderr
        assert "hint: " in init.stderr
        assert "--reactor" in init.stderr


def test_an_application_without_twisted_has_no_use_for_its_reactors(fake_init: Maker, tmp_path: Path) -> None:
    """The option would be of no effect."""
    file = tmp_path / "plain.tac"
    file.write_text("from svcctl.application import service\napplication = service.Application('plain')\n")
    with fake_init(file, "--reactor=poll", folder=tmp_path, block=False) as init:
        assert init.wait().code == 64
        assert "it does not import Twisted's reactor, and --reactor asks for poll" in init.stderr


def test_the_loop_of_uvloop_runs_the_reactor_of_asyncio(twisted_app: Run) -> None:
    """As it runs any other application."""
    with twisted_app(
        f"say(type(reactor._asyncioEventloop).__module__)\n{ALL_OF_IT}", "--reactor=uvloop"
    ) as init:
        assert init.stdout.splitlines()[0] == "uvloop"
        assert init.stdout.splitlines()[2:] == SAID
        assert init.stop().code == 0


def test_it_is_described_and_its_sockets_come_from_systemd(fake_init: Maker, tmp_path: Path) -> None:
    """Every reactor is asked to listen in the same place."""
    file = tmp_path / "shop.tac"
    file.write_text(f"{INSTALLED.format(name='epoll')}{HEAD}add(internet.TCPServer(8000, factory))\n")
    described = describe(str(file), python=sys.executable, user=None, environment={}, time_limit=30.0)
    assert [each.endpoint for each in described.manifest.listeners()] == ["tcp:8000"]
    with fake_init(file, folder=tmp_path, sockets={"tcp-8000": "tcp:0:interface=127.0.0.1"}) as init:
        with init.connect("tcp-8000") as client:
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"
        assert init.stop().code == 0
