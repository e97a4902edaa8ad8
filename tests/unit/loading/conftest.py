"""Distributions that bring entry points along, and what the user nobody may read and run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import svcctl
from tests.unit.endpoints.conftest import install

__all__ = ["install"]


@pytest.fixture
def public() -> Iterator[Path]:
    """Make a folder that everybody may enter, with a copy of svcctl in it."""
    folder = Path(tempfile.mkdtemp(prefix="svcctl-test-"))
    folder.chmod(0o755)
    shutil.copytree(
        Path(svcctl.__file__).parent, folder / "svcctl", ignore=shutil.ignore_patterns("__pycache__")
    )
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def python_of_all() -> str:
    """Return an interpreter that nobody may run and that is new enough."""
    for python in (sys.executable, "/usr/bin/python3"):
        check = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if (
                subprocess.run(check, user="nobody", check=False, cwd="/", capture_output=True).returncode
                == 0
            ):
                return python
        except OSError:
            continue
    pytest.skip("there is no Python 3.11 that the user nobody may run")
