"""Writes what was made into a folder of the user's: each file whole, and none if one cannot be."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from svcctl.errors import ConfigurationError
from svcctl.generate.debian.model import ProgramFile

_PREFIX = ".svcctl-"


def write_together(
    folder: Path, files: Mapping[str, bytes], trees: Mapping[str, Iterable[ProgramFile]]
) -> tuple[Path, ...]:
    """Write files and folders beside their places, then move each there; return their paths in the order given.

    A file takes the place of an older one. A folder does not: somebody may have worked in it. It stays if there is
    nothing else in it than what would be written.

    Args:
        folder: Where they go; made if it is not there.
        files: Contents by name.
        trees: Files by the name of their folder, with paths that are absolute below it.

    Raises:
        ConfigurationError: There is a folder in the place of a file, or another one in the place of a folder, or the
            disk is full or not ours to write.
    """
    whole = {name: {file.path[1:]: file for file in tree} for name, tree in trees.items()}
    try:
        _refuse_occupied(folder, files, whole)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=_PREFIX) as aside:
            for name, tree in whole.items():
                _write_tree(Path(aside, name), tree)
            for name, content in files.items():
                Path(aside, name).write_bytes(content)
            for name in (*whole, *files):
                if name in files or not (folder / name).exists():
                    Path(aside, name).replace(folder / name)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to {folder}: {error.strerror or error}", hint="choose another folder with -o"
        ) from error
    return tuple(folder / name for name in (*trees, *files))


def _refuse_occupied(
    folder: Path, files: Iterable[str], trees: Mapping[str, Mapping[str, ProgramFile]]
) -> None:
    for name in files:
        if (folder / name).is_dir():
            raise ConfigurationError(f"{folder / name} is a folder", hint="move it away")
    for name, tree in trees.items():
        if os.path.lexists(folder / name) and not _is_same(folder / name, tree):
            raise ConfigurationError(
                f"{folder / name} is there already, and is not what would be written",
                hint="remove it, or keep what was changed in it and move it away",
            )


def _is_same(folder: Path, tree: Mapping[str, ProgramFile]) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if not _is_folder(path)}
    return found.keys() == tree.keys() and all(
        not path.is_symlink()
        and path.read_bytes() == tree[name].content
        and os.access(path, os.X_OK) == bool(tree[name].mode & 0o100)
        for name, path in found.items()
    )


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _write_tree(folder: Path, tree: Mapping[str, ProgramFile]) -> None:
    folder.mkdir()
    for name, file in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
