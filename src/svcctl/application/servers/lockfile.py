"""A lock beside a socket in the file system, so that two processes never both take its place.

The lock is the kernel's (flock(2)) and ends with its holder, however that ends; the file that stays behind then says
nothing, unlike one with a process id in it.
"""

from __future__ import annotations

import errno
import logging
import os

from svcctl.posix import O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK, fcntl

_log = logging.getLogger(__name__)


class LockFile:
    """The lock of one path, held from the beginning.

    Args:
        path: The path to be locked; the file is ``PATH.lock``.
        held: Descriptor of the file if another process holds the lock and shares it.

    Raises:
        OSError: The file cannot be made or is no plain file; ``EADDRINUSE`` if somebody else holds the lock.
    """

    def __init__(self, path: str, held: int = -1) -> None:
        self._path = f"{os.path.abspath(path)}.lock"  # noqa: PTH100 (pathlib is slow to import)
        self._descriptor = held
        while self._descriptor < 0:
            self._descriptor = _try(self._path)

    def fileno(self) -> int:
        """Return the descriptor of the file: whoever has it holds the lock, too."""
        return self._descriptor

    def release(self, *, leave: bool = False) -> None:
        """Remove the file and give the lock up.

        Args:
            leave: Leave the file, for another process that holds the lock, too, or takes it next.
        """
        try:
            # Nobody else removes it while we hold the lock, but a folder may be open to people who do not ask.
            if not leave and _same(self._descriptor, self._path):
                os.unlink(self._path)  # noqa: PTH108 (pathlib is slow to import)
        except OSError as error:
            _log.debug("lock file not removed", extra={"svcctl_path": self._path, "svcctl_error": str(error)})
        os.close(self._descriptor)


def _try(path: str) -> int:
    """Return the descriptor of the locked file; -1 if its holder has just removed it."""
    flags = os.O_RDWR | os.O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)  # for nobody else: whoever can open it could lock it
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _same(descriptor, path):
            return descriptor
    except BlockingIOError:
        os.close(descriptor)
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)) from None
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return -1


def _same(descriptor: int, path: str) -> bool:
    """Return whether a path still leads to an open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
