from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError
from svcctl.host.stage import Stage


@pytest.mark.parametrize("last", ["new", "old"])
def test_a_disk_that_is_full_at_once_keeps_nothing_of_ours(
    last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the folder that was to hold the new files."""
    make = os.mkdir

    def refuse(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        if path.endswith(f"/{last}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        make(path, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", refuse)
    stage = Stage(str(tmp_path))
    with pytest.raises(ConfigurationError, match="cannot write to /: No space left"):
        stage.write("/echo.service", b"", 0o644)
    stage.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_finds_no_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the path where it was to be, not by the one that it has meanwhile."""

    def refuse(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "etc").mkdir()
    monkeypatch.setattr(os, "fsync", refuse)
    stage = Stage(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"cannot write /etc/echo\.service: No space left") as caught:
        stage.write("/etc/echo.service", b"x", 0o644)
    assert caught.value.hint == "is the disk full or read-only?"
    stage.close()
    assert list((tmp_path / "etc").iterdir()) == []
