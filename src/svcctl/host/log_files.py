"""Reads the log files of a service: they, and the folder they are in, may belong to the service's own user."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host import files
from svcctl.posix import O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK

#: Seconds between two looks at files that nothing is written to.
INTERVAL = 0.25

_BLOCK = 65536

#: What rotation leaves behind: numbers, dates, compressed files; and what is hidden while it is made.
_ROTATED = re.compile(r"\..*|.*\.(\d+|\d+_\d+_\d+|gz|xz|bz2|zst)|.*-\d{8}")


class Line(NamedTuple):
    """A line of a log file.

    Attributes:
        path: The file.
        text: The line, without its end.
    """

    path: str
    text: str


def find(root: str, folder: str) -> tuple[str, ...]:
    """Return the log files in a folder that are written to now, sorted; none if there is no such folder.

    Args:
        root: Folder that ``folder`` is below; empty for the machine's own.
        folder: Absolute path.

    Raises:
        PermissionDeniedError: It is not for the caller to read, or others could exchange it.
    """
    try:
        with _folder(root, folder) as opened, os.scandir(opened) as there:
            names = [each.name for each in there if each.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return ()
    return tuple(f"{folder}/{name}" for name in sorted(names) if not _ROTATED.fullmatch(name))


def lines(
    root: str,
    paths: Sequence[str],
    *,
    count: int,
    follow: bool,
    wait: Callable[[], object] = lambda: time.sleep(INTERVAL),
) -> Iterator[Line]:
    """Yield the last lines of files, file by file.

    Args:
        root: Folder that the paths are below; empty for the machine's own.
        paths: Absolute paths.
        count: How many lines of each at most.
        follow: Go on with new ones as they come, without an end, also when a file is rotated.
        wait: Called between two looks at what is new.

    Raises:
        ConfigurationError: A file is not there, or is none.
        PermissionDeniedError: It is not for the caller to read.
    """
    with ExitStack() as stack:
        opened = [_Followed(root, path) for path in paths]
        for file in opened:
            stack.callback(file.close)
        for file in opened:
            yield from file.last(count)
        while follow:
            new = [line for file in opened for line in file.new()]
            yield from new
            if not new:
                wait()


class _Followed:
    """A file that grows, and that another one may take the place of."""

    def __init__(self, root: str, path: str) -> None:
        self.root = root
        self.path = path
        self.partial = b""
        try:
            self.descriptor = _open(root, path)
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"the log file {path} is not there", hint="has the application been started?"
            ) from error

    def close(self) -> None:
        os.close(self.descriptor)

    def last(self, count: int) -> Iterator[Line]:
        """Yield the last lines; what follows the last end of a line waits for its own."""
        size = os.fstat(self.descriptor).st_size
        start, ends = size, 0
        while start and ends <= count:
            start = max(0, start - _BLOCK)
            ends += os.pread(self.descriptor, min(_BLOCK, size - start), start).count(b"\n")
        os.lseek(self.descriptor, start, os.SEEK_SET)
        found = list(self.new())
        yield from found[len(found) - min(count, len(found)) :]

    def new(self) -> Iterator[Line]:
        """Yield the lines that have come since."""
        yield from self._rest()
        try:
            there = _open(self.root, self.path)
        except (FileNotFoundError, PermissionDeniedError):
            return  # it is being rotated, or has been taken away: what is open may still grow
        if os.path.sameopenfile(there, self.descriptor):
            os.close(there)
            if os.fstat(self.descriptor).st_size < os.lseek(self.descriptor, 0, os.SEEK_CUR):
                os.lseek(self.descriptor, 0, os.SEEK_SET)
            return
        yield from self._rest()
        os.close(self.descriptor)
        self.descriptor = there
        self.partial = b""
        yield from self._rest()

    def _rest(self) -> Iterator[Line]:
        while data := os.read(self.descriptor, _BLOCK):
            *complete, self.partial = (self.partial + data).split(b"\n")
            for line in complete:
                yield Line(self.path, line.decode("utf-8", "backslashreplace"))


@contextmanager
def _folder(root: str, path: str) -> Iterator[int]:
    """Open a folder that may be a service's own; those that lead to it are not."""
    descriptor = _open_folder(root, path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_folder(root: str, path: str, links: int = 0) -> int:
    if path.strip("/") == "":
        return files.open_folder(root, "/")
    with files.parent(root, path.rstrip("/"), shared=True) as (parent, name):
        try:
            return os.open(name, os.O_RDONLY | O_DIRECTORY | O_NOFOLLOW, dir_fd=parent)
        except PermissionError as error:
            raise PermissionDeniedError(
                f"cannot look into {path}: {error.strerror}", hint="try with sudo"
            ) from error
        except OSError as error:
            if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
                raise
        # The link that systemd puts in place of a private folder is root's.
        target = files.read_link(parent, name, path, links)
    above = path.rstrip("/").rpartition("/")[0]
    return _open_folder(root, target if target.startswith("/") else f"{above}/{target}", links + 1)


def _open(root: str, path: str) -> int:
    """Open a file to read, no link and nothing but a file."""
    place = Path(path)
    with _folder(root, str(place.parent)) as folder:
        try:
            flags = os.O_RDONLY | O_NOFOLLOW | O_NONBLOCK
            descriptor = os.open(place.name, flags, dir_fd=folder)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise PermissionDeniedError(
                f"cannot read the log file {path}: {error.strerror}", hint="try with sudo"
            ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConfigurationError(f"{path} is no log file", hint="look at what is in its place")
    return descriptor
