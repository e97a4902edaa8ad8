"""Opens a log file such that nobody else decides where it is or who reads it."""

from __future__ import annotations

import contextlib
import os
import stat

from svcctl.errors import PermissionDeniedError
from svcctl.posix import O_BINARY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, geteuid

#: No link is followed and no reader of a pipe is waited for: the folder may be open to others.
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | O_BINARY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY

#: Set in a process that loads an application only to describe it: often as a user who may not, or should not, make
#: the files of the service. What is opened then is nothing.
describing = False

#: Whom a file may belong to besides the process's own user.
ROOT = 0


def open_log(path: str, mode: int | None = None, *, owner: int | None = None) -> int:
    """Open a file to append to, make it if there is none, and return its descriptor.

    Where :data:`describing` is set, no file is touched, and what is written goes nowhere.

    Args:
        path: Its path.
        mode: Permissions that it gets, whatever the umask is; ``None`` for what a new file gets by the umask, and
            to leave those of an old one alone.
        owner: A user besides this process's own and root whose file it may be.

    Raises:
        PermissionDeniedError: The file belongs to another user, who could read what is logged.
        OSError: It cannot be opened, is a link, or is a pipe that nobody reads.
    """
    if describing:
        return os.open(os.devnull, os.O_WRONLY)
    descriptor = os.open(path, _FLAGS, 0o666 if mode is None else mode)
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode):
        if facts.st_uid not in {ROOT, geteuid(), owner}:
            os.close(descriptor)
            raise PermissionDeniedError(
                f"the log file {path} belongs to another user",
                hint="name a file of your own in a folder that nobody else can write to",
            )
        if mode is not None and stat.S_IMODE(facts.st_mode) != mode:
            with contextlib.suppress(OSError):  # somebody else's file keeps its mode
                os.fchmod(descriptor, mode)
    if O_NONBLOCK:
        os.set_blocking(descriptor, True)
    return descriptor
