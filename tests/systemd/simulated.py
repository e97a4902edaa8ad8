"""Services that try out what an init system does, and the two kinds of init system that they run under."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from svcctl.testing.init import FakeInit
from svcctl.testing.unit import Limits
from tests.systemd.machine import Machine, wait_until

#: What every service of the table begins with. What it sees goes, line by line, to the file ``$NOTES``.
HEAD = """
import array, mmap, os, signal, socket, subprocess, sys, threading, time
connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
connection.connect(os.environ["NOTIFY_SOCKET"])
def note(text):
    with open(os.environ["NOTES"], "a") as file:
        file.write(f"{text}\\n")
def notify(*lines, fds=()):
    text = b"\\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    connection.sendmsg([text], rights)
def barrier(text="BARRIER=1", count=1):
    ours, theirs = os.pipe()
    notify(text, fds=[theirs] * count)
    os.close(theirs)
    os.read(ours, 1)
    os.close(ours)
def on(name, action):
    signal.signal(getattr(signal, name), lambda *_: action())
def leave(status=0):
    os._exit(status)
def said(name, status=0):
    on(name, lambda: (note(name), leave(status)))
def handed():
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    return list(zip(names, range(3, 3 + int(os.environ.get("LISTEN_FDS", "0")))))
def forever():
    while True:
        signal.pause()
