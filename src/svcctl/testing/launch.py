"""Starts a process as an init system does, and hears of its end and of the end of all that it leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from svcctl.errors import ConfigurationError
from svcctl.posix import fcntl
from svcctl.testing import keeper

#: The lowest number for descriptors on their way: out of that of 3, 4 and so on, which they are moved to.
_SPARE = 64

_LAUNCH_LIMIT = 30.0
_END_LIMIT = 30.0
_LONGEST = 65536


class End(NamedTuple):
    """A process has ended; the status is the one of wait(2)."""

    pid: int
    status: int

    @property
    def code(self) -> int:
        """Its exit status, or the negative number of the signal that killed it."""
        return os.waitstatus_to_exitcode(self.status)

    @property
    def core(self) -> bool:
        """Whether it dumped core."""
        return os.WIFSIGNALED(self.status) and os.WCOREDUMP(self.status)


class Process:
    """A process that was started, with the keeper above it.

    Args:
        command: Its argument list.
        folder: Its working directory.
        environment: All its variables. ``LISTEN_PID``, ``WATCHDOG_PID`` and ``SYSTEMD_EXEC_PID`` may be ``self``.
        descriptors: What it gets from number 3 on.
        output: What its stdout is written to; ``None`` for this process's stderr.
        errors: What its stderr is written to; ``None`` for this process's stderr.

    Attributes:
        pid: Its number.
        connection: Readable when there is something to be read by :meth:`ends`.
        gone: Nothing of it is left.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        descriptors: Sequence[int],
        output: IO[bytes] | None,
        errors: IO[bytes] | None,
    ) -> None:
        self.connection, theirs = socket.socketpair()
        lowest = _SPARE + len(descriptors)
        spare = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, lowest) for each in descriptors]
        launcher = [sys.executable, "-I", "-S", keeper.__file__, str(theirs.fileno())]
        try:
            self._keeper = subprocess.Popen(
                [*launcher, ",".join(map(str, spare)), *command],
                cwd=folder,
                env=dict(environment),
                pass_fds=[theirs.fileno(), *spare],
                stdin=subprocess.DEVNULL,
                stdout=output or sys.stderr,
                stderr=errors or sys.stderr,
                start_new_session=True,  # so that the keyboard's interrupt is not for it
            )
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()
            for number in spare:
                os.close(number)
        self._rest = b""
        self.gone = False
        self.pid = self._first_words()

    def send(self, pid: int, number: int) -> None:
        """Send a signal to a process below it, if that is still there."""
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            # Looked at now that the handle names one process for good.
            if self.owns(pid):
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)

    def owns(self, pid: int) -> bool:
        """Return whether a process that lives was started by this one, or by what it has started."""
        above = pid
        while above > 1 and above != self._keeper.pid:
            above = _parent(above)
        return above == self._keeper.pid != pid

    def adopted(self, pid: int) -> bool:
        """Return whether a process has no parent left in the service, so that its end is told here."""
        return _parent(pid) == self._keeper.pid

    def ends(self) -> list[End]:
        """Return what has ended since the last call; do not wait."""
        found = []
        while not self.gone:
            try:
                data = self.connection.recv(_LONGEST, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except ConnectionResetError:
                data = b""
            self.gone = not data
            *lines, self._rest = (self._rest + data).split(b"\n")
            found += [End(*map(int, line.split()[1:])) for line in lines]
        return found

    def kill_rest(self) -> None:
        """Have all that is left killed."""
        self._tell(b"K")

    def leave_rest(self) -> None:
        """Leave what is left to itself."""
        self._tell(b"L")

    def close(self) -> None:
        """Kill what is left, and wait until it is gone."""
        self.connection.close()
        try:
            self._keeper.wait(_END_LIMIT)
        except subprocess.TimeoutExpired:  # something does not die, which no signal changes
            self._keeper.kill()
            self._keeper.wait()

    def _tell(self, order: bytes) -> None:
        try:
            self.connection.send(order, socket.MSG_NOSIGNAL)
        except OSError:
            return  # it has ended, since there was nothing left

    def _first_words(self) -> int:
        self.connection.settimeout(_LAUNCH_LIMIT)
        data = b""
        try:
            while b"\n" not in data:
                data += self._more()
        except BaseException:
            self.close()
            raise
        first, _, self._rest = data.partition(b"\n")
        self.connection.settimeout(None)
        return int(first.split()[1])

    def _more(self) -> bytes:
        data = self.connection.recv(_LONGEST)
        if not data:
            raise ConfigurationError("the process that watches over the application has ended")
        return data


def _parent(pid: int) -> int:
    """Return the parent of a process; 0 if it is gone."""
    try:
        about = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    return int(about.rpartition(b") ")[2].split()[1])
