"""A file that is appended to, and what every rotation of it has in common."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from svcctl.application.observing import kept
from svcctl.application.observing.opening import open_log
from svcctl.application.observing.reader import LogReader
from svcctl.errors import ConfigurationError, SvcctlError


class BaseLogFile:
    """A file that is appended to, in UTF-8, and that others may rotate; what its subclasses add is when they do it.

    Attributes:
        path: Its absolute path.
        size: Its size in bytes.
        rotation_error: Why the last rotation could not be done; ``None`` if it was.

    Args:
        name: Its name.
        directory: The folder that it is in.
        defaultMode: Permissions of new files, whatever the umask is. ``None``: those of the file that is there, else
            what the umask says.
        compress: Rotated files are compressed with gzip, in a thread.
        owner: A user besides the process's own and root whose file it may be.

    Raises:
        PermissionDeniedError: The file belongs to another user.
        OSError: It cannot be opened: the folder is missing, or it is a link.
    """

    def __init__(
        self,
        name: str,
        directory: str,
        defaultMode: int | None = None,
        *,
        compress: bool = False,
        owner: int | None = None,
    ) -> None:
        self.name = name
        self.directory = str(Path(directory).absolute())
        self.path = str(Path(self.directory, name))
        self.defaultMode = defaultMode
        self.compress = compress
        self.owner = owner
        self.rotation_error: OSError | None = None
        if defaultMode is None:
            with contextlib.suppress(OSError):
                self.defaultMode = stat.S_IMODE(Path(self.path).lstat().st_mode)
        self._reset()
        self._open()

    @classmethod
    def fromFullPath(cls, filename: str, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 (those of the class)
        """Make one from a path instead of a name and a folder."""
        path = Path(filename).absolute()
        return cls(path.name, str(path.parent), *args, **kwargs)

    @classmethod
    def unopened(cls, path: str) -> Self:
        """Make one that opens its file when it is written to."""
        made = cls.__new__(cls)
        folder, name = os.path.split(path)
        state = {"name": name, "directory": folder or "/", "path": path, "defaultMode": None, "owner": None}
        made.__setstate__({**state, "compress": False, "size": 0})
        return made

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._torn = b""
        self._compressing: threading.Thread | None = None
        self._opened: int | None = None
        self._regular = True
        self.closed = False

    def open_again(self) -> None:
        """Open the file of one that comes out of a saved application now, not when it is written to.

        Raises:
            PermissionDeniedError: The file belongs to another user.
            ConfigurationError: It cannot be opened.
        """
        with self._lock:
            try:
                self._open()
            except SvcctlError:
                raise
            except OSError as error:
                raise ConfigurationError(
                    f"the log file {self.path} cannot be opened: {error.strerror}", hint="make its folder"
                ) from error

    def _open(self) -> None:
        if self._opened is None and not self.closed:
            self._adopt(open_log(self.path, self.defaultMode, owner=self.owner))

    @property
    def _descriptor(self) -> int:
        """The file that is written to now."""
        self._open()
        if self._opened is None:
            raise ValueError(f"the log file {self.path} is closed")
        return self._opened

    def _adopt(self, descriptor: int) -> None:
        facts = os.fstat(descriptor)
        self._opened = descriptor
        # What is written to a terminal or to /dev/null neither grows nor moves.
        self._regular = stat.S_ISREG(facts.st_mode)
        self.size = facts.st_size if self._regular else 0

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved with an application: all but the open file, which is opened again when it is used."""
        left_out = {"_lock", "_opened", "_regular", "_compressing", "_torn", "rotation_error"}
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.rotation_error = None
        self._reset()

    def fileno(self) -> int:
        """Return the descriptor of the file that is written to now."""
        return self._descriptor

    def shouldRotate(self) -> bool:
        """Return whether the file is rotated before the next write: this one never is."""
        return False

    def write(self, data: str | bytes) -> None:
        """Append text or bytes, after a rotation if it is time for one.

        Raises:
            OSError: Nothing of it could be written; what was written before is complete, or will be.
            ValueError: The file is closed.
        """
        encoded = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else bytes(data)
        with self._lock:
            if self.closed:
                raise ValueError(f"the log file {self.path} is closed")
            self._open()
            if self.shouldRotate():
                self.rotate()
            self._complete()
            self._torn = self._append(encoded)

    def _append(self, data: bytes) -> bytes:
        """Write what there is room for and return the rest; an error if there is no room at all."""
        done = 0
        try:
            while done < len(data):
                done += os.write(self._descriptor, data[done:])
        except OSError:
            if not done:
                raise
        self.size += done if self._regular else 0
        return data[done:]

    def _complete(self) -> None:
        while self._torn:
            self._torn = self._append(self._torn)

    def flush(self) -> None:
        """Do what can be done for a record that was cut off; else nothing is held back that could be written."""
        with self._lock, contextlib.suppress(OSError):
            self._complete()

    def close(self) -> None:
        """Close the file; more than once does no harm."""
        with self._lock:
            if not self.closed:
                self.flush()
                self.closed = True
                if self._opened is not None:
                    os.close(self._opened)
                    self._opened = None
            self._wait()

    def reopen(self) -> None:
        """Open the file of this path again: somebody has moved the old one away.

        Raises:
            OSError: It cannot be opened; the one that was open still is.
        """
        with self._lock:
            if self.closed:
                raise ValueError(f"the log file {self.path} is closed")
            descriptor = open_log(self.path, self.defaultMode, owner=self.owner)
            self.flush()
            if self._opened is not None:
                os.close(self._opened)
            self._adopt(descriptor)

    def rotate(self) -> None:
        """Rotate the file now. This one leaves that to others, and opens again what they have put there."""
        self._try(self.reopen)

    def renew(self) -> None:
        """Follow somebody else's rotation if there has been one, else rotate: what a signal asks for."""
        with self._lock:
            self._try(self.reopen) if self._has_moved() else self.rotate()

    def getCurrentLog(self) -> LogReader:
        """Return a reader of the file that is written to now, from its beginning."""
        return LogReader(self.path)

    def _try(self, rotate: Callable[[], None]) -> None:
        with self._lock:
            try:
                self._open()
                rotate()
            except OSError as error:
                self.rotation_error = error
            else:
                self.rotation_error = None

    def _has_moved(self) -> bool:
        try:
            there = Path(self.path).lstat()
        except OSError:
            return True
        return not os.path.samestat(there, os.fstat(self._descriptor))

    def _replace(self, target: Path) -> None:
        """Move the file to another name and begin a new one; where that fails, the old one is as it was."""
        path = Path(self.path)
        self._complete()
        if sys.platform == "win32" and self._opened is not None:  # an open file keeps its name there
            os.close(self._opened)
            self._opened = None  # what is written next opens it, whatever comes of this
        path.rename(target)
        try:
            self.reopen()
        except OSError:
            target.rename(path)
            raise
        if self.compress:
            thread = threading.Thread(target=kept.compress, args=(target,), name="compress a log")
            with contextlib.suppress(RuntimeError):  # there is no thread to be had: it stays as it is
                thread.start()
                self._compressing = thread

    def _check_writable(self) -> None:
        for path in (self.directory, self.path):
            if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                raise PermissionError(f"{path} cannot be written to")

    def _wait(self) -> None:
        """Wait until what was rotated last is compressed: it must not move meanwhile."""
        if self._compressing is not None:
            self._compressing.join()
            self._compressing = None
