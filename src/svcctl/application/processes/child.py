"""One run of a program, and of whatever it starts in turn."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from svcctl.application.processes.family import Family
from svcctl.application.processes.launch import start
from svcctl.application.processes.output import Lines
from svcctl.application.processes.programs import Program

#: Bytes that are read at once; then others have their turn.
_CHUNK = 65536

#: How many of these are read after the end: what a pipe can hold, and no end if somebody goes on writing.
_LAST_CHUNKS = 16


class Child:
    """A program that runs in a session of its own, its output in the log.

    It has *exited* when the process that was started has ended, and it is *gone* when whatever that one started
    has ended, too; the first one is not reaped before.

    Args:
        name: What the log calls it.
        program: What to start.
        exited: Called once, with the exit status, or with the negative number of the signal that ended it.
        gone: Called once, after that.

    Raises:
        OSError: It cannot be started.
        PermissionDeniedError: This process may not start it as that user or group.
        ConfigurationError: There is no such user or group.
    """

    def __init__(
        self, name: str, program: Program, exited: Callable[[int], None], gone: Callable[[], None]
    ) -> None:
        self.name = name
        self._exited = exited
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._popen, self._pidfd = start(program)
        self._status: int | None = None
        self._family: Family | None = Family(name, self._popen.pid, self._pidfd, self._settle)
        self._streams: dict[int, Lines] = {}
        for stream, pipe in (("stdout", self._popen.stdout), ("stderr", self._popen.stderr)):
            assert pipe is not None  # noqa: S101 (for the type checker: both are pipes)
            os.set_blocking(pipe.fileno(), False)
            self._streams[pipe.fileno()] = Lines(name, stream)
            self._loop.add_reader(pipe.fileno(), self._read, pipe.fileno())
        self._loop.add_reader(self._pidfd, self._on_exit)

    @property
    def pid(self) -> int:
        """The number of the process that was started."""
        return self._popen.pid

    def terminate(self) -> None:
        """Ask it, and whatever it started, to end (SIGTERM)."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, and whatever it started (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._family is not None:
            self._family.send(number)

    def _on_exit(self) -> None:
        self._loop.remove_reader(self._pidfd)
        try:
            result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOWAIT)
            assert result is not None  # noqa: S101 (for the type checker: without WNOHANG there is one)
            self._status = result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
        except ChildProcessError:
            # Somebody else in this process has reaped it: its number, by which the others are found, may be
            # another's by now.
            self._status = 0
            self._leave()
        self._exited(self._status)
        self._settle()

    def _settle(self) -> None:
        left = self._family is not None and self._family.left()
        if self._status is not None and not left:
            self._end()

    def _end(self) -> None:
        for descriptor, lines in list(self._streams.items()):
            for _ in range(_LAST_CHUNKS):
                if not self._read(descriptor):
                    break
            if descriptor in self._streams:  # somebody who is no relative any more has it still
                self._close(descriptor, lines)
        self._leave()
        os.close(self._pidfd)
        self._popen.poll()
        self._gone()

    def _leave(self) -> None:
        if self._family is not None:
            self._family.close()
            self._family = None

    def _read(self, descriptor: int) -> bool:
        """Log what can be read now; tell whether there may be more."""
        lines = self._streams.get(descriptor)
        if lines is None:
            return False
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if data:
            lines.feed(data)
            return True
        self._close(descriptor, lines)
        return False

    def _close(self, descriptor: int, lines: Lines) -> None:
        del self._streams[descriptor]
        self._loop.remove_reader(descriptor)
        lines.end()
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None and not pipe.closed and pipe.fileno() == descriptor:
                pipe.close()
