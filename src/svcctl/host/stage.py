"""Writes files aside and exchanges them for the old ones, in a way that can be undone to the last bit."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from typing import NamedTuple

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host import files
from svcctl.posix import O_CLOEXEC, O_NOFOLLOW

_PREFIX = ".svcctl-"


class _Aside(NamedTuple):
    """The folder beside some targets that holds their new and old versions.

    Attributes:
        target: Descriptor of the folder of the targets.
        name: Name of the folder in it, with ``new`` and ``old`` below.
    """

    target: int
    name: str


class Stage:
    """New and old versions of files, beside the files, from the first write until all is done.

    The old version is never copied but linked or moved, so to restore it needs no room on the disk and brings
    back its owner, times and attributes as well. Both moves are renames within one file system, so at any
    moment there is either the old file or the new one.

    Args:
        root: The folder that all paths are below; empty for the machine's own.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._asides: dict[str, _Aside] = {}

    def write(self, path: str, content: bytes, mode: int) -> None:
        """Write the new version of a file aside and force it to the disk.

        Raises:
            PermissionDeniedError: Its folder is not safe, or not ours to write.
            ConfigurationError: There is something other than a file in its place, or the disk is full or read-only.
        """
        aside = self._aside(path)
        name = path.rpartition("/")[2]
        files.read_in(aside.target, name, path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | O_NOFOLLOW | O_CLOEXEC
        with _writing(path):
            file = os.open(f"{aside.name}/new/{name}", flags, 0o600, dir_fd=aside.target)
            with os.fdopen(file, "wb") as opened:
                # A folder with the setgid bit would pass its group on.
                os.fchown(file, os.geteuid(), os.getegid())
                os.fchmod(file, mode)
                opened.write(content)
                opened.flush()
                os.fsync(file)

    def swap(self, path: str) -> None:
        """Put the new version in the place of the old one."""
        aside, name = self._aside(path), path.rpartition("/")[2]
        old = f"{aside.name}/old/{name}"
        with contextlib.suppress(FileNotFoundError):
            os.link(name, old, src_dir_fd=aside.target, dst_dir_fd=aside.target, follow_symlinks=False)
        os.rename(f"{aside.name}/new/{name}", name, src_dir_fd=aside.target, dst_dir_fd=aside.target)

    def take(self, path: str) -> None:
        """Take a file away; nothing happens if it is not there."""
        aside, name = self._aside(path), path.rpartition("/")[2]
        with contextlib.suppress(FileNotFoundError):
            os.rename(name, f"{aside.name}/old/{name}", src_dir_fd=aside.target, dst_dir_fd=aside.target)

    def restore(self, path: str) -> None:
        """Put the old version back, or remove the new one if there was none."""
        aside, name = self._aside(path), path.rpartition("/")[2]
        try:
            os.rename(f"{aside.name}/old/{name}", name, src_dir_fd=aside.target, dst_dir_fd=aside.target)
        except FileNotFoundError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=aside.target)

    def sync(self) -> None:
        """Force the names to the disk."""
        for aside in self._asides.values():
            os.fsync(aside.target)

    def close(self) -> None:
        """Remove what is left aside; the old versions are gone for good."""
        while self._asides:
            _, aside = self._asides.popitem()
            shutil.rmtree(aside.name, dir_fd=aside.target)
            os.close(aside.target)

    def _aside(self, path: str) -> _Aside:
        folder = path.rpartition("/")[0]
        if folder not in self._asides:
            target = files.open_folder(self._root, folder)
            try:
                self._asides[folder] = _Aside(target, _make_aside(target, folder))
            except BaseException:
                os.close(target)
                raise
        return self._asides[folder]


def _make_aside(target: int, folder: str) -> str:
    """Make a folder nobody can foresee; remove those that a killed process left (we hold the lock)."""
    for entry in os.listdir(target):
        info = os.stat(entry, dir_fd=target, follow_symlinks=False)
        if entry.startswith(_PREFIX) and stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid():
            shutil.rmtree(entry, dir_fd=target)
    name = _PREFIX + secrets.token_hex(8)
    with _writing(f"to {folder or '/'}"):
        os.mkdir(name, 0o700, dir_fd=target)
        try:
            os.mkdir(f"{name}/new", 0o700, dir_fd=target)
            os.mkdir(f"{name}/old", 0o700, dir_fd=target)
        except BaseException:
            shutil.rmtree(name, dir_fd=target)
            raise
    return name


@contextlib.contextmanager
def _writing(what: str) -> Iterator[None]:
    """Say of what goes wrong below where it was."""
    try:
        yield
    except PermissionError as error:
        raise PermissionDeniedError(f"cannot write {what}: {error.strerror}", hint="try with sudo") from error
    except OSError as error:
        hint = "is the disk full or read-only?"
        raise ConfigurationError(f"cannot write {what}: {error.strerror}", hint=hint) from error
