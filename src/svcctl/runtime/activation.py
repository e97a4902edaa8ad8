"""Takes over the sockets that the init system opened for this process.

Whatever cannot be used is reported and refused; nothing in the environment can make this fail. Inherited sockets
are never shut down and their paths never removed: the init system keeps a copy and hands it to the next process.
Source: sd_listen_fds(3), systemd.socket(5).
"""

from __future__ import annotations

import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, MutableMapping, Sequence

_log = logging.getLogger(__name__)

VARIABLES = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES")

FIRST = 3  # SD_LISTEN_FDS_START
MOST = 65536  # no service manager hands over more; a larger number is damage
UNNAMED = "unknown"  # what sd_listen_fds_with_names(3) calls them


#: What the names of descriptors begin with that an earlier process of the application left: :mod:`svcctl.runtime.store`.
KEPT = ("listen/", "keep/", "state/", "lock/")


def from_environment(
    environ: MutableMapping[str, str], leave: Callable[[str, int], object] | None = None
) -> list[tuple[str, socket.socket]]:
    """Return the inherited sockets with their names, in order, and remove the variables that announced them.

    The sockets are closed on exec and do not block. Names need not be unique.

    Args:
        environ: The process's own environment.
        leave: Called with what an earlier process of the application has left, whatever that is: by its name, and
            closed on exec. ``None``: it is closed.
    """
    values = {name: environ.pop(name, None) for name in VARIABLES}
    count = _count(values["LISTEN_FDS"])
    if not count or not _meant_for_us(values["LISTEN_PID"], values["LISTEN_PIDFDID"]):
        return []
    names = _names(values["LISTEN_FDNAMES"], count)
    found = []
    refused = []
    for descriptor, name in enumerate(names, FIRST):
        try:
            if name.startswith(KEPT):
                os.set_inheritable(descriptor, False)  # noqa: FBT003 (the standard library's signature)
                (leave or _drop)(name, descriptor)
            else:
                found.append((name, _adopt(descriptor)))
        except OSError as error:
            refused.append(f"{descriptor} ({name}): {error.strerror or error}")
    if refused:
        shown = "; ".join(refused[:5]) + (f"; and {len(refused) - 5} more" if len(refused) > 5 else "")  # noqa: PLR2004
        _log.error("inherited descriptors cannot be used", extra={"svcctl_descriptors": shown})
    return found


def close_unused(
    sockets: Sequence[tuple[str, socket.socket]], unused: Sequence[str], unit: str | None
) -> None:
    """Close the inherited sockets that nobody listens on, and say so.

    Args:
        sockets: All inherited sockets, with their names.
        unused: Names of those that are not used.
        unit: Name of the service unit, ``None`` if it is not known.
    """
    if not unused:
        return
    from svcctl.runtime.advice import status_command  # noqa: PLC0415 (only where units do not fit)

    hint = f"{status_command(unit, os.environ)} shows what to do"
    _log.warning(
        "inherited sockets that no service listens on are closed",
        extra={"svcctl_names": ", ".join(unused), "svcctl_hint": hint},
    )
    names = [name for name, _ in sockets]
    for name, sock in sockets:
        # Of several with one name it is not known which of them are in use: these stay open.
        if unused.count(name) == names.count(name):
            sock.close()


def _count(text: str | None) -> int:
    if text is None:
        return 0
    # int() would also take blanks, signs, underscores and the digits of other scripts.
    count = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) else -1
    if 0 <= count <= MOST:
        return count
    _log.error("LISTEN_FDS is no number of descriptors, none is used", extra={"svcctl_value": text[:80]})
    return 0


def _meant_for_us(pid: str | None, identity: str | None) -> bool:
    own = str(os.getpid())
    if pid != own:
        _log.warning(
            "LISTEN_PID is not this process, inherited descriptors are not used",
            extra={"svcctl_value": pid if pid is None else pid[:80], "svcctl_pid": own},
        )
        return False
    if identity is None or identity == _pidfd_identity(identity):
        return True
    _log.warning("LISTEN_PIDFDID is not this process, inherited descriptors are not used")
    return False


def _pidfd_identity(unknown: str) -> str:
    """Return the number by which the kernel tells this process from all others, or what is given if it cannot."""
    if not hasattr(os, "pidfd_open"):
        return unknown
    try:
        descriptor = os.pidfd_open(os.getpid())
    except OSError:
        return unknown
    try:
        return str(os.fstat(descriptor).st_ino)
    finally:
        os.close(descriptor)


def _names(text: str | None, count: int) -> list[str]:
    if text is None:
        if count > 1:
            _log.info("inherited descriptors have no names", extra={"svcctl_count": count})
        return [UNNAMED] * count
    names = text.split(":")
    if len(names) != count:
        _log.warning(
            "LISTEN_FDNAMES does not fit LISTEN_FDS",
            extra={"svcctl_names": len(names), "svcctl_descriptors": count},
        )
    names = [name or UNNAMED for name in names[:count]]
    names += [UNNAMED] * (count - len(names))
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        _log.info("inherited descriptors share names", extra={"svcctl_names": ", ".join(repeated)})
    return names


def _drop(_name: str, descriptor: int) -> None:
    os.close(descriptor)


def _adopt(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)  # noqa: FBT003 (the standard library's signature)
    try:
        found = socket.socket(fileno=descriptor)
    except OSError:
        # Nobody else knows of it, so it would stay open for the life of the process.
        os.close(descriptor)
        raise
    if found.type == socket.SOCK_STREAM and not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        found.close()
        raise OSError("a connection, not a listening socket: its unit must say Accept=no")
    found.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    return found
