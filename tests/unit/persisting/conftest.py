"""A state folder of the test's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from svcctl.loading.tac import MODULE_NAME


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that state is saved to, with its key; no test sees those of this machine."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr(
        "svcctl.application.persisting.places.own_folder", lambda: str(tmp_path / "own/svcctl")
    )
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setitem(sys.modules, MODULE_NAME, sys)  # so that what is loaded goes away again
    return tmp_path
