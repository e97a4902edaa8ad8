r"""Log files that rotate: by size, by day, or by somebody else.

Rotation never loses what was written: when it cannot be done (the folder cannot be written to, the disk is full) the
file that is open goes on growing, ``rotation_error`` says why, and the next write tries again. A record that a full
disk has cut in two is completed before anything else is written.

Paths are made absolute when the object is made, so that a later change of the working directory changes nothing. No
link is followed, and a file of another user is refused. All methods may be called from several threads.

Example:
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> log = LogFile("shop.log", folder, rotateLength=5)
    >>> for line in ("opened\n", "sold out\n", "closed\n"):
    ...     log.write(line)
    >>> log.listLogs()
    [1, 2]
    >>> old = log.getLog(1)
    >>> old.readLines()
    ['sold out\n']
    >>> old.close()
    >>> log.close()
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from svcctl.application.observing import kept
from svcctl.application.observing.base import BaseLogFile
from svcctl.application.observing.reader import LogReader
from svcctl.errors import UsageError

__all__ = ["BaseLogFile", "DailyLogFile", "LogFile", "LogReader"]

#: How many rotated files a :class:`LogFile` keeps unless it is told otherwise.
MAX_ROTATED_FILES = 10


class LogFile(BaseLogFile):
    """A file that is rotated before it grows beyond a size: ``NAME.1`` is the newest of the old ones.

    Args:
        name: Its name.
        directory: The folder that it is in.
        rotateLength: Bytes from which on it is rotated before the next write; ``None`` or 0: never by itself.
        defaultMode: As for :class:`BaseLogFile`.
        maxRotatedFiles: How many old ones are kept; ``None`` keeps all.
        compress: As for :class:`BaseLogFile`; ``NAME.1.gz`` then.
        owner: As for :class:`BaseLogFile`.

    Raises:
        UsageError: Fewer than one old file would be kept.
    """

    def __init__(
        self,
        name: str,
        directory: str,
        rotateLength: int | None = 1000000,
        defaultMode: int | None = None,
        maxRotatedFiles: int | None = MAX_ROTATED_FILES,
        *,
        compress: bool = False,
        owner: int | None = None,
    ) -> None:
        self.rotateLength = rotateLength
        self.maxRotatedFiles = _limit(maxRotatedFiles)
        super().__init__(name, directory, defaultMode, compress=compress, owner=owner)

    def shouldRotate(self) -> bool:
        """Return whether it has grown to its size; others may write to it and cut it, too."""
        if not self.rotateLength or not self._regular or self.size < self.rotateLength:
            return False
        self.size = os.fstat(self._descriptor).st_size
        return self.size >= self.rotateLength

    def rotate(self) -> None:
        """Rotate it now, if that is possible."""
        self._try(self._rotate)

    def _rotate(self) -> None:
        if not self._regular:
            return
        if self._has_moved():
            self.reopen()
            return
        self._check_writable()
        self._wait()
        path = Path(self.path)
        kept.shift(path, self.maxRotatedFiles)
        self._replace(path.with_name(f"{self.name}.1"))

    def listLogs(self) -> list[int]:
        """Return the numbers of the old files, the newest first."""
        return sorted({old.rank[0] for old in kept.numbered(Path(self.path))})

    def getLog(self, identifier: int) -> LogReader:
        """Return a reader of an old file.

        Raises:
            ValueError: There is none of that number.
        """
        return _reader(self.path, str(identifier))


class DailyLogFile(BaseLogFile):
    """A file that is rotated at the first write of a new day, local time: ``NAME.2026_1_31`` is the old one.

    A clock that is set back changes nothing, and neither does an old file that is there already.

    Attributes:
        lastDate: Year, month and day of what is in it.

    Args:
        name: Its name.
        directory: The folder that it is in.
        defaultMode: As for :class:`BaseLogFile`.
        maxRotatedFiles: How many old ones are kept; ``None`` keeps all.
        compress: As for :class:`BaseLogFile`; ``NAME.2026_1_31.gz`` then.
        owner: As for :class:`BaseLogFile`.
        clock: Returns the time in seconds since 1970.
    """

    def __init__(
        self,
        name: str,
        directory: str,
        defaultMode: int | None = None,
        *,
        maxRotatedFiles: int | None = None,
        compress: bool = False,
        owner: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.maxRotatedFiles = _limit(maxRotatedFiles)
        super().__init__(name, directory, defaultMode, compress=compress, owner=owner)

    def _adopt(self, descriptor: int) -> None:
        super()._adopt(descriptor)
        changed = os.fstat(descriptor).st_mtime
        self.lastDate = self.toDate(changed) if self.size else self.toDate()

    def toDate(self, *args: Any) -> tuple[int, int, int]:  # noqa: ANN401 (three forms)
        """Return year, month and day: of today, of a time in seconds since 1970, or of a date as it stands."""
        if len(args) <= 1 and not (args and isinstance(args[0], Sequence)):
            given = time.localtime(args[0] if args else self.clock())
            return given.tm_year, given.tm_mon, given.tm_mday
        year, month, day = (args[0] if len(args) == 1 else args)[:3]
        return int(year), int(month), int(day)

    def suffix(self, tupledate: Sequence[int] | float) -> str:
        """Return what stands behind the name of an old file, without zeros in front: ``2026_1_31``."""
        return "_".join(map(str, self.toDate(tupledate)))

    def shouldRotate(self) -> bool:
        """Return whether a new day has begun since the last write."""
        return self._regular and self.toDate() > self.lastDate

    def write(self, data: str | bytes) -> None:
        """Append text or bytes, after a rotation if it is time for one. Raises as :meth:`BaseLogFile.write`."""
        with self._lock:
            super().write(data)
            self.lastDate = max(self.lastDate, self.toDate())

    def rotate(self) -> None:
        """Rotate it now, if that is possible and there is no old file of its day."""
        self._try(self._rotate)

    def _rotate(self) -> None:
        if not self._regular:
            return
        if self._has_moved():
            self.reopen()
            return
        path = Path(self.path)
        target = path.with_name(f"{self.name}.{self.suffix(self.lastDate)}")
        self._check_writable()
        if target.exists() or target.with_name(target.name + kept.COMPRESSED).exists():
            return
        self._wait()
        self._replace(target)
        kept.prune(kept.dated(path), self.maxRotatedFiles)

    def getLog(self, identifier: Sequence[int] | float) -> LogReader:
        """Return a reader of the file of a day, which is given as year, month and day or as a time.

        Raises:
            ValueError: There is none of that day.
        """
        if self.toDate(identifier) == self.lastDate:
            return self.getCurrentLog()
        return _reader(self.path, self.suffix(identifier))


def _limit(files: int | None) -> int | None:
    if files is not None and files < 1:
        raise UsageError(
            f"{files} rotated log files cannot be kept", hint="keep at least 1, or all with None"
        )
    return files


def _reader(path: str, suffix: str) -> LogReader:
    for name in (f"{path}.{suffix}", f"{path}.{suffix}{kept.COMPRESSED}"):
        if Path(name).is_file():
            return LogReader(name)
    raise ValueError(f"there is no log file {path}.{suffix}")
