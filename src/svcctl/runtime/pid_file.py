"""A pid file that says the truth: it is there while its process serves, and of two processes one gets it.

The file holds the number of the process and nothing else, so that ``kill $(cat FILE)`` works. What tells a stale
or recycled number apart is beside it, in ``FILE.lock``: the number with the time at which that process began. The
kernel's lock on that file (flock(2)) is held for the life of the process and ends with it, however that ends; it
decides who is running, and no guess from a number does, which in a container is mostly the same at every start.

The file comes into being by a rename when the application is ready. Where whoever serves may not make files any
more by then, because the folder is root's or lies outside of a chroot, it is made empty while that is still
possible, and gets its number by one write. What cannot be removed at the end is left empty.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import time
from collections.abc import Collection

from svcctl.errors import ConfigurationError, PermissionDeniedError, SvcctlError
from svcctl.posix import O_CLOEXEC, O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, fcntl
from svcctl.runtime.processes import find

_log = logging.getLogger(__name__)

#: Bytes read of a file: a number has fewer.
_LONGEST = 256

_FLAGS = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
_IN_THE_WAY = "remove it if nothing needs it, or name another file"

#: Rights of the folder's owner, group and others to make files in it.
_WRITE = stat.S_IWUSR | stat.S_IXUSR, stat.S_IWGRP | stat.S_IXGRP, stat.S_IWOTH | stat.S_IXOTH


class PidFile:
    """The pid file of this process, locked from the beginning.

    Args:
        path: Absolute path. Its last part is never followed if it is a link.
        users: Numbers of the users whose files may be replaced, beside root, this process's and the folder's.

    Raises:
        ConfigurationError: Another process has it, or something else is in the way.
        PermissionDeniedError: It belongs to somebody else, is a link, or may not be made.
    """

    def __init__(self, path: str, users: Collection[int] = ()) -> None:
        self.path = path
        folder, self._name = os.path.split(path)
        self._pid = os.getpid()
        self._published = False
        self._lock = self._file = -1
        self._folder = _open_folder(path, folder or "/")
        try:
            owner = os.fstat(self._folder).st_uid
            self._users = {0, os.geteuid(), owner, *users}
            while self._lock < 0:
                self._lock = self._try()
            self._check_former()
            self._record()
        except BaseException:
            self.remove()
            raise

    def settle(self, uid: int, groups: Collection[int], *, chroot: bool) -> None:
        """Prepare for another user, or another root folder: to be called before this process becomes either.

        Args:
            uid: The user it becomes.
            groups: The user's groups.
            chroot: Whether the folder of the file will be out of reach. Nothing that leads to it stays open then.
        """
        facts = os.fstat(self._folder)
        if not chroot and _may_make_files(facts, uid, groups):
            if uid != os.geteuid():
                os.fchown(self._lock, uid, -1)
            return
        flags = _FLAGS | os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            self._file = os.open(self._name, flags, 0o644, dir_fd=self._folder)
        except OSError as error:
            raise _refusal(self.path, "cannot be made", error) from error
        os.fchmod(self._file, 0o644)
        if chroot:
            os.close(self._folder)
            self._folder = -1

    def publish(self) -> None:
        """Let the file be there, with the number in it.

        Raises:
            PermissionDeniedError: This process may not make it.
            ConfigurationError: It cannot be made for another reason.
        """
        text = b"%d\n" % self._pid
        try:
            if self._file >= 0:
                os.write(self._file, text)
            else:
                self._replace(text)
        except OSError as error:
            raise _refusal(self.path, "cannot be written", error) from error
        self._published = True

    def remove(self) -> None:
        """Remove what this process has made, and give the lock up. A second call does nothing."""
        if self._lock >= 0 and self._folder >= 0:
            if (self._published or self._file >= 0) and self._is_ours():
                self._unlink(self._name)
            if self._same(self._lock, f"{self._name}.lock"):
                self._unlink(f"{self._name}.lock")
        if self._file >= 0:
            os.ftruncate(self._file, 0)
        for descriptor in (self._file, self._folder, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._folder = self._lock = -1

    def _try(self) -> int:
        """Return the descriptor of the locked file; -1 if its holder has just removed it."""
        name = f"{self._name}.lock"
        try:
            descriptor = os.open(name, _FLAGS | os.O_RDONLY | os.O_CREAT, 0o644, dir_fd=self._folder)
        except OSError as error:
            raise _refusal(f"{self.path}.lock", "cannot be made", error) from error
        try:
            self._check_owner(descriptor, f"{self.path}.lock")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._same(descriptor, name):
                return descriptor
        except BlockingIOError:
            holder = _text(descriptor)
            os.close(descriptor)
            raise _locked(self.path, holder) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return -1

    def _check_former(self) -> None:
        """Refuse a pid file that another program may still need, and remove one that nobody needs."""
        try:
            descriptor = os.open(self._name, _FLAGS | os.O_RDONLY, dir_fd=self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _refusal(self.path, "cannot be used", error) from error
        try:
            self._check_owner(descriptor, self.path)
            text = _text(descriptor)
            former = _text(self._lock).partition(" ")[0]
            written = time.time() - os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)
        if text and text != former:
            check_foreign(self.path, text, written)
        self._unlink(self._name)
        if text:
            _log.info("removed a stale pid file", extra={"svcctl_path": self.path, "svcctl_pid": text})

    def _check_owner(self, descriptor: int, path: str) -> None:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise PermissionDeniedError(f"{path} is no plain file", hint=_IN_THE_WAY)
        if facts.st_uid not in self._users or facts.st_nlink > 1:
            raise PermissionDeniedError(f"{path} belongs to another user", hint=_IN_THE_WAY)

    def _record(self) -> None:
        """Write down who holds the lock, through a descriptor of its own.

        The one that stays open cannot be written through: what root reads from root's file was written by root,
        even if the application is taken over by somebody else later.
        """
        own = find(self._pid)
        began = own.began if own is not None else "-"
        try:
            descriptor = os.open(f"{self._name}.lock", _FLAGS | os.O_WRONLY, dir_fd=self._folder)
            try:
                os.ftruncate(descriptor, 0)
                os.fchmod(descriptor, 0o644)
                os.write(descriptor, f"{self._pid} {began}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _refusal(f"{self.path}.lock", "cannot be written", error) from error

    def _replace(self, text: bytes) -> None:
        name = f"{self._name}.{os.urandom(8).hex()}"
        descriptor = os.open(name, _FLAGS | os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=self._folder)
        try:
            os.fchmod(descriptor, 0o644)  # whatever the umask: others read it to find the process
            os.write(descriptor, text)
            os.rename(name, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except BaseException:
            self._unlink(name)
            raise
        finally:
            os.close(descriptor)

    def _is_ours(self) -> bool:
        if self._file >= 0:
            return self._same(self._file, self._name)
        try:
            descriptor = os.open(self._name, _FLAGS | os.O_RDONLY, dir_fd=self._folder)
        except OSError:
            return False
        try:
            return _text(descriptor) == str(self._pid)
        finally:
            os.close(descriptor)

    def _same(self, descriptor: int, name: str) -> bool:
        try:
            there = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(descriptor), there)

    def _unlink(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            extra = {"svcctl_path": f"{os.path.dirname(self.path)}/{name}", "svcctl_error": error.strerror}  # noqa: PTH120 (pathlib is slow to import)
            _log.info("left behind: this process may not remove it", extra=extra)


def check_foreign(path: str, text: str, written: float) -> None:
    """Refuse a pid file that no process of svcctl has written, unless its process has ended.

    Args:
        path: The file.
        text: What is in it.
        written: Seconds since it was written.

    Raises:
        ConfigurationError: It holds no number, or that of a process that was there when it was written.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004 (digits of the largest number)
        raise ConfigurationError(f"{path} is there and holds no process id", hint=_IN_THE_WAY)
    if int(text) == os.getpid():
        return  # of an earlier container: the numbers are the same in each
    process = find(int(text))
    # The clock may have been set, and the kernel counts ticks.
    if process is not None and process.age >= written - 1:
        raise _already_running(path, text)


