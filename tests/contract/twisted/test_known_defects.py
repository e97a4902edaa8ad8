"""What goes wrong under twistd, seen there first, and does not here: the same file, once under each."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.contract.twisted.conftest import HEAD

if TYPE_CHECKING:
    from svcctl.testing.init import Maker

#: Executes its arguments with a descriptor as the first that is handed over.
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""
TWISTD = "from twisted.scripts.twistd import run; run()"


class Defect(NamedTuple):
    """A file, and what comes of it.

    Attributes:
        source: The file, behind the common head.
        there: Exit status under twistd, and lines that are said there.
        here: The same here.
        missing: Lines that are not said: there, and here.
    """

    source: str
    there: tuple[int, list[str]]
    here: tuple[int, list[str]]
    missing: tuple[list[str], list[str]] = ([], [])


END = "\nreactor.callLater(0.4, say, 'up'); reactor.callLater(0.5, reactor.stop)\n"
DEFECTS = {
    "an endpoint that cannot listen": Defect(
        "add(internet.StreamServerEndpointService("
        f"endpoints.TCP4ServerEndpoint(reactor, 7, interface='192.0.2.1'), factory)){END}",
        (0, ["up"]),
        (69, []),
        ([], ["up"]),
    ),
    "a start that fails leaves what had started": Defect(
        "add(Loud('a')); add(Loud('b', lambda: 1 / 0))",
        (1, ["start a", "start b"]),
        (70, ["start a", "start b", "stop a"]),
        (["stop a"], []),
    ),
    "a child that is added by a start is started twice": Defect(
        f"add(Loud('a', lambda: add(Loud('late')) and None)){END}",
        (0, ["start a", "start late", "start late", "up"]),
        (0, ["start a", "start late", "up"]),
    ),
    "errors of a stop vanish": Defect(
        f"add(Loud('a', None, lambda: 1 / 0)){END}", (0, ["up", "stop a"]), (70, ["up", "stop a"])
    ),
    "a timer dies and says that it runs": Defect(
        f"""
calls = []
def call():
    calls.append(0)
    return 1 / (2 - len(calls))
timer = add(internet.TimerService(0.01, call))
reactor.callLater(0.3, lambda: say("running", timer.running)){END}""",
        (0, ["running 1", "up"]),
        (70, []),
        ([], ["up"]),
    ),
    "a status is only logged": Defect(
        f"reactor.callLater(0, sys.exit, 7){END}", (0, ["up"]), (7, []), ([], ["up"])
    ),
    "a coroutine is never run": Defect(
        f"""
class Modern(service.Service):
    async def startService(self):
        say("started")
add(Modern()){END}""",
        (0, ["up"]),
        (0, ["started", "up"]),
        (["started"], []),
    ),
    "what never started is stopped": Defect(
        f"""
class Shop(service.MultiService):
    def startService(self):
        service.Service.startService(self)
shop = add(Shop())
add(Loud("a"), shop){END}""",
        (0, ["up", "stop a"]),
        (0, ["up"]),
        ([], ["stop a"]),
    ),
    "a stop that never ends is one": Defect(
        """
import signal
add(Loud("stuck", None, defer.Deferred))
for seconds in (0.3, 0.5):
    reactor.callLater(seconds, os.kill, os.getpid(), signal.SIGTERM)
reactor.callLater(2, os._exit, 99)
""",
        (99, ["start stuck", "stop stuck"]),
        (70, ["start stuck", "stop stuck"]),
    ),
    "a name for the process begins it a second time": Defect(
        f"""
say("start loading")
service.IProcess(application).processName = "shopd"
class Shop(service.Service):
    def startService(self):
        say("running", open("/proc/self/comm").read().strip())
add(Shop()){END}""",
        (1, ["start loading"]),  # in a virtual environment, where it does not find itself again
        (0, ["start loading", "running shopd", "up"]),
        (["running shopd"], []),
    ),
    "programs outlive what monitors them": Defect(
        """
from twisted.runner import procmon
class Programs(procmon.ProcessMonitor):
    killTime = 0.2
programs = add(Programs())
open("ready", "w").close()
programs.addProcess("stubborn", ["/bin/sh", "-c", "trap '' TERM; /bin/rm ready; exec /bin/sleep 30"])
def look():
    if not os.path.exists("ready"):
        looking.stop()
        programs.pid = programs.protocols["stubborn"].transport.pid
        reactor.stop()
looking = task.LoopingCall(look)
looking.start(0.05)
def end():
    lives = os.path.exists(f"/proc/{programs.pid}")
    say("running on" if lives else "stopped")
    if lives:
        os.kill(programs.pid, 9)
