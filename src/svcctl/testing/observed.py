"""What tests see of a service under a fake init, and how they wait for it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from svcctl.errors import UsageError
from svcctl.testing import sockets as listeners
from svcctl.testing.engine import Engine
from svcctl.testing.events import Event, Exited, Message, how_it_ended, render
from svcctl.testing.failure import ExpectationError
from svcctl.testing.sockets import HandedOver
from svcctl.testing.store import Store
from svcctl.testing.unit import Phase

#: Characters of what the service wrote that an error shows.
_SHOWN = 8000


class Observed:
    """A service, as far as it is looked at; :class:`svcctl.testing.init.FakeInit` is one.

    Attributes:
        folder: The folder that keeps its output and its directories.
        patience: Seconds after which a method that waits gives up.
    """

    folder: Path
    patience: float
    _engine: Engine
    _store: Store
    _sockets: tuple[HandedOver, ...]
    _seen: int

    @property
    def state(self) -> str:
        """Its state, as ``ActiveState=`` has it: ``activating``, ``active``, ``reloading`` and so on."""
        with self._engine.changed:
            return self._engine.unit.phase.value

    @property
    def result(self) -> str:
        """What went wrong first in this run, as ``Result=`` has it; ``success`` if nothing did."""
        with self._engine.changed:
            return self._engine.unit.result

    @property
    def pid(self) -> int:
        """Its main process; 0 if there is none."""
        with self._engine.changed:
            return self._engine.pid

    @property
    def status(self) -> str:
        """Its last status text."""
        with self._engine.changed:
            return self._engine.unit.status

    @property
    def stored(self) -> tuple[str, ...]:
        """The names of the descriptors it has stored, oldest first."""
        with self._engine.changed:
            return tuple(entry.name for entry in self._store.entries)

    @property
    def events(self) -> tuple[Event, ...]:
        """All that has happened so far."""
        with self._engine.changed:
            return tuple(self._engine.events)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What its main process has said so far."""
        return tuple(event for event in self.events if isinstance(event, Message))

    def sent(self, key: str) -> list[str]:
        """Return the values of a field over all its messages so far."""
        return [message.fields[key] for message in self.messages if key in message.fields]

    @property
    def transcript(self) -> str:
        """All that has happened so far, as text, a line an event."""
        return render(self.events)

    @property
    def stdout(self) -> str:
        """What it has written to stdout so far; empty if that is shown."""
        return self._output("stdout")

    @property
    def stderr(self) -> str:
        """What it has written to stderr so far; empty if that is shown."""
        return self._output("stderr")

    def listener(self, name: str) -> socket.socket:
        """Return the socket that is handed over under a name; of several, the first.

        Raises:
            UsageError: There is none.
        """
        for each in self._sockets:
            if each.name == name:
                return each.socket
        names = ", ".join(each.name for each in self._sockets) or "none at all"
        raise UsageError(f"no socket is handed over as {name!r}", hint=f"there are: {names}")

    def address(self, name: str) -> str:
        """Return where a socket that is handed over listens: ``127.0.0.1:43211``, ``[::1]:43211`` or a path."""
        listener = self.listener(name)
        found = listener.getsockname()
        if listener.family == socket.AF_UNIX:
            return str(found)
        return f"[{found[0]}]:{found[1]}" if listener.family == socket.AF_INET6 else f"{found[0]}:{found[1]}"

    def holds(self, name: str) -> bool:
        """Return whether its main process has a socket open that was handed over; a runner closes what nobody uses."""
        wanted = f"socket:[{os.fstat(self.listener(name).fileno()).st_ino}]"
        try:
            found = [each.readlink() for each in Path(f"/proc/{self.pid}/fd").iterdir()]
        except OSError:
            return False
        return Path(wanted) in found

    def connect(self, name: str, *, timeout: float = 10.0) -> socket.socket:
        """Return a client of a socket that is handed over; its operations fail after so many seconds."""
        return listeners.connect(self.listener(name), timeout)

    def wait_until_ready(self) -> None:
        """Return when it serves.

        Raises:
            ExpectationError: It ended, or reached its limit, before; or it takes longer than the patience.
        """
        running = {Phase.RUNNING, Phase.RELOADING}
        self._wait(lambda: self._engine.unit.phase in running, "READY=1", alive=True)

    def wait_for(self, key: str, value: str | None = None) -> Message:
        """Return the next message with a field; messages before it are not found by later calls.

        Args:
            key: The field.
            value: Its value; ``None`` for any.

        Raises:
            ExpectationError: It ended without having sent one, or it takes longer than the patience.
        """
        found: list[Message] = []

        def next_one() -> bool:
            while self._seen < len(self._engine.events) and not found:
                event = self._engine.events[self._seen]
                self._seen += 1
                if isinstance(event, Message) and key in event.fields and value in {None, event.fields[key]}:
                    found.append(event)
            return bool(found)

        self._wait(next_one, f"{key}={'…' if value is None else value}", alive=True)
        return found[0]

    def wait_for_output(self, text: str) -> None:
        """Return when it has written a text to stderr.

        Raises:
            ExpectationError: It ended without having done so, or it takes longer than the patience.
        """
        self._wait(lambda: text in self.stderr, f"{text!r} on stderr", alive=True, interval=0.02)

    def wait_until(self, condition: Callable[[], bool], what: str = "a condition") -> None:
        """Return when something holds; it is looked at after each event, and now and then.

        Raises:
            ExpectationError: It takes longer than the patience.
        """
        self._wait(condition, what, alive=False, interval=0.05)

    def stays_up(self, seconds: float) -> bool:
        """Return whether it is still there after so many seconds; earlier if it is not."""
        end = time.monotonic() + seconds
        with self._engine.changed:
            while not self._engine.unit.ended and (left := end - time.monotonic()) > 0:
                self._engine.changed.wait(left)
            return not self._engine.unit.ended

    def wait(self) -> Exited:
        """Return how it ended once nothing of it is left.

        Raises:
            ExpectationError: It takes longer than the patience.
        """
        self._wait(lambda: self._engine.unit.ended, "its end", alive=False)
        ends = [event for event in self.events if isinstance(event, Exited) and event.main]
        return ends[-1]

    def _output(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="backslashreplace") if path.exists() else ""

    def _wait(
        self, condition: Callable[[], bool], what: str, *, alive: bool, interval: float | None = None
    ) -> None:
        end = time.monotonic() + self.patience
        with self._engine.changed:
            while not condition():
                if self._engine.broken is not None:
                    raise self._engine.broken
                left = end - time.monotonic()
                if alive and self._engine.unit.ended:
                    self._fail(f"waited for {what}, but the service {self._how()}")
                if left <= 0:
                    self._fail(f"waited {self.patience:g} s for {what}")
                self._engine.changed.wait(left if interval is None else min(left, interval))

    def _how(self) -> str:
        ends = [event for event in self._engine.events if isinstance(event, Exited) and event.main]
        return f"{how_it_ended(ends[-1].code)} ({self.result})" if ends else "was not started"

    def _fail(self, message: str) -> NoReturn:
        raise ExpectationError(message, transcript=self.transcript, output=self.stderr[-_SHOWN:])
