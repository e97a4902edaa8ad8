"""What is imported before a process goes where nothing can be imported any more."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from svcctl.runtime import confinement
confinement._load_all()
print(*(name for name in sys.modules if name.startswith("svcctl.")))
"""


def test_all_that_can_be_needed_later_is_loaded_and_nothing_of_windows() -> None:
    """In a process of its own, as it would be."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"svcctl.runtime.ending", "svcctl.application.tree.stopping", "svcctl.endpoints.rare"} <= loaded
    assert not any(name.startswith("svcctl.runtime.windows.") for name in loaded)
