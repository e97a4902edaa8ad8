"""Sockets with a path: made by nobody else, and left to nobody else. Loaded where there are any."""

from __future__ import annotations

import errno
import logging
import os
import socket
import stat
from typing import TYPE_CHECKING

from svcctl.application.servers.lockfile import LockFile
from svcctl.application.servers.sockets import Listening, kind_of, listen
from svcctl.posix import unix_family

if TYPE_CHECKING:
    from svcctl.endpoints.rare import Unixgram
    from svcctl.endpoints.values import Unix

_log = logging.getLogger(__name__)


def bind_path(endpoint: Unix | Unixgram) -> Listening:
    """Bind a path under its lock, so that of two processes that find a stale socket one replaces it."""
    unix_family()  # where there is none, there is nothing to be locked either
    lock = LockFile(endpoint.address)
    try:
        listening = _bind_locked(endpoint)
    except BaseException:
        lock.release()
        raise
    if getattr(endpoint, "lockfile", False):
        return listening.replace(lock=lock)
    lock.release()
    return listening


def _bind_locked(endpoint: Unix | Unixgram) -> Listening:
    remove_stale(endpoint.address, kind_of(endpoint))
    path = os.path.abspath(endpoint.address)  # noqa: PTH100 (pathlib is slow to import)
    sock = socket.socket(unix_family(), kind_of(endpoint))
    identity = (0, 0)
    try:
        os.fchmod(sock.fileno(), endpoint.mode)  # so that the path never has more rights than asked for
        sock.bind(endpoint.address)
        identity = identity_of(path)
        os.chmod(endpoint.address, endpoint.mode)  # noqa: PTH101 (the umask may have taken rights away; pathlib is slow to import)
        listen(sock, endpoint)
    except BaseException:
        if identity != (0, 0):
            remove_own(path, identity)
        sock.close()
        raise
    return Listening(sock, path, inherited=False, identity=identity)


def identity_of(path: str) -> tuple[int, int]:
    """Return device and inode of a path.

    Raises:
        OSError: It is not there.
    """
    status = os.lstat(path)
    return status.st_dev, status.st_ino


def remove_stale(path: str, kind: socket.SocketKind) -> None:
    """Remove a socket of a kind that nobody listens on any more; leave everything else to fail at binding."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except OSError:
        return
    with socket.socket(unix_family(), kind) as probe:
        probe.settimeout(1.0)
        if probe.connect_ex(path) == errno.ECONNREFUSED:
            os.unlink(path)  # noqa: PTH108 (pathlib is slow to import)
            _log.info("removed a stale socket", extra={"svcctl_address": path})


def remove_own(path: str, identity: tuple[int, int]) -> None:
    """Remove a path if it is what it was when it was made; what goes wrong is logged."""
    try:
        if identity_of(path) != identity:
            _log.warning("socket not removed: it is somebody else's now", extra={"svcctl_address": path})
            return
        os.unlink(path)  # noqa: PTH108 (pathlib is slow to import)
    except OSError as error:
        _log.warning("socket not removed", extra={"svcctl_address": path, "svcctl_error": str(error)})
