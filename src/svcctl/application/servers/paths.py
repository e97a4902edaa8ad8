"""The names of sockets in the file system: made by nobody else, and left to nobody else. Loaded where there are any."""

from __future__ import annotations

import errno
import logging
import os
import socket
import stat

from svcctl.posix import unix_family

_log = logging.getLogger(__name__)


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
