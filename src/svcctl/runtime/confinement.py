"""Takes a process to where it serves: its name, its pid file, its root folder, its folder, its user, in this order.

Everything is looked up while all of the machine is in sight, and everything that may be imported later is imported
before that is out of reach. Source: chroot(2), credentials(7).
"""

from __future__ import annotations

import importlib
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from svcctl.application.service import Application, IProcess
from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.posix import geteuid, require
from svcctl.runtime import privileges
from svcctl.runtime.options import RunOptions
from svcctl.runtime.recording import owner_of_folder

if TYPE_CHECKING:
    from svcctl.runtime.pid_file import PidFile

_log = logging.getLogger(__name__)

#: Packages of ours whose modules are loaded where they are needed.
_OURS = ("svcctl.application", "svcctl.endpoints", "svcctl.runtime")

#: Of these, what only Windows can load, which knows neither users nor root folders to change to.
_NOT_HERE = ("svcctl.application.processes.held", "svcctl.runtime.windows.")

#: Those that bring something foreign along, if an application uses them.
_ADAPTERS = ("svcctl.interop.twisted",)

#: The same of Python.
_PYTHONS = ("concurrent.futures.thread", "encodings.idna", "linecache", "pickle", "pwd", "traceback")


def check(options: RunOptions) -> None:
    """Refuse early what can be seen to go wrong later, before the application is loaded.

    Raises:
        ConfigurationError: A folder is not there, or there is no such user or group.
        PermissionDeniedError: Only root could do this.
        UsageError: This is Windows, which has no such thing.
    """
    for what in ("chroot", "checkpoint", "euid", "pidfile", "save", "syslog"):
        if getattr(options, what):
            require(f"--{what}")
    if options.chroot and os.geteuid() != 0:
        raise PermissionDeniedError(
            f"only root can change the root folder to {options.chroot}", hint="leave --chroot out"
        )
    for what, path in (("chroot", options.chroot), ("rundir", "" if options.chroot else options.rundir)):
        if path and not os.path.isdir(path):  # noqa: PTH112 (pathlib is slow to import)
            raise ConfigurationError(f"--{what} {path} is no folder", hint="make it, or correct the option")


def confine(
    application: Application, options: RunOptions, give_log: Callable[[int, int], None]
) -> PidFile | None:
    """Take this process to where the application serves.

    Args:
        application: Whose name, user and group count, unless the options have others.
        options: With paths from the root.
        give_log: Gives the log file to a user and a group, by their numbers.

    Returns:
        The pid file, locked, if there is to be one.

    Raises:
        ConfigurationError: A folder, user or group is not there, or the pid file belongs to another process.
        PermissionDeniedError: The system forbids it.
    """
    process: Any = IProcess(application)  # type: ignore[misc,call-arg]  # the interface adapts
    if process.processName is not None and not options.originalname:
        from svcctl.runtime.naming import name_process  # noqa: PLC0415 (only if the application has a name for it)

        name_process(process.processName)
    user = options.uid or process.uid
    # A user that is named here comes with a group of its own, not with the one of another user.
    group = options.gid or (None if options.uid else process.gid)
    identity = privileges.look_up(user, group)
    uid = geteuid() if identity.uid is None else identity.uid
    pid_file = None
    if options.pidfile:
        from svcctl.runtime.pid_file import PidFile  # noqa: PLC0415 (only if there is to be one)

        pid_file = PidFile(options.pidfile, {uid})
    try:
        if options.chroot or not identity.is_present:
            _load_all()
        if pid_file is not None:
            pid_file.settle(uid, identity.groups or os.getgroups(), chroot=bool(options.chroot))
        if not identity.is_present and (options.uid or _owns_folder(uid, options.logfile)):
            give_log(uid, -1 if identity.gid is None else identity.gid)
        _enter(options, uid)
        privileges.become(identity, effective=options.euid)
    except BaseException:
        if pid_file is not None:
            pid_file.remove()
        raise
    return pid_file


def _owns_folder(uid: int, logfile: str) -> bool:
    """Tell whether a log file may belong to a user whom only the application names.

    In anybody else's folder the next start, which does not know that user yet, would take it for a stranger's.
    """
    return bool(logfile) and owner_of_folder(logfile) == uid


def _enter(options: RunOptions, uid: int) -> None:
    where = options.chroot or options.rundir
    try:
        if options.chroot:
            os.chroot(options.chroot)
            where = options.rundir or "/"
            if uid == 0:
                _log.warning("root can leave a chroot: name a user to serve as")
        if where:
            os.chdir(where)
    except PermissionError as error:
        raise PermissionDeniedError(
            f"cannot serve in {where}: {error.strerror}", hint="--chroot needs root, and folders their rights"
        ) from error
    except OSError as error:
        hint = "with --chroot it counts from the new root folder" if options.chroot else ""
        raise ConfigurationError(f"cannot serve in {where}: {error.strerror}", hint=hint) from error


def _load_all() -> None:
    """Import what is imported on first need otherwise, and have the C library load its parts."""
    import pkgutil  # noqa: PLC0415 (only before a chroot)

    for name in (*_OURS, *(each for each in _ADAPTERS if each in sys.modules)):
        package = importlib.import_module(name)
        for each in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not each.name.endswith("__main__") and not each.name.startswith(_NOT_HERE):
                _load(each.name)
    for name in _PYTHONS:
        _load(name)
    time.localtime()
    with suppress(OSError):
        socket.getaddrinfo("localhost", None)


def _load(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError as error:  # an extra that is not installed: nobody can need it later either
        _log.debug("module not loaded", extra={"svcctl_module": name, "svcctl_error": str(error)})
