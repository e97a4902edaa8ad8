"""What services of an application do on Windows, each tried once in one process of its Python; what was seen is JSON.

Arguments: a folder to work in, with ``key.pem`` and ``cert.pem``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from svcctl.application import credentials, internet, lifecycle, logfile, service, stdio, strports
from svcctl.application.clients.service import ClientService
from svcctl.application.endpoints import clientFromString
from svcctl.application.procmon import ProcessMonitor
from svcctl.application.protocol import DatagramProtocol, Factory, Protocol
from svcctl.application.timer import TimerService
from svcctl.application.wire import Echo
from svcctl.errors import SvcctlError
from svcctl.runtime.windows.loop import SignalledLoop

WORK = sys.argv[1]
LOOPBACK = "127.0.0.1"
LIMIT = 20.0
#: A program that ends at once, or starts another one that never ends and waits for it.
PROGRAM = """
import subprocess, sys
print('grown', flush=True)
if sys.argv[1] == 'long':
    subprocess.Popen((sys.executable, '-c', 'input()'), stdin=subprocess.PIPE).wait()
"""


async def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(LIMIT):
        while not true():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)


def port_of(server: Any) -> int:  # noqa: ANN401 (servers need no common class)
    """Return the port that a server has got."""
    return int(server.address[1])


async def running(*services: Any) -> service.Application:  # noqa: ANN401 (services need no common class)
    """Start an application of some services."""
    application = service.Application("try")
    for each in services:
        each.setServiceParent(application)
    await lifecycle.start(application)
    return application


async def asked(port: int, tls: ssl.SSLContext | None = None) -> str:
    """Return what a server answers."""
    reader, writer = await asyncio.open_connection(
        LOOPBACK, port, ssl=tls, server_hostname="localhost" if tls else None
    )
    writer.write(b"hello\r\n")
    answer = await reader.readline()
    writer.close()
    return answer.decode()


async def tcp() -> object:
    """Serve a protocol and a coroutine; nobody else gets the address of the first."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())

    server = internet.TCPServer(0, Factory.forProtocol(Echo), interface=LOOPBACK)
    other = internet.TCPServer(0, shout, interface=LOOPBACK)
    application = await running(server, other)
    answers = [await asked(port_of(server)), await asked(port_of(other))]
    try:
        with socket.socket() as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            thief.bind((LOOPBACK, port_of(server)))
        answers.append("taken")
    except OSError:
        answers.append("kept")
    try:
        await running(internet.TCPServer(port_of(server), Factory.forProtocol(Echo), interface=LOOPBACK))
    except SvcctlError as error:
        answers.append(type(error).__name__)
    await lifecycle.stop(application, 5)
    return answers


async def tls() -> object:
    """Serve by TLS, by its description."""
    files = f"privateKey={WORK}/key.pem:certKey={WORK}/cert.pem".replace("\\", "/").replace("Z:", "Z\\:")
    server = strports.service(f"ssl:0:{files}:interface={LOOPBACK}", Factory.forProtocol(Echo))
    application = await running(server)
    context = ssl.create_default_context(cafile=f"{WORK}/cert.pem")
    answer = await asked(port_of(server), context)
    await lifecycle.stop(application, 5)
    return answer


async def udp() -> object:
    """Answer a datagram."""

    class Returns(DatagramProtocol):
        def datagramReceived(self, datagram: bytes, address: tuple[str, int]) -> None:
            self.transport.write(datagram.upper(), address)

    server = internet.UDPServer(0, Returns(), interface=LOOPBACK)
    application = await running(server)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        sock.bind((LOOPBACK, 0))
        await loop.sock_sendto(sock, b"hello", (LOOPBACK, port_of(server)))
        answer, _ = await loop.sock_recvfrom(sock, 100)
    await lifecycle.stop(application, 5)
    return answer.decode()


async def multicast() -> object:
    """Join a group, by address and by number of the interface."""

    class Joins(DatagramProtocol):
        async def startProtocol(self) -> None:
            await self.transport.joinGroup("224.0.0.250", LOOPBACK)
            await self.transport.setOutgoingInterface(LOOPBACK)
            await self.transport.leaveGroup("224.0.0.250", LOOPBACK)
            done.append(self.transport.getOutgoingInterface())

    done: list[object] = []
    application = await running(internet.MulticastServer(0, Joins(), interface=""))
    await until(lambda: done)
    await lifecycle.stop(application, 5)
    return done