run = int(os.environ.get("RUN", "0"))
said("SIGTERM")
"""

_numbers = itertools.count(1)


class Outcome(NamedTuple):
    """How a service is, and what it saw.

    Attributes:
        state: ``ActiveState=``.
        result: ``Result=``.
        notes: What it has noted.
        status: ``StatusText=``.
    """

    state: str
    result: str
    notes: tuple[str, ...]
    status: str = ""


class World(Protocol):
    """An init system with one service."""

    def start(self) -> None:
        """Start it, and return when it is ready or has failed."""

    def stop(self) -> None:
        """Stop it, and return when it has ended."""

    def restart(self) -> None:
        """Stop and start it."""

    def reload(self) -> None:
        """Have it reload; whether that has worked is not told."""

    def crash(self) -> None:
        """Kill it, and return when it is up again."""

    def settle(self, state: str) -> None:
        """Return when it is in a state."""

    def notes(self) -> tuple[str, ...]:
        """Return what it has noted."""

    def outcome(self) -> Outcome:
        """Return how it is."""


class Setting(NamedTuple):
    """What the unit of a service says.

    Attributes:
        start: Start limit in seconds.
        stop: Stop limit in seconds.
        watchdog: Watchdog limit in seconds; 0 for none.
        store: How many descriptors it may store.
    """

    start: float = 20.0
    stop: float = 20.0
    watchdog: float = 0.0
    store: int = 0


class Fake:
    """The fake init of ``svcctl.testing``."""

    def __init__(self, service: FakeInit, notes: Path) -> None:
        self.service = service
        self._notes = notes

    def start(self) -> None:
        """Start it, and return when it is ready or has failed."""
        self.service.start(block=False)
        self.service.wait_until(lambda: self.service.state in {"active", "reloading", "failed", "inactive"})

    def stop(self) -> None:
        """Stop it, and return when it has ended."""
        self.service.stop()

    def restart(self) -> None:
        """Stop and start it."""
        self.service.restart()

    def reload(self) -> None:
        """Have it reload; whether that has worked is not told."""
        with contextlib.suppress(AssertionError):
            self.service.reload()

    def crash(self) -> None:
        """Kill it, and start it again."""
        self.service.crash()
        self.service.start()

    def settle(self, state: str) -> None:
        """Return when it is in a state."""
        self.service.wait_until(lambda: self.service.state == state, state)

    def notes(self) -> tuple[str, ...]:
        """Return what it has noted."""
        return tuple(self._notes.read_text().splitlines()) if self._notes.exists() else ()

    def outcome(self) -> Outcome:
        """Return how it is."""
        return Outcome(self.service.state, self.service.result, self.notes(), self.service.status)


class Real:
    """A real systemd."""

    def __init__(self, machine: Machine, name: str, notes: str) -> None:
        self._machine = machine
        self._unit = f"{name}.service"
        self._notes = notes

    def start(self) -> None:
        """Start it, and return when it is ready or has failed."""
        self._machine.systemctl("start", self._unit, check=False)

    def stop(self) -> None:
        """Stop it, and return when it has ended."""
        self._machine.systemctl("stop", self._unit)

    def restart(self) -> None:
        """Stop and start it."""
        self._machine.systemctl("restart", self._unit)

    def reload(self) -> None:
        """Have it reload; whether that has worked is not told."""
        self._machine.systemctl("reload", "--no-block", self._unit)

    def crash(self) -> None:
        """Kill it, and return when systemd has started it again."""
        before = self._property("NRestarts")
        self._machine.systemctl("kill", "--signal=KILL", self._unit)
        assert wait_until(lambda: self._property("NRestarts") != before)
        self.settle("active")

    def settle(self, state: str) -> None:
        """Return when it is in a state."""
        self._machine.wait_for_property(self._unit, "ActiveState", state)

    def notes(self) -> tuple[str, ...]:
        """Return what it has noted."""
        found = self._machine.run(["cat", self._notes], check=False)
        return tuple(found.stdout.splitlines())

    def outcome(self) -> Outcome:
        """Return how it is."""
        names = ("ActiveState", "Result", "StatusText")
        state, result, status = (self._property(name) for name in names)
        return Outcome(state, result, self.notes(), status)

    def _property(self, name: str) -> str:
        return self._machine.property(self._unit, name)


@contextlib.contextmanager
def faked(program: str, setting: Setting, folder: Path) -> Iterator[Fake]:
    """Give a service under the fake init."""
    path, notes = folder / "service.py", folder / "notes"
    path.write_text(HEAD + program)
    service = FakeInit(
        [sys.executable, str(path)],
        environment={"NOTES": str(notes)},
        limits=Limits(setting.start, setting.stop, setting.watchdog),
        store=setting.store,
        folder=folder,
        patience=60.0,
    )
    try:
        yield Fake(service, notes)
    finally:
        service.close()


_UNIT = """[Unit]
StartLimitIntervalSec=0
[Service]
Type={kind}
NotifyAccess=main
KillMode=mixed
Environment=NOTES={notes}
ExecStart=/usr/bin/python3 {path}
{reload}
TimeoutStartSec={setting.start}
TimeoutStopSec={setting.stop}
WatchdogSec={setting.watchdog}
FileDescriptorStoreMax={setting.store}
{restart}
"""


def real(machine: Machine, program: str, setting: Setting, *, restarts: bool) -> Real:
    """Put a service on a machine.

    Args:
        machine: The machine.
        program: The service.
        setting: What its unit says.
        restarts: It is started again after a crash.
    """
    name = f"simulated{next(_numbers)}"
    machine.applications.append(name)
    path, notes = f"/srv/{name}.py", f"/run/{name}.notes"
    machine.write(path, HEAD + program)
    modern = machine.suite.systemd >= 253
    unit = _UNIT.format(
        kind="notify-reload" if modern else "notify",
        reload="" if modern else "ExecReload=/bin/kill -HUP $MAINPID",
        restart="Restart=on-failure\nRestartSec=0.1" if restarts else "Restart=no",
        notes=notes,
        path=path,
        setting=setting,
    )
    machine.write(f"/run/systemd/system/{name}.service", unit)
    machine.systemctl("daemon-reload")
    return Real(machine, name, notes)


def start(world: World) -> None:
    """Start it once more."""
    world.start()


def stop(world: World) -> None:
    """Stop it."""
    world.stop()


def restart(world: World) -> None:
    """Restart it."""
    world.restart()


def reload(world: World) -> None:
    """Have it reload."""
    world.reload()


def crash(world: World) -> None:
    """Kill it and have it started again."""
    world.crash()


def settled(state: str) -> Callable[[World], None]:
    """Return a step that waits for a state."""
    return lambda world: world.settle(state)


def noted(*wanted: str) -> Callable[[World], None]:
    """Return a step that waits for the last notes to be these."""

    def wait(world: World) -> None:
        assert wait_until(lambda: world.notes()[-len(wanted) :] == wanted), world.outcome()

    return wait


def stay(seconds: float) -> Callable[[World], None]:
    """Return a step in which time passes: what is tried out is that nothing happens meanwhile."""
    return lambda _: time.sleep(seconds)
