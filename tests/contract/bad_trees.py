"""The mistakes that the makers of services can make, and what has to come of each.

Each is one line that says which service, one that says what to do, and a status.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import svcctl
from svcctl.errors import EX_CONFIG, EX_DATAERR, EX_SOFTWARE, EX_UNAVAILABLE, EX_USAGE
from tests.contract.running import notes

#: In every tree: a service that notes when it starts and stops, and a socket that must not be left behind.
REST = """
from svcctl.application import internet, procmon, protocol, reactor, strports, tls, wire
from svcctl.application.protocol import DatagramProtocol, Factory
from svcctl.application.supervision import Supervision
echo = Factory.forProtocol(wire.Echo)
first = Named("first")
internet.UNIXServer("first.sock", echo, wantPID=1).setServiceParent(application)
def put(made):
    made.setName("bad")
    made.setServiceParent(application)
class Joining(DatagramProtocol):
    def __init__(self, *group):
        self.group = group
    def startProtocol(self):
        self.transport.joinGroup(*self.group)
"""


class Case(NamedTuple):
    """One mistake and what has to come of it.

    Attributes:
        name: What is wrong.
        text: The lines of the ``.tac`` that do it.
        status: Exit status.
        error: Pattern of the line of error, behind the path or the line that it has to name.
        hint: Pattern of the line of advice.
        where: Path of the service; empty where there is no tree yet, and the line of the file is named.
        frames: Code of the application raised it, whose frames come first.
    """

    name: str
    text: str
    status: int
    error: str
    hint: str
    where: str = ""
    frames: bool = False


def written(name: str, text: str, error: str, hint: str) -> Case:
    """Return the case of a mistake that the line of the file which makes it cannot get past."""
    return Case(name, text, EX_DATAERR, rf"shop\.tac, line \d+: .*{error}", hint, frames=True)


def bound(name: str, text: str, error: str, hint: str, status: int = EX_CONFIG) -> Case:
    """Return the case of a service that cannot bind."""
    return Case(name, f"put({text})", status, f"shop/bad failed to bind: .*{error}", hint, "shop/bad")


def started(name: str, text: str, error: str, hint: str, status: int = EX_USAGE) -> Case:
    """Return the case of a service that cannot start."""
    return Case(name, f"put({text})", status, f"shop/bad failed to start: .*{error}", hint, "shop/bad")


def later(name: str, text: str, error: str, hint: str, status: int = EX_UNAVAILABLE) -> Case:
    """Return the case of a service that fails after it has started."""
    return Case(name, f"put({text})", status, f"shop/bad failed: .*{error}", hint, "shop/bad")


KINDS = "give a Factory, an `async def handler"


DATAGRAMS = "give a DatagramProtocol"


SECONDS = "give a number of seconds from 0 up"


#: Refused where they are written.
WRITTEN = [
    written("factory number", "put(internet.TCPServer(0, 5))", "5 is no factory", KINDS),
    written("factory none", "put(internet.TCPServer(0, None))", "None is no factory", KINDS),
    written(
        "factory instance", "put(internet.TCPServer(0, wire.Echo()))", "wire.Echo .*is no factory", KINDS
    ),
    written(
        "factory of a client", "put(internet.TCPClient('localhost', 9, 'x'))", "'x' is no factory", KINDS
    ),
    written("factory of a text", "put(strports.service('tcp:0', 5))", "5 is no factory", KINDS),
    written("factory of the reactor", "reactor.listenTCP(0, 5)", "5 is no factory", KINDS),
    written("protocol number", "put(internet.UDPServer(0, 5))", "5 is no datagram protocol", DATAGRAMS),
    written("protocol of streams", "put(internet.UDPServer(0, echo))", "is no datagram protocol", DATAGRAMS),
    written(
        "context", "put(internet.SSLServer(0, echo, 'key.pem'))", "makes no TLS context", "tls.Certificate"
    ),
    written("name", "Named('first')", "shop has a service named 'first' already", "give one of them another"),
    written(
        "process name",
        "m = procmon.ProcessMonitor(); put(m)\nm.addProcess('x', ['a'])\nm.addProcess('x', ['a'])",
        "shop/bad has a process named 'x' already",
        "give it another name",
    ),
    written("interval below 0", "put(internet.TimerService(-1, print))", "-1 is no interval", SECONDS),
    written("interval text", "put(internet.TimerService('5', print))", "'5' is no interval", SECONDS),
    written("interval nan", "put(internet.TimerService(float('nan'), print))", "nan is no interval", SECONDS),
    written("delay below 0", "reactor.callLater(-1, print)", "-1 is no delay", SECONDS),
    written("delay text", "reactor.callLater('x', print)", "'x' is no delay", SECONDS),
    written("kill time", "procmon.ProcessMonitor().killTime = -1", "-1 is no killTime", SECONDS),
    written(
        "timeout",
        "put(internet.TCPClient('localhost', 9, echo, timeout=-1))",
        "-1 is no timeout",
        "give a number of seconds above 0",
    ),
    written(
        "time of restarts", "Supervision(within='x')", "'x' is no time", "give a number of seconds above 0"
    ),
    written("number of restarts", "Supervision(restarts=-1)", "-1 is no number of restarts", "from 0 up"),
    written("strategy", "Supervision('one')", "'one' is no strategy", "give one of one_for_one, "),
    written(
        "supervision",
        "put(MultiService(supervision='one_for_one'))",
        "'one_for_one' is no supervision",
        r'give Supervision\("one_for_one"\)',
    ),
    written("port", "put(internet.TCPServer(70000, echo))", "70000 is no port", "from 0 to 65535"),
    written("backlog", "put(internet.TCPServer(0, echo, backlog=-1))", "-1 is no backlog", "from 0 up"),
    written("called", "put(internet.TimerService(5, print()))", "None cannot be called", "give a function"),
    written("type", "put(strports.service('tpc:80', echo))", "did you mean 'tcp'", "mend it there"),
    written("proxy", "put(strports.service('haproxy:udp:80', Joining()))", "accepts connections", "mend it"),
    written("run", "reactor.run()", r"reactor.run\(\) in a .tac would start it", "leave run\\(\\) out"),
]


#: Known when the tree is complete.
ORDERS = [
    (
        "cycle",
        "Named('a').after = ['b']; Named('b').after = ['a']",
        "shop/a: comes after itself: shop/a, after shop/b",
    ),
    (
        "unknown",
        "Named('a').after = ['fist']",
        "shop/a: comes after 'fist', which is not there; did you mean 'first'",
    ),
    (
        "unknown path",
        "Named('a').after = ['shop/x/db']",
        "shop/a: comes after 'shop/x/db', which is not there",
    ),
    ("no name", "Named('a').after = [5]", "shop/a: comes after 5: give the name of a service"),
]


RUN = [
    bound(
        "no certificate",
        "internet.SSLServer(0, echo, tls.Certificate('no.pem'))",
        "cannot read no.pem",
        "mistake",
    ),
    bound(
        "certificate is text",
        "internet.SSLServer(0, echo, tls.Certificate('text.pem'))",
        "text.pem holds no certificate",
        "PEM format",
    ),
    bound(
        "certificate of another key",
        "internet.SSLServer(0, echo, tls.Certificate('key.pem', certKey='other.pem'))",
        "the key in key.pem does not belong to the certificate in other.pem",
        "comes first in its file",
    ),
    bound(
        "certificate in an endpoint",
        "strports.service('ssl:0:privateKey=key.pem:certKey=other.pem', echo)",
        "the key in key.pem does not belong to the certificate in other.pem",
        "comes first in its file",
    ),
    bound(
        "no folder", "strports.service('tls:nowhere:port=0', echo)", "cannot read nowhere: No such", "mistake"
    ),
    bound(
        "empty folder", "strports.service('tls:empty:port=0', echo)", "empty has no .*pem file", "put the PEM"
    ),
    bound(
        "folder of a wrong file",
        "strports.service('tls:.:port=0', echo)",
        r"(key|other|text)\.pem .*(holds no|does not belong)|holds no",
        "PEM format|first in its file",
    ),
    bound(
        "no folder of the socket",
        "internet.UNIXServer('no/bad.sock', echo)",
        "unix:no/bad.sock.*: No such file",
        "folder of the socket does not exist: make it",
        EX_UNAVAILABLE,
    ),
    bound(
        "foreign path",
        "internet.UNIXServer('text.pem', echo)",
        "unix:text.pem.*: Address already in use",
        "something else than a socket under that name: remove it",
        EX_UNAVAILABLE,
    ),
    bound(
        "foreign path of datagrams",
        "internet.UNIXDatagramServer('text.pem', DatagramProtocol())",
        "unixgram:text.pem.*: Address already in use",
        "something else than a socket",
        EX_UNAVAILABLE,
    ),
    bound(
        "socket in use",
        "internet.UNIXServer('first.sock', echo)",
        "first.sock.*: Address already in use",
        "something listens there already|holds its lock",
        EX_UNAVAILABLE,
    ),
    bound(
        "no such address",
        "internet.TCPServer(0, echo, interface='203.0.113.9')",
        "203.0.113.9: Cannot assign requested address",
        "this machine has no such address",
        EX_UNAVAILABLE,
    ),
    bound(
        "no such socket handed over",
        "strports.service('systemd:domain=INET:name=web', echo)",
        "no socket named web was handed over",
        "through its socket unit",
        EX_UNAVAILABLE,
    ),
    started(
        "no multicast address",
        "internet.MulticastServer(0, Joining('127.0.0.1'))",
        "'127.0.0.1' is no multicast address",
        "such as 224.0.0.251",
    ),
    started(
        "no address at all",
        "internet.MulticastServer(0, Joining('nonsense'))",
        "'nonsense' is no multicast address",
        "such as 224.0.0.251",
    ),
    started(
        "no such interface",
        "internet.MulticastServer(0, Joining('228.0.0.5', 'nonsuch0'))",
        "there is no network interface 'nonsuch0'",
        "ip address",
    ),
    started(
        "no server of datagrams",
        "internet.UNIXDatagramClient('nobody.sock', protocol.ConnectedDatagramProtocol())",
        "cannot connect to nobody.sock: No such file",
        "is the server running",
        EX_UNAVAILABLE,
    ),
    started("task that is none", "internet.TaskService(print)", "print returned None", "make it async"),
    started(
        "standard input that is none",
        "strports.service('stdio:', echo)",
        "standard input and output are no connection",
        "pipes or a terminal",
        EX_CONFIG,
    ),
    later(
        "host that does not resolve",
        "internet.TCPClient('nonexistent.invalid', 80, echo)",
        "cannot connect to nonexistent.invalid:80: ",
        "look for a mistake in the host's name",
    ),
    later(
        "peer that refuses",
        "internet.TCPClient('127.0.0.1', 1, echo)",
        "cannot connect to 127.0.0.1:1: Connection refused",
        "is the server running",
    ),
    later(
        "peer that is not there",
        "internet.UNIXClient('nobody.sock', echo)",
        "cannot connect to nobody.sock: No such file",
        "is the server running",
    ),
    later(
        "delay that is none",
        "internet.ClientService('tcp:127.0.0.1:1', echo, retryPolicy=lambda failures: -4)",
        "-4 is no delay that retryPolicy may return",
        SECONDS,
        EX_USAGE,
    ),
    Case(
        "unknown user",
        "m = procmon.ProcessMonitor(); m.addProcess('x', ['/bin/true'], uid='nobody-here'); put(m)",
        EX_CONFIG,
        "shop/bad failed to start: cannot start '/bin/true': .*nobody-here",
        "create it, or name another",
        "shop/bad",
    ),
    Case(
        "task that ends",
        "async def work(): pass\nput(internet.TaskService(work))",
        EX_SOFTWARE,
        "shop/bad failed: it ended by itself",
        'restart = "transient"',
        "shop/bad",
    ),
]


def assert_told(case: Case, stderr: str) -> None:
    """Check that there is one line of error and one of advice, and that no code of ours is shown."""
    lines = stderr.splitlines()
    errors = [line for line in lines if re.search(r" error   svcctl\.|^svcctl: ", line)]
    hints = [line for line in lines if line.startswith("hint: ")]
    assert len(errors) == len(hints) == 1, stderr
    assert re.search(case.error, errors[0]), stderr
    assert re.search(case.hint, hints[0]), stderr
    assert case.where in errors[0]
    assert ("Traceback" in stderr) == case.frames, stderr
    assert str(Path(svcctl.__file__).parent) not in stderr


def assert_undone(folder: Path, before: set[str]) -> None:
    """Check that whatever started was stopped, in reverse, and that no socket or lock was left."""
    noted = notes(folder)
    starts = [line.removeprefix("start ") for line in noted if line.startswith("start ")]
    stops = [line.removeprefix("stop ") for line in noted if line.startswith("stop ")]
    assert stops == starts[::-1]
    left = {path.name for path in folder.iterdir()} - before
    assert left <= {"shop.tac", "stdout", "stderr", "notes"}
