"""Writes a file so that there is a whole one at every moment, whatever ends the process."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterator

from svcctl.posix import O_CLOEXEC, O_NOFOLLOW, fcntl

#: What a file system says that has no second names for a file.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)

_SUFFIX = ".new"


def replace(folder: int, name: str, data: bytes, *, previous: str | None = None) -> None:
    """Put a file into the place of another one, mode 0600.

    Its bytes are on the disk before it gets the name, and the name is before this returns. Source: rename(2),
    fsync(2).

    Args:
        folder: Descriptor of the folder; it has been opened for reading, not only as a path.
        name: Name of the file in it.
        data: What is to be in it.
        previous: Name that the present file is kept under; ``None`` does not keep it.

    Raises:
        OSError: The system did not allow it; the present file is as it was.
    """
    with _sweeping(folder, name), _new_file(folder, name, data) as new:
        if previous is not None:
            _keep(folder, name, previous)
        os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def create(folder: int, name: str, data: bytes) -> bool:
    """Make a file, mode 0600; return whether it was made: one that is there already is left alone.

    Raises:
        OSError: The system did not allow it.
    """
    with _new_file(folder, name, data) as new:
        try:
            _without_replacing(folder, new, name)
        except FileExistsError:
            return False
    os.fsync(folder)
    return True


def _without_replacing(folder: int, new: str, name: str) -> None:
    try:
        os.link(new, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with contextlib.suppress(FileNotFoundError):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
        os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)


@contextlib.contextmanager
def _new_file(folder: int, name: str, data: bytes) -> Iterator[str]:
    """Write a file of a name that nobody can foresee; whatever still has that name in the end is removed."""
    new = f"{_prefix(name)}{secrets.token_hex(8)}{_SUFFIX}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | O_NOFOLLOW | O_CLOEXEC
    file = os.open(new, flags, 0o600, dir_fd=folder)
    try:
        try:
            _write(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        yield new
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=folder)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _keep(folder: int, name: str, previous: str) -> None:
    """Give the present file a second name, so that it has its own until the new one takes it."""
    second = f"{_prefix(name)}{secrets.token_hex(8)}{_SUFFIX}"
    try:
        os.link(name, second, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        second = name  # for a moment there is only the previous one, which is looked for, too
    os.rename(second, previous, src_dir_fd=folder, dst_dir_fd=folder)
    if second != name:
        with contextlib.suppress(FileNotFoundError):  # it is there if both were the same file already
            os.unlink(second, dir_fd=folder)


def _prefix(name: str) -> str:
    return f".{name[:200]}."


@contextlib.contextmanager
def _sweeping(folder: int, name: str) -> Iterator[None]:
    """Remove what a killed process has left, unless another one is writing in the folder at this moment."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody else has it, or the file system has no locks
        yield
        return
    try:
        with contextlib.suppress(OSError):
            _sweep(folder, _is_left_of(name))
        yield
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)


def _is_left_of(name: str) -> Callable[[str], bool]:
    prefix, length = _prefix(name), len(_prefix(name)) + 16 + len(_SUFFIX)

    def is_left(found: str) -> bool:
        return len(found) == length and found.startswith(prefix) and found.endswith(_SUFFIX)

    return is_left


def _sweep(folder: int, is_left: Callable[[str], bool]) -> None:
    for found in filter(is_left, os.listdir(folder)):
        with contextlib.suppress(OSError):
            os.unlink(found, dir_fd=folder)
