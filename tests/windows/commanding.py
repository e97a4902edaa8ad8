r"""What commands do with applications on Windows: each tried in one process of its Python; what was seen is JSON.

Arguments: a folder to work in, with the applications.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from svcctl.errors import SvcctlError
from svcctl.host import varlink
from svcctl.loading.describe import describe
from svcctl.windows.names import CONTROL, control_pipe

WORK = Path(sys.argv[1])
PIPE = control_pipe("try")
LIMIT = 30.0
_NEW_CONSOLE = 0x10
_TREE = "io.svcctl.Control.GetTree"


def said(*arguments: str) -> list[object]:
    """Return the status of a command, and what it says on stderr."""
    done = subprocess.run(
        (sys.executable, "-X", "utf8", "-m", "svcctl", *arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return [done.returncode, done.stderr.decode().splitlines(), done.stdout.decode().splitlines()]


class Run:
    """An application that runs in a console of its own.

    Args:
        application: Its file.
        variables: Variables that it gets.
        options: Options of the command.
    """

    def __init__(self, application: str, *options: str, **variables: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            (sys.executable, "-X", "utf8", "-m", "svcctl", "run", *options, str(WORK / application)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **variables},
            creationflags=_NEW_CONSOLE,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.decode().rstrip().partition("runner: ")[2])

    def until(self, text: str) -> None:
        """Wait for a line in its log."""
        end = time.monotonic() + LIMIT
        while text not in self.lines and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.02)

    def end(self) -> list[object]:
        """Return its status and what it logged, at its end."""
        status = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        return [status, self.lines]


def described() -> object:
    """Describe an application, and others that misbehave; with whose rights, one of them tells in its error."""
    told: dict[str, object] = {"good": said("describe", str(WORK / "good.tac"))}
    for name in ("rights", "exit", "endless"):
        try:
            describe(
                str(WORK / f"{name}.tac"),
                python=sys.executable,
                user=None,
                environment={},
                time_limit=3.0 if name == "endless" else LIMIT,
            )
        except SvcctlError as error:
            told[name] = str(error)
    told["left"] = [each.pid for each in psutil.process_iter() if "endless.tac" in str(each.cmdline())]
    return told


def signalled() -> object:
    """Have applications get signals, and Ctrl-C from a console."""
    runs = {how: Run("ending.tac", HOW=how) for how in ("console", "break")}
    return {how: run.end() for how, run in runs.items()}


def controlled() -> object:
    """Ask an application by its pipe, have it act, and see what becomes of those who listen when it ends."""
    run = Run("ending.tac", HOW="stop", **{CONTROL: PIPE})
    run.until("application is ready")
    seen: dict[str, Any] = {}
    tree = varlink.call(PIPE, _TREE, process=run.process.pid)
    seen["services"] = [each["path"] for each in tree["services"]]
    many = [varlink.call(PIPE, _TREE)["application"]["ready"] for _ in range(40)]
    seen["many"] = many == many[:1] * 40
    try:
        varlink.call(PIPE, _TREE, process=os.getpid() + 4)
    except PermissionError as error:
        seen["other"] = str(error).partition(": ")[0]
    watching = varlink.stream(PIPE, "io.svcctl.Control.Watch")
    next(watching)
    varlink.call(PIPE, "io.svcctl.Control.Restart", {"path": "/ending"})
    seen["events"] = sorted({each["event"].get("kind", "") for each in (next(watching), next(watching))})
    varlink.call(PIPE, "io.svcctl.Control.Stop", {"path": "/ending"})  # which ends the process
    seen["rest"] = len(list(watching)) > 0
    seen["end"] = run.end()
    try:
        varlink.call(PIPE, _TREE)
    except varlink.NoAnswerError:
        seen["gone"] = True
    return seen


def refused_commands() -> object:
    """Ask for what there is not."""
    good = str(WORK / "good.tac")
    (WORK / "saved.tap").write_bytes(b"")
    asked = {
        "daemon": ("run", "--daemonize", good),
        "pidfile": ("run", "--pidfile", "x.pid", good),
        "saved": ("run", str(WORK / "saved.tap")),
    }
    return {name: said(*arguments)[:2] for name, arguments in asked.items()}


def main() -> None:
    """Try each of them, at the same time: most of it is waiting."""
    tries: tuple[Callable[[], object], ...] = (described, signalled, controlled, refused_commands)
    seen: dict[str, object] = {}

    def do(work: Callable[[], object]) -> None:
        began = time.monotonic()
        try:
            seen[work.__name__] = work()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is seen)
            seen[work.__name__] = f"{type(error).__name__}: {error}"
        if "--times" in sys.argv:
            sys.stderr.write(f"{work.__name__} {time.monotonic() - began:.2f}\n")

    threads = [threading.Thread(target=do, args=(work,)) for work in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