def check_free(path: str) -> None:
    """Refuse a pid file of a process that serves, before anything is loaded; the lock has the last word later.

    Raises:
        ConfigurationError: A process has it.
    """
    number, began = recorded(path)
    process = find(number) if number > 0 else None
    if process is not None and process.began == began and number != os.getpid():
        raise _already_running(path, str(number))


def recorded(path: str) -> tuple[int, str]:
    """Return the process that a pid file's lock names, and when it began; 0 and an empty text if there is none."""
    try:
        descriptor = os.open(f"{path}.lock", _FLAGS | os.O_RDONLY)
    except OSError:
        return 0, ""
    try:
        number, _, began = _text(descriptor).partition(" ")
    finally:
        os.close(descriptor)
    return (int(number), began) if number.isascii() and number.isdigit() else (0, "")


def _text(descriptor: int) -> str:
    return os.pread(descriptor, _LONGEST, 0).decode("ascii", "backslashreplace").strip()


def _may_make_files(folder: os.stat_result, uid: int, groups: Collection[int]) -> bool:
    if uid == 0:
        return True
    owner, group, others = _WRITE
    if folder.st_uid == uid:
        needed = owner
    elif folder.st_gid in groups:
        needed = group
    else:
        needed = others
    return folder.st_mode & needed == needed


def _open_folder(path: str, folder: str) -> int:
    try:
        return os.open(folder, getattr(os, "O_PATH", os.O_RDONLY) | O_DIRECTORY | O_CLOEXEC)
    except OSError as error:
        raise _refusal(path, "cannot be made", error) from error


def _locked(path: str, holder: str) -> ConfigurationError:
    pid, _, began = holder.partition(" ")
    process = find(int(pid)) if pid.isdigit() else None
    if pid and (process is None or process.began != began):
        return ConfigurationError(
            f"{path} is locked by what process {pid} has left behind, or by another container's process",
            hint=f"`fuser -v {path}.lock` shows who it is",
        )
    return _already_running(path, pid)


def _already_running(path: str, pid: str) -> ConfigurationError:
    who = f"process {pid}" if pid else "a process"
    return ConfigurationError(
        f"{path} belongs to {who}, which is running",
        hint=f"svcctl kill {path} stops it, or name another file",
    )


def _refusal(path: str, what: str, error: OSError) -> SvcctlError:
    refused = error.errno in {errno.EACCES, errno.EPERM, errno.ELOOP, errno.EROFS, errno.ENXIO}
    kind = PermissionDeniedError if refused else ConfigurationError
    why = "it is a link" if error.errno == errno.ELOOP else error.strerror
    return kind(
        f"the pid file {path} {what}: {why}", hint="name one in a folder where this process may make files"
    )
