"""An echo server of Twisted's under svcctl and under twistd: process start to READY, and requests a second of CPU time.

Both run the same file on the reactor of asyncio, from an environment of their own with warm bytecode, and are asked in
turn while both run. What counts is the median of the ratios, since machines differ, and are now busier than then. Under twistd the file itself says when the reactor runs.

    python benchmarks/twisted.py [--runs 20] [--requests 20000] [--python PYTHON]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
TAC = HERE / "twisted_echo.tac"
CONNECTIONS = 16
REQUEST = b"x" * 64


def installed(python: str, folder: Path) -> str:
    """Install the checkout with Twisted into a new environment; return its interpreter."""
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    inside = str(folder / "venv/bin/python")
    subprocess.run([inside, "-m", "pip", "install", "--quiet", f"{HERE.parent}[twisted]"], check=True)
    return inside


@contextlib.contextmanager
def free_port() -> Iterator[int]:
    """Yield a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    yield port


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that the main thread of a process has used: proc_pid_schedstat(5)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def serve(port: int, requests: int) -> None:
    """Have so many requests answered."""
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(CONNECTIONS)
        ]
        for _ in range(requests // CONNECTIONS):
            for client in clients:
                client.sendall(REQUEST)
            for client in clients:
                got = 0
                while got < len(REQUEST):
                    got += len(client.recv(len(REQUEST)))


@contextlib.contextmanager
def serving(command: list[str], variable: str, folder: Path) -> Iterator[tuple[int, int, float]]:
    """Run a server; yield its process id, its port, and the seconds from its start to READY."""
    address = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, free_port() as port:
        notify.bind(str(address))
        notify.settimeout(60)
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PORT": str(port),
            variable: str(address),
        }
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while b"READY=1" not in notify.recv(4096).split(b"\n"):
                pass
            start = time.perf_counter() - began
            address.unlink()
            yield process.pid, port, start
        finally:
            address.unlink(missing_ok=True)
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def rate(pid: int, port: int, requests: int) -> float:
    """Return how many requests a second of CPU time a server answers."""
    before = cpu_seconds(pid)
    serve(port, requests)
    return requests / (cpu_seconds(pid) - before)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--python", default=sys.executable, help="interpreter to make the environment with")
    arguments = parser.parse_args()
    start: dict[str, list[float]] = {"twistd": [], "svcctl": []}
    rates: dict[str, list[float]] = {each: [] for each in start}
    with tempfile.TemporaryDirectory() as name, contextlib.suppress(KeyboardInterrupt):
        folder = Path(name)
        python = installed(arguments.python, folder)
        tac = folder / "echo.tac"  # beside this file, Twisted would be this file
        tac.write_bytes(TAC.read_bytes())
        program = "from twisted.scripts.twistd import run; run()"
        twistd = ["-c", program, "-r", "asyncio", "--pidfile=", "-noy", str(tac)]
        ways = {
            "twistd": ([python, "-P", *twistd], "TWISTD_READY"),
            "svcctl": ([python, "-P", "-m", "svcctl.runtime", str(tac)], "NOTIFY_SOCKET"),
        }
        for run in range(arguments.runs + 1):
            with contextlib.ExitStack() as stack:
                servers = {each: stack.enter_context(serving(*ways[each], folder)) for each in ways}
                for each, (pid, port, seconds) in servers.items():
                    figure = rate(pid, port, arguments.requests)
                    if run:  # the first one warms the bytecode and the caches
                        start[each].append(seconds)
                        rates[each].append(figure)
    for each in ways:
        shown = 1000 * statistics.median(start[each]), statistics.median(rates[each])
        print(f"{each:>8}: {shown[0]:6.1f} ms to READY, {shown[1]:7.0f} requests a second")
    print(f"{'ratio':>8}: {ratio(start):6.2f} time (goal 1.05)")
    print(f"{'':>8}  {ratio(rates):6.2f} requests (goal 0.97)")


def ratio(figures: dict[str, list[float]]) -> float:
    """Return the median of what svcctl needs of what twistd does at the same time."""
    pairs = zip(figures["svcctl"], figures["twistd"], strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


if __name__ == "__main__":
    main()
