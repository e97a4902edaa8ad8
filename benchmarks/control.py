"""Live control: does it disturb the service? The latency of an echo server, alone and under 1 000 control calls a second.

Client, caller and server are processes of their own. Requests leave at fixed moments over 16 connections, so that a
slow answer delays no later request, and what counts is the time from that moment to the answer. Three cases take turns,
a second each, so that whatever else the machine does meets all of them, and of each the median turn counts: no calls; calls to another server, which
cost this one nothing but the processor that the caller and the other take from it; and calls to this one.

    python benchmarks/control.py [--turns 30] [--seconds 1] [--requests 500] [--calls 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from svcctl.host import varlink
from svcctl.runtime.control.connection import encode

HERE = Path(__file__).parent
CALL = encode({"method": "io.svcctl.Control.GetTree"}) + b"\0"
CONNECTIONS = 16
REQUEST = b"x" * 64
#: Of the latency without any calls.
GOAL = 1.2
CASES = ("no calls", "calls to another server", "calls to this one")


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """Run the echo server; give the path of its control socket and its port."""
    command = [sys.executable, "-P", "-m", "svcctl.runtime", "--log-level", "error", str(HERE / "echo.tac")]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/control"
        with subprocess.Popen(command, env={**os.environ, "RUNTIME_DIRECTORY": folder}) as process:
            try:
                yield path, _port(path)
            finally:
                process.terminate()


def _port(path: str) -> int:
    end = time.monotonic() + 20
    while True:
        try:
            tree = varlink.call(path, "io.svcctl.Control.GetTree")
        except varlink.NoAnswerError:
            tree = {"application": {"phase": ""}}
        if tree["application"]["phase"] == "ready":
            return int(tree["services"][1]["listeners"][0]["address"].rpartition(":")[2])
        assert time.monotonic() < end, "the server does not come up"
        time.sleep(0.05)


async def call(paths: list[str], rate: float) -> None:
    """Call whomever a line on stdin names by its position, 0 for nobody, so many times a second; tell how often."""
    streams = [await asyncio.open_unix_connection(path, limit=1 << 20) for path in paths]
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    line = await commands.readline()
    while line:
        whom, following = int(line), asyncio.ensure_future(commands.readline())
        began, done = time.monotonic(), 0
        while whom and not following.done():
            reader, writer = streams[whom - 1]
            writer.write(CALL)
            await reader.readuntil(b"\0")
            done += 1
            await asyncio.sleep(max(0.0, began + done / rate - time.monotonic()))
        line = await following
        print(done / (time.monotonic() - began), flush=True)


@contextmanager
def caller(paths: list[str], rate: float) -> Iterator[subprocess.Popen[str]]:
    """Run the caller."""
    command = [sys.executable, __file__, "--calls", str(rate), *(f"--path={path}" for path in paths)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


async def measure(
    port: int, rate: float, seconds: float, turns: int, orders: IO[str]
) -> list[list[list[float]]]:
    """Send requests at a rate while the caller does this and that; return how long each took, by case and turn."""
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    taken: list[list[list[float]]] = [[] for _ in CASES]

    async def serve(number: int, began: float, into: list[float]) -> None:
        reader, writer = streams[number]
        due = began + number / rate
        while due < began + seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            sent = time.monotonic()
            writer.write(REQUEST)
            await reader.readexactly(len(REQUEST))
            into.append(time.monotonic() - (due if sent - due > 1 / rate else sent))
            due += CONNECTIONS / rate

    for turn in range(turns * len(CASES)):
        case = turn % len(CASES)
        orders.write(f"{case}\n")
        orders.flush()
        await asyncio.sleep(0.1)
        began = time.monotonic()
        taken[case].append([])
        await asyncio.gather(*(serve(number, began, taken[case][-1]) for number in range(CONNECTIONS)))
    orders.write("0\n")
    orders.flush()
    return taken


def percentile(turns: list[list[float]], share: float) -> float:
    """Return the value that this share of the values of the median turn is below, in milliseconds."""
    return statistics.median(sorted(values)[int(len(values) * share)] for values in turns) * 1000


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--requests", type=float, default=500.0, help="a second")
    parser.add_argument("--calls", type=float, default=1000.0, help="a second")
    parser.add_argument("--path", action="append", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.path:
        asyncio.run(call(given.path, given.calls))
        return 0
    with ExitStack() as stack:
        other, _ = stack.enter_context(server())
        path, port = stack.enter_context(server())
        calling = stack.enter_context(caller([other, path], given.calls))
        assert calling.stdin is not None
        assert calling.stdout is not None
        taken = asyncio.run(measure(port, given.requests, given.seconds, given.turns, calling.stdin))
        rates = [float(calling.stdout.readline()) for _ in range(given.turns * len(CASES))]
    for case, name in enumerate(CASES):
        rate = sum(rates[case :: len(CASES)]) / given.turns
        p50, p99 = percentile(taken[case], 0.5), percentile(taken[case], 0.99)
        print(f"{name:24} {rate:6.0f} calls/s   p50 {p50:7.3f} ms   p99 {p99:7.3f} ms")
    p99s = [percentile(each, 0.99) for each in taken]
    print(f"p99 under calls, of that without: {p99s[2] / p99s[0]:.2f} (goal <= {GOAL})")
    print(f"p99 under calls, of that under calls to another server: {p99s[2] / p99s[1]:.2f}")
    return 0 if p99s[2] / p99s[0] <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
