from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError
from svcctl.host.outputs import staged


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_everything_is_there_at_the_end(tmp_path: Path) -> None:
    """Files and folders; older files of the same name are replaced."""
    out = tmp_path / "new" / "out"
    for text in ("old", "new"):
        with staged(out) as stage:
            (stage / "a.deb").write_text(text)
    with staged(out) as stage:
        (stage / "source").mkdir()
        (stage / "source" / "rules").write_text("all:")
    assert (out / "a.deb").read_text() == "new"
    assert names(out) == ["a.deb", "source"]


def test_nothing_is_there_after_an_error(tmp_path: Path) -> None:
    """Nor is anything left of what was written before it."""
    out = tmp_path / "out"

    def fail() -> None:
        with staged(out) as stage:
            (stage / "a.deb").write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert names(out) == []


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path: Path) -> None:
    """Somebody may have worked in it; and then none of the files is moved."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "mine").touch()

    def write() -> None:
        with staged(tmp_path) as stage:
            (stage / "a.deb").touch()
            (stage / "source").mkdir()

    with pytest.raises(ConfigurationError, match="source is there already"):
        write()
    assert names(tmp_path) == ["source"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """What is named for the output has to be one."""
    (tmp_path / "out").touch()
    with pytest.raises(ConfigurationError, match="is no folder"), staged(tmp_path / "out"):
        pytest.fail("there is nothing to write to")
