"""Keeps one program running: when it is started again, and how it is ended."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from typing import Any, Protocol

from svcctl.application.processes.programs import Program
from svcctl.errors import SvcctlError

_log = logging.getLogger(__name__)


class Run(Protocol):
    """One run of a program, as :class:`svcctl.application.processes.child.Child` is."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


Spawn = Callable[[str, Program, Callable[[int], None], Callable[[], None]], Run]


class Limits(Protocol):
    """The times that a :class:`Keeper` goes by, in seconds: a process monitor's attributes."""

    threshold: float
    killTime: float
    minRestartDelay: float
    maxRestartDelay: float

    @property
    def path(self) -> str:
        """Path of the service."""


class Keeper:
    """One program of a process monitor, from the start of the service or of the program to its stop.

    Args:
        name: What it is called.
        program: What to start.
        limits: The times; looked up when they are needed.
        clock: Something with ``time()`` and ``call_at(when, callback)``.
        spawn: Starts a run; what :class:`svcctl.application.processes.child.Child` takes.
        failed: Called with the error when the program cannot be started again for another reason than an
            ``OSError``.
    """

    def __init__(
        self,
        name: str,
        program: Program,
        limits: Limits,
        clock: Any,  # noqa: ANN401 (a clock)
        spawn: Spawn,
        failed: Callable[[BaseException], None],
    ) -> None:
        self.name = name
        self._program = program
        self._limits = limits
        self._clock = clock
        self._spawn = spawn
        self._failed = failed
        self._delay = limits.minRestartDelay
        self._run: Run | None = None
        self._wanted = True
        self._began = 0.0
        self._lasted: float | None = None
        self._refusal = ""
        self._restart: Any = None
        self._murder: Any = None
        self._goings: list[asyncio.Future[None]] = []

    @property
    def alive(self) -> bool:
        """Whether something of it runs."""
        return self._run is not None

    def start(self) -> None:
        """Start it, unless it runs.

        Raises:
            Exception: Whatever the start raises but an ``OSError``, which counts as a death at once.
        """
        if self._run is not None:
            return
        self._cancel_restart()
        self._began, self._lasted = self._clock.time(), None
        try:
            self._run = self._spawn(self.name, self._program, self._exited, self._gone)
        except SvcctlError:
            raise
        except OSError as error:
            self._refused(error)
        else:
            self._refusal = ""

    def end(self) -> None:
        """Ask what runs to end, and end it when its time is over; unless it is to be kept no more, it comes back."""
        if self._run is None or self._murder is not None:
            return
        self._murder = self._clock.call_at(self._clock.time() + self._limits.killTime, self._kill)
        self._run.terminate()

    def dismiss(self) -> None:
        """End it for good."""
        self._wanted = False
        self._cancel_restart()
        self.end()

    def kill(self) -> None:
        """End it for good, at once."""
        self._wanted = False
        if self._run is not None:
            self._run.kill()

    def gone(self) -> asyncio.Future[None]:
        """Return a future that is done when nothing runs of what runs now."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._run is None:
            future.set_result(None)
        else:
            self._goings.append(future)
        return future

    def _kill(self) -> None:
        if self._run is not None:
            _log.warning(
                "process did not end in time and is killed",
                extra={
                    "svcctl_path": self._limits.path,
                    "svcctl_process": self.name,
                    "svcctl_seconds": self._limits.killTime,
                },
            )
            self._run.kill()

    def _exited(self, status: int) -> None:
        self._lasted = self._clock.time() - self._began
        facts = {"svcctl_path": self._limits.path, "svcctl_process": self.name, "svcctl_status": status}
        _log.info("process has ended", extra=facts)
        # What it has started must not go on beside the next one.
        self.end()

    def _gone(self) -> None:
        self._run = None
        if self._murder is not None:
            self._murder.cancel()
            self._murder = None
        self._schedule()
        goings, self._goings = self._goings, []
        for future in goings:
            if not future.done():
                future.set_result(None)

    def _refused(self, error: OSError) -> None:
        if str(error) != self._refusal:  # once is enough: it will be tried again and again
            self._refusal = str(error)
            _log.error(
                "process cannot be started",
                extra={
                    "svcctl_path": self._limits.path,
                    "svcctl_process": self.name,
                    "svcctl_program": os.fsdecode(self._program.args[0]),
                    "svcctl_error": error.strerror or self._refusal,
                    "svcctl_hint": _hint(error, self._program),
                },
            )
        self._lasted = 0.0
        self._schedule()

    def _schedule(self) -> None:
        """Set the date of the next start."""
        delay = 0.0
        if self._lasted is not None and self._lasted < self._limits.threshold:
            delay = min(self._delay, self._limits.maxRestartDelay)
            self._delay = min(2 * delay, self._limits.maxRestartDelay)
        else:
            self._delay = self._limits.minRestartDelay
        if self._wanted:
            self._restart = self._clock.call_at(self._clock.time() + delay, self._start_again)

    def _cancel_restart(self) -> None:
        if self._restart is not None:
            self._restart.cancel()
            self._restart = None

    def _start_again(self) -> None:
        self._restart = None
        try:
            self.start()
        except Exception as error:  # noqa: BLE001 (a service may fail for any reason)
            self._failed(error)


def _hint(error: OSError, program: Program) -> str:
    """Return what to do about a program that cannot be started."""
    if program.cwd is not None and error.filename == program.cwd:
        return f"the working folder {os.fsdecode(program.cwd)} has to be one that the process may enter"
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return (
                "the file and the interpreter in its first line have to be executable; an installation allows those "
                'in needs={"programs": [...]} alone, so name both there'
            )
        case errno.ENOENT:
            return "look for a mistake in its path, or in that of the interpreter in its first line"
        case errno.ENOEXEC:
            return "a script begins with a line such as #!/bin/sh"
    return ""
