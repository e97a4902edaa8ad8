"""A tour without an init system: run the echo example, hear that it is ready, talk to it, see its units, stop it.

It stands in for the init system as far as readiness goes: it listens on a notification socket and prints what
arrives. Run it with ``make demo``.

It plays in a small tree of its own, ``/opt/svcctl`` and ``/srv`` in a temporary folder: svcctl never executes an
application as root to look at it, but as ``nobody``, who cannot enter most home folders; and it refuses to install a
service of the system from one.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from svcctl.runtime.receiver import Receiver

CHECKOUT = Path(__file__).resolve().parents[1]
LIMIT = 30.0


class Stage(NamedTuple):
    """Where the demo plays: the tree, an interpreter in it that has svcctl, and the example."""

    root: Path
    python: str
    echo: Path


def stage(root: Path) -> Stage:
    """Install svcctl and the example into a new tree."""
    heading("Installing svcctl into a tree of its own")
    root.parent.chmod(0o755)
    (root / "srv").mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", root / "opt/svcctl"], check=True)
    python = str(root / "opt/svcctl/bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--quiet", CHECKOUT], check=True)
    return Stage(root, python, Path(shutil.copy(CHECKOUT / "examples/echo.tac", root / "srv")))


def heading(text: str) -> None:
    """Announce a step."""
    print(f"\n== {text}", flush=True)


def shown(*command: str) -> str:
    """Run a command, print it and what it says, and return that."""
    print(
        "$", " ".join(["svcctl", *command[3:]] if command[1:3] == ("-m", "svcctl") else command), flush=True
    )
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
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


def units(place: Stage) -> None:
    """Install the example into the tree and print its units and their exposure."""
    shown(place.python, "-m", "svcctl", "install", str(place.echo), "--root", str(place.root), "--yes")
    generated = sorted(place.root.glob("etc/systemd/system/echo.*"))
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
        place = stage(Path(name) / "root")
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
            units(place)
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
