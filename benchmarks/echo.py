"""Echo: requests a second on one core, at 64 connections, against a bare asyncio protocol.

Each server runs in a process of its own and answers the same requests; what counts is how many it answers in a
second of its own CPU time, so that neither the client nor whatever else the machine does decides. They take turns.

    python benchmarks/echo.py [--rounds 7] [--requests 40000]
"""

from __future__ import annotations

import argparse
import asyncio
import selectors
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvloop

from svcctl.application import lifecycle
from svcctl.application.internet import TCPServer
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo

CONNECTIONS = 64
REQUEST = b"x" * 64
#: Of the requests that a bare protocol answers on the same loop.
GOALS = {"protocol factory": 0.97, "Factory and Protocol": 0.9}
LOOPS = ("asyncio", "uvloop")


class BareEcho(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (uvloop's are no instances of asyncio's classes)
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self.transport.write(data)


async def serve(kind: str) -> None:
    """Serve on a port that is printed, until the end."""
    if kind == "bare":
        server = await asyncio.get_running_loop().create_server(BareEcho, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
    else:
        factory: Any = BareEcho if kind == "protocol factory" else Factory.forProtocol(Echo)
        service = TCPServer(0, factory, interface="127.0.0.1")
        await lifecycle.start(service)
        port = service.address[1]
    print(port, flush=True)
    await asyncio.Event().wait()


def run_server(kind: str, loop: str) -> None:
    """Serve on a loop of this kind."""
    if loop == "uvloop":
        uvloop.run(serve(kind))
    else:
        asyncio.run(serve(kind))


@contextmanager
def started(kind: str, loop: str) -> Iterator[tuple[int, int]]:
    """Start a server; yield its process and its port."""
    command = [sys.executable, __file__, "--serve", kind, "--loop", loop]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    nanoseconds = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    return int(nanoseconds) / 1e9


def answered(pid: int, port: int, requests: int) -> float:
    """Send so many requests, one after the other on each connection; return those answered in a CPU second."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ)
            client.sendall(REQUEST)
            assert client.recv(len(REQUEST)) == REQUEST
        before = cpu_seconds(pid)
        for key in list(selector.get_map().values()):
            key.fileobj.send(REQUEST)  # type: ignore[union-attr]  # only sockets are registered
        count = 0
        while count < requests:
            for key, _ in selector.select():
                key.fileobj.recv(len(REQUEST))  # type: ignore[union-attr]  # the same
                key.fileobj.send(REQUEST)  # type: ignore[union-attr]  # the same
                count += 1
        return count / (cpu_seconds(pid) - before)


def measure(loop: str, rounds: int, requests: int) -> bool:
    """Measure the servers on one loop in turn; tell whether the goals are met."""
    kinds = ("bare", *GOALS)
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    for each in range(rounds + 1):
        for kind in kinds:
            with started(kind, loop) as (pid, port):
                rate = answered(pid, port, requests)
            if each:  # the first one warms the bytecode
                rates[kind].append(rate)
    medians = {kind: statistics.median(each) for kind, each in rates.items()}
    met = True
    print(f"{loop}: bare protocol {medians['bare']:8.0f} requests a CPU second")
    for kind, goal in GOALS.items():
        ratio = statistics.median(ours / bare for ours, bare in zip(rates[kind], rates["bare"], strict=True))
        met &= ratio >= goal
        print(f"{loop}: {kind:>20} {medians[kind]:8.0f}, {ratio:4.2f} x (goal {goal})")
    return met


def main() -> None:
    """Measure on both loops; the exit status tells whether the goals are met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=40_000)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--loop", choices=LOOPS, help="only this one")
    arguments = parser.parse_args()
    if arguments.serve:
        run_server(arguments.serve, arguments.loop)
        return
    loops = (arguments.loop,) if arguments.loop else LOOPS
    met = [measure(loop, arguments.rounds, arguments.requests) for loop in loops]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
