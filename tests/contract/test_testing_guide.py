"""The page about testing: its example is run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.fakes.init import PATIENCE

PAGE = Path(__file__).parents[2] / "docs/how-to/test-your-service.md"


def test_the_example_of_the_page_passes(tmp_path: Path) -> None:
    """Both files, with nothing but pytest and svcctl."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    application, tests = blocks
    (tmp_path / "shout.tac").write_text(application)
    (tmp_path / "test_shout.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "svcctl.testing.pytest_plugin"]
    environ = {"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    result = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=3 * PATIENCE, check=False
    )
    shown = re.search(r"^(\d+) passed$", PAGE.read_text(), re.MULTILINE)
    assert shown is not None
    assert f"{shown[1]} passed" in result.stdout, result.stdout + result.stderr
