"""A tour without an init system: run the echo example, hear that it is ready, talk to it, see its units, stop it.

It stands in for the init system as far as readiness goes: it listens on a notification socket and prints what
arrives. Run it with ``make demo``.

svcctl never executes an application as root to look at it, but as ``nobody``. So root's demo moves to a folder that
everybody can read when the checkout, below /root say, is not one.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from svcctl.runtime.receiver import Receiver

CHECKOUT = Path(__file__).resolve().parents[1]
LIMIT = 30.0


class Stage(NamedTuple):
    """Where the demo plays: an interpreter that has svcctl, and the example."""

    python: str
    echo: Path


def stage(folder: Path) -> Stage:
    """Return the checkout, or a copy in a folder if the checkout is not for everybody."""
    example = CHECKOUT / "examples/echo.tac"
    closed = [each for each in (CHECKOUT, *CHECKOUT.parents) if not each.stat().st_mode & stat.S_IXOTH]
    if os.geteuid() != 0 or not closed:
        return Stage(sys.executable, example)
    heading(f"Moving to {folder}, since {closed[-1]} is closed to others")
    folder.chmod(0o755)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = str(folder / "venv/bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", CHECKOUT], check=True)
    return Stage(python, Path(shutil.copy(example, folder)))


def heading(text: str) -> None:
    """Announce a step."""
    print(f"\n== {text}", flush=True)


def shown(*command: str) -> str:
    """Run a command, print it and what it says, and return that."""
    print(
        "$", " ".join(["svcctl", *command[3:]] if command[1:3] == ("-m", "svcctl") else command), flush=True
    )
    done = subprocess.run(command, check=True, text=True, capture_output=True)
    print(done.stdout, end="", flush=True)
    return done.stdout


def await_field(receiver: Receiver, field: str) -> None:
    """Print each message until one has a field; raise TimeoutError if none comes."""
    while (message := receiver.receive(LIMIT)) is not None:
        for key, value in message.fields.items():
            print(f"   the init system hears: {key}={value}", flush=True)
        if field in message.fields:
            return
    raise TimeoutError(f"no {field} within {LIMIT:g} s")


def talk(port: int) -> None:
    """Send a line to the echo server and print what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as connection:
        connection.sendall(b"hello\n")
        print(f"   sent hello to port {port}, got back {connection.recv(100).decode().strip()}", flush=True)


def units(place: Stage, folder: Path) -> None:
    """Generate the units into a folder and print them and their exposure."""
    folder.mkdir()
    shown(place.python, "-m", "svcctl", "install", str(place.echo), "--root", str(folder), "--yes")
    generated = sorted(folder.glob("etc/systemd/system/echo.*"))
    for unit in generated:
        heading(f"{unit.name}")
        print(unit.read_text(), end="")
    heading("Exposure (0 is best, 10 is worst; the typical service has 9.5)")
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        print("   not measured: there is no systemd-analyze on this machine")
        return
    service = next(unit for unit in generated if unit.suffix == ".service")
    report = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(service)],
        check=True,
        text=True,
        capture_output=True,
        env=os.environ | {"SYSTEMD_COLORS": "0"},
    )
    print("  ", report.stdout.strip().splitlines()[-1].lstrip("→ "))


def main() -> None:
    """Give the tour."""
    with Receiver() as receiver, tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        place = stage(folder)
        heading(f"Running {place.echo.name}")
        process = subprocess.Popen(
            [place.python, "-P", "-m", "svcctl.runtime", str(place.echo)],
            env=os.environ | {"NOTIFY_SOCKET": receiver.address},
        )
        try:
            await_field(receiver, "READY")
            heading("Talking to it")
            talk(8007)
            heading("Its tree")
            shown(place.python, "-m", "svcctl", "describe", str(place.echo))
            heading("Its units")
            units(place, folder / "root")
            heading("Stopping it")
            process.send_signal(signal.SIGTERM)
            await_field(receiver, "STOPPING")
            print(f"   it ended with status {process.wait(LIMIT)}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    heading("Done")


if __name__ == "__main__":
    main()
