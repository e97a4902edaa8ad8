"""Opens the socket for live control, and no more: what serves it loads when the first client is there.

The socket is open from before the tree is bound until the process ends, so that a start or a stop that hangs can be
looked into.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

from svcctl.application.live.book import book_of
from svcctl.application.tree.record import record_of
from svcctl.errors import BindError
from svcctl.runtime.machine import Phase
from svcctl.windows import names

if TYPE_CHECKING:
    from svcctl.runtime.control.server import Server
    from svcctl.runtime.runner import Process

_log = logging.getLogger(__name__)

#: The variable in which an init system names the folder for what lives as long as the process.
VARIABLE = "RUNTIME_DIRECTORY"

#: The socket's name in that folder.
NAME = "control"

_BACKLOG = 64
_MODE = 0o600


class Control:
    """What one process is controlled by, and the book about its tree.

    Args:
        process: The process.
        path: Where it listens.

    Attributes:
        process: The process.
        path: Where it listens.
        book: The book about the tree.
    """

    def __init__(self, process: Process, path: str) -> None:
        self.process = process
        self.path = path
        self.book = book_of(record_of(process.root))
        self._server: Server | None = None
        process.listeners.append(self._told)

    def close(self) -> None:
        """Listen no more. The clients are told by the end."""

    def server(self) -> Server:
        """Return what serves the clients."""
        if self._server is None:
            from svcctl.runtime.control.server import Server  # noqa: PLC0415 (only for whoever has a client)

            self._server = Server(self)
        return self._server

    def take(self, sock: socket.socket) -> None:
        """Serve somebody who has connected already."""
        self.server().take(sock)

    def _told(self, event: object) -> None:
        """Take note that the process has dealt with an event; the last one is the end of the tree."""
        if self._server is not None:
            self._server.told(event)
        if self.process.state.phase in {Phase.STOPPED, Phase.FAILED}:
            self.close()


class SocketControl(Control):
    """The same with a socket that has a path.

    Args:
        process: The process.
        path: Where the socket is.
        sock: The socket; it listens and does not block.
    """

    def __init__(self, process: Process, path: str, sock: socket.socket) -> None:
        super().__init__(process, path)
        self._sock = sock
        self._identity = _identity(path)
        process.loop.add_reader(sock, self._accept)

    def close(self) -> None:
        """Remove the socket, unless another process has put its own there."""
        if self._sock.fileno() < 0:
            return
        self.process.loop.remove_reader(self._sock)
        self._sock.close()
        try:
            if _identity(self.path) == self._identity:
                os.unlink(self.path)  # noqa: PTH108 (pathlib is slow to import)
        except OSError:
            _log.debug("control socket was gone already", extra={"svcctl_address": self.path})

    def _accept(self) -> None:
        self.server().accept(self._sock)


def open_control(process: Process, path: str = "", *, replace: bool = False) -> Control | None:
    """Open the socket of a process.

    Args:
        process: The process; its loop is there and its application loaded.
        path: Where; empty for the folder that the init system has given, where it may be missing, too.
        replace: Take the place of the process that this one takes over from.

    Returns:
        ``None`` if it cannot be opened in the init system's folder: the application serves without.

    Raises:
        BindError: It cannot be opened at the path that was asked for.
    """
    where = path or _usual_path()
    try:
        if sys.platform == "win32":
            from svcctl.runtime.windows.control import PipeControl  # noqa: PLC0415 (only there)

            return PipeControl(process, where)
        return SocketControl(process, where, bind(where, replace=replace))
    except OSError as error:
        if path:
            where = path if sys.platform == "win32" else f"unix:{path}"
            raise BindError(where, error, hint="give --control another path") from error
        _log.error("no control socket", extra={"svcctl_address": where, "svcctl_error": str(error)})
        return None


def bind(path: str, *, replace: bool = False) -> socket.socket:
    """Bind and listen on a path that root and the user of this process may connect to, and nobody else.

    The socket is made under another name first, so that it is never there with other rights, nor before it listens.

    Args:
        path: The path; what is left there of a process that is gone is replaced.
        replace: Also replace the socket of a process that is there still.

    Raises:
        OSError: Somebody listens there, something else is there, or it cannot be made.
    """
    _refuse_taken(path, replace=replace)
    temporary = f"{path}.{os.getpid()}"
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(sock.fileno(), _MODE)  # the file gets these rights when it is made
        sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        sock.bind(temporary)
        try:
            os.chmod(temporary, _MODE)  # noqa: PTH101 (the umask may have taken rights away; pathlib is slow to import)
            sock.listen(_BACKLOG)
            os.replace(temporary, path)  # noqa: PTH105 (pathlib is slow to import)
        except OSError:
            os.unlink(temporary)  # noqa: PTH108 (the same)
            raise
    except BaseException:
        sock.close()
        raise
    return sock


def _refuse_taken(path: str, *, replace: bool) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        found = probe.connect_ex(path)
    if found in {errno.ENOENT, errno.ECONNREFUSED}:
        # Of these two the second may also be a file of another kind.
        if found == errno.ENOENT or _is_socket(path):
            return
        found = errno.EEXIST
    elif found in {0, errno.EAGAIN, errno.ETIMEDOUT}:
        if replace:
            return
        found = errno.EADDRINUSE
    raise OSError(found, os.strerror(found))


def _is_socket(path: str) -> bool:
    import stat  # noqa: PLC0415 (only if something is there)

    return stat.S_ISSOCK(os.lstat(path).st_mode)


def _usual_path() -> str:
    if names.CONTROL in os.environ:
        return os.environ.pop(names.CONTROL)
    folder = os.environ.get(VARIABLE, "").partition(":")[
        0
    ]  # there may be several; the first is the service's own
    return f"{folder}/{NAME}"


def _identity(path: str) -> tuple[int, int]:
    status: Any = os.lstat(path)
    return status.st_dev, status.st_ino
