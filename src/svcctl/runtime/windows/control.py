r"""The pipe for live control, ``\\.\pipe\svcctl-NAME``; only Windows can import this.

The loop waits for sockets and not for pipes. So a thread waits for clients, and two more per client pass on what it
says, through a pair of sockets, to what serves the clients elsewhere, too.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import TYPE_CHECKING

from svcctl.runtime.control.opening import Control
from svcctl.runtime.windows.pairing import pair
from svcctl.windows.names import PIPES
from svcctl.windows.pipes import Listener, Pipe, Signal

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process

_log = logging.getLogger(__name__)

_CHUNK = 65_536
#: Seconds in which a client has to take what it is told.
PATIENCE = 10.0
#: Seconds until the next attempt where Windows has no pipe to give.
_PAUSE = 1.0


class PipeControl(Control):
    """The pipe of one process, and the book about its tree.

    Args:
        process: The process.
        path: Name of the pipe.

    Raises:
        OSError: It is no name of a pipe, or another process has the pipe.
    """

    def __init__(self, process: Process, path: str) -> None:
        if not path.startswith(PIPES):
            raise OSError(f"it is no pipe: on Windows its name begins with {PIPES}")
        self._listener = Listener(path)
        self._over = Signal()
        super().__init__(process, path)
        threading.Thread(target=self._listen, name="live control", daemon=True).start()

    def close(self) -> None:
        """Take no client any more; those that are there are told by the end."""
        self._over.set()

    def _listen(self) -> None:
        while True:
            try:
                pipe = self._listener.accept(self._over)
            except OSError as error:
                _log.debug("no pipe for live control", extra={"svcctl_error": str(error)})
                threading.Event().wait(_PAUSE)
                continue
            if pipe is None:
                break
            try:
                client = _Client(pipe)
            except OSError:
                pipe.close()
                continue
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self.process.loop.call_soon_threadsafe(self.take, client.theirs)
        self._listener.close()


class _Client:
    """Somebody at the other end of the pipe.

    Args:
        pipe: That pipe, connected.

    Attributes:
        theirs: The socket that stands for it.
    """

    def __init__(self, pipe: Pipe) -> None:
        self.ours, self.theirs = pair()
        self._over = Signal()
        self._pipe = pipe
        self._left = 2
        self._lock = threading.Lock()
        for work in (self._hear, self._say):
            threading.Thread(target=self._do, args=(work,), name="live control client", daemon=True).start()

    def _do(self, work: object) -> None:
        with contextlib.suppress(OSError):
            work()  # type: ignore[operator]  # one of the two below
        with self._lock:
            self._left -= 1
            last = not self._left
        if last:
            self._pipe.close()
            self.ours.close()
            self._over.close()

    def _hear(self) -> None:
        """Pass on what the client says."""
        try:
            while data := self._pipe.read(_CHUNK, until=self._over):
                self.ours.sendall(data)
        finally:
            with contextlib.suppress(OSError):
                self.ours.shutdown(socket.SHUT_WR)

    def _say(self) -> None:
        """Pass on what it is told; at the end, let the other direction end, too."""
        try:
            while data := self.ours.recv(_CHUNK):
                self._pipe.write(data, limit=PATIENCE)
        finally:
            self._over.set()
