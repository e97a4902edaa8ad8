"""What the tests of endpoints share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

import pytest


class Install(Protocol):
    """Installs a distribution whose module has the name ``DISTRIBUTION_plugin``."""

    def __call__(
        self,
        code: str,
        distribution: str = "onions",
        group: str = "svcctl.endpoints",
        **entry_points: str,
    ) -> None:
        """Put it on the path, with its entry points in one group."""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a distribution with entry points."""

    def install(
        code: str, distribution: str = "onions", group: str = "svcctl.endpoints", **entry_points: str
    ) -> None:
        folder = tmp_path / distribution
        info = folder / f"{distribution}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
        (folder / f"{distribution}_plugin.py").write_text(code)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, f"{distribution}_plugin", raising=False)

    return install
