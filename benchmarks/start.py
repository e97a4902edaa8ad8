"""Process start to READY, and private memory then: svcctl's runner against a bare asyncio script.

Both run in turn, with the same interpreter and flags and warm bytecode, from an installation that is not editable.
What counts is the ratio of the medians, since machines differ.

    python benchmarks/start.py [--runs 40] [--python PYTHON]
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
from pathlib import Path

HERE = Path(__file__).parent


def until_ready(command: list[str], folder: Path) -> tuple[float, int]:
    """Return the seconds until a command says READY=1, and its private memory in KiB then."""
    address = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(address))
        notify.settimeout(30)
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NOTIFY_SOCKET": str(address)}
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.DEVNULL)
        try:
            while b"READY=1" not in notify.recv(4096).split(b"\n"):
                pass
            elapsed = time.perf_counter() - began
            memory = sum(
                int(line.split()[1])
                for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
                if line.startswith("Private_")
            )
        finally:
            address.unlink()
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    return elapsed, memory


def installed(python: str, folder: Path) -> str:
    """Install the checkout into a new environment of its own; return its interpreter."""
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    inside = str(folder / "venv/bin/python")
    subprocess.run([inside, "-m", "pip", "install", "--quiet", HERE.parent], check=True)
    return inside


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--python", default=sys.executable, help="interpreter to make the environment with")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.suppress(KeyboardInterrupt):
        folder = Path(name)
        python = installed(arguments.python, folder)
        commands = {
            "bare asyncio": [python, "-P", str(HERE / "bare_echo.py")],
            "svcctl": [python, "-P", "-m", "svcctl.runtime", str(HERE / "echo.tac")],
        }
        results: dict[str, list[tuple[float, int]]] = {each: [] for each in commands}
        for run in range(arguments.runs + 2):
            for each, command in commands.items():
                result = until_ready(command, folder)
                if run >= 2:  # the first two warm the bytecode and the caches
                    results[each].append(result)
    times = {each: statistics.median(seconds for seconds, _ in runs) for each, runs in results.items()}
    memory = {each: statistics.median(kib for _, kib in runs) for each, runs in results.items()}
    for each in commands:
        print(f"{each:>13}: {1000 * times[each]:6.1f} ms to READY, {memory[each]:6.0f} KiB private")
    print(f"{'ratio':>13}: {times['svcctl'] / times['bare asyncio']:6.2f} time (goal 1.25)")
    print(f"{'':>13}  {memory['svcctl'] / memory['bare asyncio']:6.2f} memory (goal 1.2)")


if __name__ == "__main__":
    main()
