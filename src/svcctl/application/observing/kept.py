"""The files that a rotation leaves behind: which there are, how they move on, how they are compressed."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

COMPRESSED = ".gz"

#: Text of log files shrinks to a tenth with any level; higher ones take twice the time for little.
_LEVEL = 6


class Kept(NamedTuple):
    """A file that a rotation left behind.

    Attributes:
        rank: What it is sorted by: its number, or its year, month and day.
        path: Its path; ends in ``.gz`` if it is compressed.
    """

    rank: tuple[int, ...]
    path: Path


def numbered(path: Path) -> list[Kept]:
    """Return the files ``PATH.1``, ``PATH.2.gz`` and so on, the newest first."""
    return sorted(_found(path, r"[1-9]\d*"))


def dated(path: Path) -> list[Kept]:
    """Return the files ``PATH.2026_1_31``, ``PATH.2026_2_1.gz`` and so on, the newest first."""
    return sorted(_found(path, r"\d{1,4}_\d{1,2}_\d{1,2}"), reverse=True)


def _found(path: Path, pattern: str) -> list[Kept]:
    suffix = re.compile(rf"{re.escape(path.name)}\.({pattern})(?:{re.escape(COMPRESSED)})?")
    found = ((suffix.fullmatch(other.name), other) for other in path.parent.iterdir())
    return [Kept(tuple(map(int, match[1].split("_"))), other) for match, other in found if match]


def shift(path: Path, limit: int | None) -> None:
    """Make room for a new ``PATH.1``: every number grows by one, and what it grows beyond a limit with is removed.

    Where there is room already, nothing grows, so that a rotation that fails afterwards costs no old file each time.

    Raises:
        OSError: A file cannot be moved; those that have been moved stay so, and none is lost.
    """
    files = numbered(path)
    taken = {kept.rank[0] for kept in files}
    room = next(number for number in range(1, len(taken) + 2) if number not in taken)
    for kept in reversed(files):
        (number,) = kept.rank
        if limit is not None and (number > limit or number == limit < room):
            kept.path.unlink()
        elif number < room:
            compressed = COMPRESSED if kept.path.suffix == COMPRESSED else ""
            kept.path.rename(path.with_name(f"{path.name}.{number + 1}{compressed}"))


def prune(files: list[Kept], limit: int | None) -> None:
    """Remove all but the first few of some files.

    Raises:
        OSError: A file cannot be removed.
    """
    for kept in () if limit is None else files[limit:]:
        kept.path.unlink()


def compress(path: Path) -> None:
    """Replace a file by its compressed form; if that fails, the file stays as it is.

    The original goes when the other is on the disk, so that whatever happens on the way loses nothing.
    """
    target = path.with_name(path.name + COMPRESSED)
    with contextlib.suppress(OSError):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        made = Path(name)
        try:
            with path.open("rb") as source, os.fdopen(descriptor, "wb") as file:
                _copy_facts(source.fileno(), file.fileno())
                with gzip.GzipFile(path.name, "wb", _LEVEL, file) as packed:
                    shutil.copyfileobj(source, packed)
                file.flush()
                os.fsync(file.fileno())
            made.rename(target)
            path.unlink()
        finally:
            made.unlink(missing_ok=True)


def _copy_facts(source: int, target: int) -> None:
    """Give a file the owner and the permissions of another."""
    if sys.platform == "win32":
        return  # both have the rights of their folder
    facts = os.fstat(source)
    with contextlib.suppress(PermissionError):  # only root gives files away
        os.fchown(target, facts.st_uid, facts.st_gid)
    os.fchmod(target, facts.st_mode & 0o777)
