"""Writes files for a user, all of them or none."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from svcctl.errors import ConfigurationError, PermissionDeniedError


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give an empty folder whose entries are moved to another one when the block ends without an error.

    It lies in that one, so that a move is a rename, and is removed in any case. What is there of the same name is
    replaced if it is a file; a folder is replaced only by a folder, and only if it is empty.

    Args:
        folder: Where the files are to be; made, with those above it, if it is not there.

    Raises:
        ConfigurationError: There is something else, or something that cannot be replaced.
        PermissionDeniedError: One may not write there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".svcctl-") as name:
            yield (stage := Path(name))
            _move(sorted(stage.iterdir()), folder)
    except PermissionError as error:
        raise PermissionDeniedError(f"one may not write to {folder}", hint="name another folder") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise ConfigurationError(
            f"{error.filename or folder} is no folder", hint="name another folder"
        ) from error


def _move(made: list[Path], folder: Path) -> None:
    for path in made:
        there = folder / path.name
        if there.is_dir() and (not path.is_dir() or any(there.iterdir())):
            raise ConfigurationError(f"{there} is there already", hint="remove it, or name another folder")
    for path in made:
        path.replace(folder / path.name)
