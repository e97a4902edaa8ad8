"""What to do about an address that cannot be bound. Loaded when one cannot."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from svcctl.endpoints.values import Endpoint

_FIRST_UNPRIVILEGED_PORT = 1024


def hint_for(error: OSError, endpoint: Endpoint) -> str:
    """Return what to do about an address that cannot be bound; empty if there is nothing to advise."""
    path = getattr(endpoint, "address", None)
    if path is not None:
        return _path_hint(error, path)
    port = getattr(endpoint, "port", 0)
    if error.errno in {errno.EACCES, errno.EPERM} and 0 < port < _FIRST_UNPRIVILEGED_PORT:
        return "ports below 1024 need privileges; `svcctl install` has systemd open the port instead"
    if error.errno == errno.EADDRINUSE:
        return f"something listens there already: `ss -lnp 'sport = :{port}'` shows what"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address (yet)"
    return ""


_NO_FILES = "the user of this process may not make files in that folder, or may not look into it"
_NO_LOCK = "the name with .lock behind it is no plain file, as the framework's own lock was none: remove it"
_PATH_HINTS = {
    errno.ENOENT: "the folder of the socket does not exist: make it, or give another path",
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NO_FILES),
    **dict.fromkeys((errno.ELOOP, errno.EISDIR, errno.ENXIO), _NO_LOCK),
}


def _path_hint(error: OSError, path: str) -> str:
    if error.errno != errno.EADDRINUSE:
        return _PATH_HINTS.get(error.errno or 0, "")
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return "there is something else than a socket under that name: remove it, or give another path"
    except OSError:
        return "another process holds its lock, the name with .lock behind it"
    return "something listens there already: `ss -lxp` shows what"
