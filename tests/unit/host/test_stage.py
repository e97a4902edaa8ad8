from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

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
    with pytest.raises(OSError, match="No space left"):
        stage.write("/echo.service", b"", 0o644)
    stage.close()
    assert list(tmp_path.iterdir()) == []
