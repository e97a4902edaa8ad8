"""Takes over the listening sockets that are there already: handed over by the init system, or left by a process before.

Loaded where there are any, or some have to be.
"""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

from svcctl.application.servers.lockfile import LockFile
from svcctl.application.servers.sockets import Inherited, Listening, hand_over
from svcctl.endpoints.values import descriptor_name
from svcctl.errors import BindError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from svcctl.endpoints.values import Endpoint
    from svcctl.runtime.runner import Process


def begin(process: Process) -> None:
    """Make known to the tree what is there; to be called before anything is bound."""
    process.table = Inherited(process.sockets, process.inherit)
    hand_over(process.table)
    if process.store is not None:
        from svcctl.runtime.store import open_store  # noqa: PLC0415 (only where there is one)

        open_store(process.store)


def adopted(
    descriptor: int, tag: str, endpoint: Endpoint, locks: MutableMapping[str, int]
) -> Listening | None:
    """Return a socket that a process before has bound, as it is for the one that bound it.

    Args:
        descriptor: The socket, or whatever has come under its name. It stays open if it is not used.
        tag: ``DEVICE.INODE`` of its path; empty if it has none.
        endpoint: What it is for.
        locks: Descriptors of locks that are held already, by the names of their endpoints; what is used is taken out.

    Returns:
        ``None`` if it is of another kind, or its path leads elsewhere by now.

    Raises:
        BindError: Somebody else holds the lock of its path.
    """
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return None
    sock = socket.socket(fileno=descriptor)
    path: str = getattr(endpoint, "address", "")
    if not _fits(sock, endpoint) or (path and _identity(path, sock) != tag):
        sock.detach()
        return None
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    if endpoint.accepts:
        sock.listen(getattr(endpoint, "backlog", 0))
    if not path:
        return Listening(sock, "", inherited=False)
    lock = None
    try:
        if getattr(endpoint, "lockfile", False):
            lock = LockFile(path, locks.pop(descriptor_name(endpoint), -1))
        os.chmod(path, getattr(endpoint, "mode", 0o666))  # noqa: PTH101 (pathlib is slow to import)
    except OSError as error:
        sock.detach()
        raise BindError(path, error, hint="its lock is the name with .lock behind it") from error
    device, _, inode = tag.partition(".")
    where = os.path.abspath(path)  # noqa: PTH100 (the same)
    return Listening(sock, where, inherited=False, identity=(int(device), int(inode)), lock=lock)


def _fits(sock: socket.socket, endpoint: Endpoint) -> bool:
    if sock.type != (socket.SOCK_DGRAM if endpoint.datagrams else socket.SOCK_STREAM):
        return False
    if endpoint.accepts:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    try:
        sock.getpeername()
    except OSError:
        return True
    return False  # it was connected to somebody meanwhile, and would be for good


def _identity(path: str, sock: socket.socket) -> str:
    """Return device and inode of the path that a socket was bound to; nothing if it is another one or gone."""
    try:
        facts = os.lstat(path)
    except OSError:
        return ""
    if sock.family != socket.AF_UNIX or os.path.abspath(sock.getsockname()) != os.path.abspath(path):  # noqa: PTH100 (the same)
        return ""
    return f"{facts.st_dev}.{facts.st_ino}" if stat.S_ISSOCK(facts.st_mode) else ""
