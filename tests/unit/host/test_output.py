"""Files and folders that are written together."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError
from svcctl.generate.debian.model import ProgramFile
from svcctl.host.output import write_together

TREE = (
    ProgramFile(path="/debian/rules", content=b"#!/bin/sh\n", mode=0o755),
    ProgramFile(path="/program/x.py", content=b"x\n"),
)


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_files_and_folders_get_their_places(tmp_path: Path) -> None:
    """In a folder that is made, with the modes that they are to have; nothing else is left."""
    folder = tmp_path / "a/b"
    assert write_together(folder, {"x.dsc": b"1"}, {"x-1": TREE}) == (folder / "x-1", folder / "x.dsc")
    assert names(folder) == ["x-1", "x.dsc"]
    assert (folder / "x.dsc").read_bytes() == b"1"
    assert (folder / "x-1/program/x.py").read_bytes() == b"x\n"
    assert (folder / "x-1/debian/rules").stat().st_mode & 0o777 == 0o755


def test_a_file_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    """And a folder that is the same stays."""
    write_together(tmp_path, {"x.dsc": b"1"}, {"x-1": TREE})
    before = (tmp_path / "x-1").stat()
    write_together(tmp_path, {"x.dsc": b"2"}, {"x-1": TREE})
    assert (tmp_path / "x.dsc").read_bytes() == b"2"
    assert (tmp_path / "x-1").stat().st_ino == before.st_ino


@pytest.mark.parametrize("change", ["edited", "added", "removed", "mode", "link", "file"])
def test_a_folder_that_somebody_has_worked_in_is_left_alone(tmp_path: Path, change: str) -> None:
    """And nothing is written."""
    write_together(tmp_path, {}, {"x-1": TREE})
    tree = tmp_path / "x-1"
    code = tree / "program/x.py"
    if change == "edited":
        code.write_bytes(b"y\n")
    elif change == "added":
        (tree / "debian/notes").touch()
    elif change == "mode":
        code.chmod(0o755)
    else:
        code.unlink()
    if change == "link":
        code.symlink_to("/etc/passwd")
    if change == "file":
        tree.rename(tmp_path / "old")
        tree.touch()
    with pytest.raises(ConfigurationError, match="x-1 is there already"):
        write_together(tmp_path, {"x.dsc": b"2"}, {"x-1": TREE})
    assert not (tmp_path / "x.dsc").exists()


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    """Before anything is written."""
    (tmp_path / "x.dsc").mkdir()
    with pytest.raises(ConfigurationError, match=r"x.dsc is a folder"):
        write_together(tmp_path, {"a.dsc": b"", "x.dsc": b""}, {"x-1": TREE})
    assert names(tmp_path) == ["x.dsc"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """In one line."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot write to .*file: (Not a directory|File exists)"):
        write_together(tmp_path / "file", {"x": b""}, {})
