"""A small init system for tests: starts one process as systemd would and listens to what it says.

It speaks the real protocols over real sockets: readiness through ``$NOTIFY_SOCKET``, inherited sockets from
descriptor 3 on, the watchdog's variables. What it does not do is judge: tests do.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from svcctl.runtime.receiver import Message, Receiver

#: Seconds after which a test gives up on a process. Never waited for when all is well.
PATIENCE = 30.0

# Between fork and exec nothing but exec's own arguments can be changed, and LISTEN_PID must be the pid of the
# process itself; so a first program in that process moves the descriptors, sets the variable and becomes the second.
_LAUNCH = """
import os, sys
for position, number in enumerate(sys.argv[1].split(",") if sys.argv[1] else ()):
    os.dup2(int(number), 3 + position, inheritable=True)
    os.close(int(number))
for name in ("LISTEN_PID", "WATCHDOG_PID"):
    if os.environ.get(name) == "self":
        os.environ[name] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class FakeInit:
    """One supervised process.

    Args:
        command: Its argument list; the first is an absolute path.
        folder: Working directory; its stdout and stderr are files there.
        environ: Variables on top of a bare environment. ``LISTEN_PID`` and ``WATCHDOG_PID`` may be ``self``.
        sockets: Sockets to hand over from descriptor 3 on.
        notify: Whether it gets a ``$NOTIFY_SOCKET``.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environ: Mapping[str, str] | None = None,
        sockets: Sequence[socket.socket] = (),
        *,
        notify: bool = True,
    ) -> None:
        self.receiver = Receiver()
        self.messages: list[dict[str, str]] = []
        self.folder = folder
        given = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        if notify:
            given["NOTIFY_SOCKET"] = self.receiver.address
        if sockets:
            given |= {"LISTEN_FDS": str(len(sockets)), "LISTEN_PID": "self"}
        given |= environ or {}
        # Numbers out of the way of 3, 4 and so on, which they are moved to.
        spare = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 64 + len(sockets)) for each in sockets]
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCH, ",".join(map(str, spare))]
        with (folder / "stdout").open("ab") as out, (folder / "stderr").open("ab") as err:
            self.process = subprocess.Popen(
                [*launcher, *command],
                cwd=folder,
                env=given,
                pass_fds=spare,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        for number in spare:
            os.close(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.receiver.close()

    @property
    def stderr(self) -> str:
        """What it has written to stderr so far."""
        return (self.folder / "stderr").read_text()

    def wait_for(self, key: str, value: str | None = None) -> dict[str, str]:
        """Return the next message with a field; fail if the process ends first or takes too long."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            message = self._next(end)
            if message is None:
                break
            if key in message and value in {None, message[key]}:
                return message
        raise AssertionError(f"no {key}={value or '…'}; messages: {self.messages}; stderr:\n{self.stderr}")

    def wait_for_log(self, text: str) -> None:
        """Return when stderr holds a text."""
        end = time.monotonic() + PATIENCE
        while text not in self.stderr:
            if time.monotonic() > end or self.process.poll() is not None:
                break
            self._wait(time.monotonic() + 0.02, listen=False)
        assert text in self.stderr

    def kill(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Return the exit status once it has ended; read all that it has sent."""
        end = time.monotonic() + PATIENCE
        while self._next(end) is not None:
            pass
        return self.process.wait(timeout=PATIENCE)

    def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        self.kill(signal.SIGTERM)
        return self.wait()

    def sent(self, key: str) -> list[str]:
        """Return the values of a field over all messages read so far."""
        return [message[key] for message in self.messages if key in message]

    def _next(self, end: float) -> dict[str, str] | None:
        while True:
            message = self._receive(end)
            if message is None:
                return None
            if message.pid == self.process.pid:
                self.messages.append(message.fields)
                return message.fields

    def _receive(self, end: float) -> Message | None:
        self._wait(end, listen=True)
        return self.receiver.receive(0)

    def _wait(self, end: float, *, listen: bool) -> None:
        with selectors.DefaultSelector() as selector:
            descriptor = os.pidfd_open(self.process.pid)
            try:
                selector.register(descriptor, selectors.EVENT_READ)
                if listen:
                    selector.register(self.receiver, selectors.EVENT_READ)
                selector.select(max(0.0, end - time.monotonic()))
            finally:
                os.close(descriptor)