async def timers() -> object:
    """Call again and again."""
    calls: list[float] = []
    application = await running(TimerService(0.02, lambda: calls.append(time.monotonic())))
    await until(lambda: len(calls) > 3)
    await lifecycle.stop(application, 5)
    return True


async def client() -> object:
    """Connect once there is a server, which was not there at first."""
    heard: list[bytes] = []

    class Asks(Protocol):
        def connectionMade(self) -> None:
            self.transport.write(b"question")

        def dataReceived(self, data: bytes) -> None:
            heard.append(data)

    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    tries: list[int] = []

    def pause(attempt: int) -> float:
        tries.append(attempt)
        return 0.05

    connected = ClientService(
        clientFromString(None, f"tcp:{LOOPBACK}:{port}"), Factory.forProtocol(Asks), retryPolicy=pause
    )
    application = await running(connected)
    await until(lambda: tries)
    server = await running(internet.TCPServer(port, Factory.forProtocol(Echo), interface=LOOPBACK))
    await until(lambda: heard)
    await lifecycle.stop(application, 5)
    await lifecycle.stop(server, 5)
    return heard[0].decode()


async def programs() -> object:
    """Keep a program running, log what it writes, and leave nothing of it."""
    monitor = ProcessMonitor()
    monitor.minRestartDelay = 0.05
    monitor.killTime = 1.0
    monitor.addProcess("long", [sys.executable, "-c", PROGRAM, "long"])
    monitor.addProcess("short", [sys.executable, "-c", PROGRAM, "short"], env=dict(os.environ))
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{getattr(record, 'svcctl_process', '')} {record.getMessage()}")

    handler = Kept()
    logging.getLogger("svcctl").addHandler(handler)
    logging.getLogger("svcctl").setLevel(logging.INFO)
    application = await running(monitor)
    await until(lambda: lines.count("short grown") > 1 and "long grown" in lines)
    await lifecycle.stop(application, 10)
    logging.getLogger("svcctl").removeHandler(handler)
    return sorted(set(lines))


async def files() -> object:
    """Rotate a log file that is open, and compress the old one."""
    log = logfile.LogFile("shop.log", WORK, rotateLength=20, maxRotatedFiles=2, compress=True)
    for number in range(4):
        log.write(f"line {number} of the log\n")
    log.close()
    found = sorted(path.name for path in Path(WORK).glob("shop.log*"))  # noqa: ASYNC240 (nothing else is to happen)
    reader = log.getLog(1)
    lines = reader.readLines()
    reader.close()
    return [found, lines, str(log.rotation_error)]


async def credential() -> object:
    """Read a credential as it is, with both bytes at the end of its line."""
    Path(WORK, "word").write_bytes(b"one\r\ntwo\x1athree")  # noqa: ASYNC240 (nothing else is to happen)
    os.environ["CREDENTIALS_DIRECTORY"] = WORK
    return credentials.credential_bytes("word").decode("unicode_escape")


async def resolving() -> object:
    """Find an address in a thread, as clients do."""
    found = await asyncio.get_running_loop().getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    return bool(found)


async def refused_services() -> object:
    """Say in one line what there is not."""
    said = {}
    for name, each in {
        "unix": internet.UNIXServer(f"{WORK}/echo.sock", Factory.forProtocol(Echo)),
        "stdio": stdio.StdioService(Factory.forProtocol(Echo)),
    }.items():
        try:
            await running(each)
        except SvcctlError as error:
            said[name] = str(error)
    return said


def main() -> None:
    """Try each of them."""
    seen: dict[str, object] = {}
    tries: list[Callable[[], Awaitable[object]]] = [
        tcp, tls, udp, multicast, timers, client, programs, files, credential, resolving, refused_services,
    ]  # fmt: skip

    async def limited(work: Callable[[], Awaitable[object]]) -> object:
        async with asyncio.timeout(LIMIT):
            return await work()

    for work in tries:
        began = time.monotonic()
        try:
            with asyncio.Runner(loop_factory=SignalledLoop) as runner:
                seen[work.__name__] = runner.run(limited(work))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is seen)
            seen[work.__name__] = f"{type(error).__name__}: {error}"
        if "--times" in sys.argv:
            sys.stderr.write(f"{work.__name__} {time.monotonic() - began:.2f}\n")
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
