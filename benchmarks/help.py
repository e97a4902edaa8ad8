"""`svcctl --help` against importing Typer alone: what the command line costs before it does anything.

python benchmarks/help.py [--runs 20]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time


def seconds(command: list[str]) -> float:
    """Return how long a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Measure both in turn and print the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    commands = {
        "import typer": [sys.executable, "-c", "import typer"],
        "svcctl --help": [sys.executable, "-m", "svcctl", "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(runs + 1):
        for name, command in commands.items():
            elapsed = seconds(command)
            if run:  # the first one warms the bytecode
                times[name].append(elapsed)
    medians = {name: statistics.median(each) for name, each in times.items()}
    for name, median in medians.items():
        print(f"{name:>14}: {1000 * median:6.1f} ms")
    print(f"{'ratio':>14}: {medians['svcctl --help'] / medians['import typer']:6.2f} (goal 2)")


if __name__ == "__main__":
    main()