reactor.addSystemEventTrigger("after", "shutdown", end)
""",
        (0, ["running on"]),
        (0, ["stopped"]),
        (["stopped"], ["running on"]),
    ),
    "an endpoint that was stopped never listens again": Defect(
        f"""
shop = add(strports.service("unix:shop.sock", factory))
@defer.inlineCallbacks
def again():
    yield shop.stopService()
    yield shop.startService()
    say("running", os.path.exists("shop.sock"))
reactor.callLater(0.1, again){END}""",
        (0, ["running False", "up"]),
        (0, ["running True", "up"]),
    ),
    "the type of an endpoint has to be in small letters": Defect(
        f"add(strports.service('UNIX:shop.sock', factory)){END}", (1, []), (0, ["up"]), (["up"], [])
    ),
    "a cooperator that runs says that it does not": Defect(
        f"""
cooperator = add(internet.CooperatorService())
reactor.callLater(0.1, lambda: say("running", int(cooperator.running))){END}""",
        (0, ["running 0", "up"]),
        (0, ["running 1", "up"]),
    ),
    "names in a collection get lost, or stay": Defect(
        f"""
shop, named, nameless = service.IServiceCollection(application), add(Loud("a")), add(Loud(""))
def change():
    try:
        shop.removeService(Loud("a"))
    except (ValueError, KeyError):
        pass
    shop.removeService(nameless)
    say("running", shop.namedServices == {{"a": named}})
reactor.callLater(0.1, change){END}""",
        (0, ["running False", "up"]),
        (0, ["running True", "up"]),
    ),
    "a client has stopped before its connection has": Defect(
        """
class Client(protocol.Protocol):
    def connectionMade(self):
        defer.maybeDeferred(client.stopService).addCallback(lambda _: say("stopped"))
    def connectionLost(self, why):
        say("stop of the connection")
        reactor.callLater(0, reactor.stop)
clients = protocol.ClientFactory()
clients.protocol = Client
add(strports.service("unix:shop.sock", factory))
client = add(internet.UNIXClient("shop.sock", clients))
""",
        (0, ["stopped", "stop of the connection"]),
        (0, ["stop of the connection", "stopped"]),
    ),
}


def under_twistd(file: Path, *around: str, pass_fds: tuple[int, ...] = ()) -> tuple[int, list[str]]:
    """Return what twistd ends with, and what it says of starts and stops.

    Args:
        file: The file.
        around: A command that executes its last arguments.
        pass_fds: Descriptors that it gets.
    """
    options = ["-r", "asyncio", "--pidfile=", "--logfile", "log", "-noy", str(file)]
    there = subprocess.run(
        [*around, sys.executable, "-c", TWISTD, *options],
        cwd=file.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=60,
        pass_fds=pass_fds,
    )
    log = file.parent / "log"
    lines = [line.rpartition("] ")[2] for line in log.read_text().splitlines()] if log.exists() else []
    said = [*there.stdout.splitlines(), *lines]
    return there.returncode, [line for line in said if line.startswith(("start", "stop", "up", "run"))]


@pytest.mark.parametrize("name", DEFECTS)
def test_what_goes_wrong_under_twistd_does_not_here(fake_init: Maker, tmp_path: Path, name: str) -> None:
    """There it is seen first, so that nobody mends what is whole."""
    defect = DEFECTS[name]
    file = tmp_path / "shop.tac"
    file.write_text(HEAD + defect.source)
    code, said = under_twistd(file)
    assert code == defect.there[0]
    assert [line for line in said if line in defect.there[1]] == defect.there[1]
    assert not set(said) & set(defect.missing[0])
    with fake_init(file, folder=tmp_path, block=False) as init:
        assert init.wait().code == defect.here[0]
        here = init.stdout.splitlines()
    assert [line for line in here if line in defect.here[1]] == defect.here[1]
    assert not set(here) & set(defect.missing[1])


def test_sockets_that_have_no_names_are_not_dropped(fake_init: Maker, tmp_path: Path) -> None:
    """Nobody has to name them: they have numbers."""
    file = tmp_path / "shop.tac"
    file.write_text(f"{HEAD}add(strports.service('systemd:domain=UNIX:index=0', factory)){END}")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "there.sock"))
        listener.listen()
        number = listener.fileno()
        there = under_twistd(file, sys.executable, "-c", HAND_OVER, str(number), pass_fds=(number,))
    assert there == (1, [])
    with fake_init(
        file,
        folder=tmp_path,
        block=False,
        sockets={"shop": f"unix:{tmp_path}/here.sock"},
        environment={"LISTEN_FDNAMES": None},
    ) as init:
        assert init.wait().code == 0
        assert init.stdout == "up\n"
