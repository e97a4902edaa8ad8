"""A shell in a network of its own, which has twistd under that name: what an old manual says can be typed as it is."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.contract.networks import tool
from tests.fakes.init import PATIENCE
from tests.systemd.namespace import socket_inside

#: What each program stands for.
_PROGRAMS = {"svcctl": "svcctl", "twistd": "svcctl twistd"}


class Front:
    """What a line in front has shown so far, and its status in the end."""

    shown = ""
    status: int | None = None


class Shell:
    """Runs lines in a folder and in a network.

    Args:
        folder: Their working directory, with the programs in ``bin`` below it.
        holder: A process in the network.
    """

    def __init__(self, folder: Path, holder: int) -> None:
        self.folder = folder
        self._holder = holder
        self._line = [tool("nsenter"), f"--net=/proc/{holder}/ns/net", "--", tool("sh"), "-c"]
        python = Path(sys.executable).parent
        self._environ = {
            "PATH": f"{folder / 'bin'}:{python}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / "state"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def do(self, line: str) -> str:
        """Run a line and return what it shows; a status that is not 0 is an error of the test."""
        done = subprocess.run(
            [*self._line, line],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    @contextlib.contextmanager
    def front(self, line: str, until: str = "") -> Iterator[Front]:
        """Run a line that stays in front; begin when it has shown this, and interrupt it from the keyboard."""
        front = Front()
        with subprocess.Popen(
            [*self._line, f"exec {line}"],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            while until not in front.shown:
                more = process.stdout.readline()
                assert more, front.shown
                front.shown += more
            yield front
            process.send_signal(signal.SIGINT)
            front.shown += process.stdout.read()
        front.status = process.returncode

    def ask(self, port: int, question: bytes = b"", size: int = -1) -> str:
        """Return what a server says: so many bytes, or all until it hangs up, as ``nc localhost PORT`` shows it."""
        with socket_inside(self._holder, socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", port))
            client.sendall(question)
            return client.makefile("rb").read(size).decode()

    def text(self, name: str) -> str:
        """Return what is in a file."""
        return (self.folder / name).read_text()

    def wait_until_gone(self, name: str) -> None:
        """Return when a file is gone."""
        end = time.monotonic() + PATIENCE
        while (self.folder / name).exists():
            assert time.monotonic() < end
            time.sleep(0.01)


@contextlib.contextmanager
def shell(folder: Path, *files: Path) -> Iterator[Shell]:
    """Give a shell in a folder with copies of some files; what it has left in the background is ended."""
    (folder / "bin").mkdir()
    for name, stands_for in _PROGRAMS.items():
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m {stands_for} "$@"\n')
        program.chmod(0o755)
    for file in files:
        copy = shutil.copytree if file.is_dir() else shutil.copy
        copy(file, folder / file.name)
    script = '"$1" link set lo up && echo up && exec sleep infinity'
    command = [tool("unshare"), "--net", tool("sh"), "-c", script, "sh", tool("ip")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "up\n"
            yield Shell(folder, holder.pid)
        finally:
            for each in folder.glob("*.pid"):
                with contextlib.suppress(ProcessLookupError, ValueError):
                    os.kill(int(each.read_text()), signal.SIGKILL)
            holder.kill()
