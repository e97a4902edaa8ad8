"""systemd's own judge of units."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

_SCORE = re.compile(r"Overall exposure level for .*: ([0-9]+)\.([0-9]) ")


class Verdict(NamedTuple):
    """What systemd-analyze said.

    Attributes:
        status: Its exit status.
        output: Everything it printed.
    """

    status: int
    output: str


class Analyzer:
    """Runs systemd-analyze on units that are not installed.

    Args:
        folder: An empty folder for them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        first = _run("--version").output.split()
        self.version = int(first[1])

    def verify(self, units: Mapping[str, str]) -> Verdict:
        """Load the units together, as systemd would; silence and status 0 mean that every line is understood.

        Args:
            units: Text of each unit by file name; a template is looked at as its instance ``1``.
        """
        paths = []
        for name, text in units.items():
            (self._folder / name).write_text(text, encoding="utf-8")
            instance = self._folder / name.replace("@.", "@1.")
            if instance.name != name:
                instance.symlink_to(name)
            paths.append(str(instance))
        # The manual pages that Documentation= names are not what is looked at here.
        return _run("verify", "--man=no", "--recursive-errors=one", *paths)

    def exposure(self, text: str) -> int:
        """Return the score of a service in tenths: 0 is best, 100 worst."""
        path = self._folder / "scored.service"
        path.write_text(text, encoding="utf-8")
        said = _run("security", "--offline=true", "--no-pager", str(path)).output
        found = _SCORE.search(said)
        assert found, said
        return int(found[1]) * 10 + int(found[2])


@pytest.fixture
def analyzer(tmp_path: Path) -> Analyzer:
    """Return the machine's systemd-analyze; without one the test is skipped, which CI counts as a failure."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return Analyzer(tmp_path)


def _run(*arguments: str) -> Verdict:
    ended = subprocess.run(
        ["systemd-analyze", *arguments],  # noqa: S607 (the machine's own, wherever it lies)
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Verdict(ended.returncode, ended.stdout + ended.stderr)
