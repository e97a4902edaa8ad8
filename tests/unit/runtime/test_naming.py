"""The name of the process."""

from __future__ import annotations

import subprocess
import sys


def test_the_kernel_shows_the_name_as_far_as_it_keeps_it() -> None:
    """In a process of its own, since the name stays."""
    program = (
        "from svcctl.runtime.naming import name_process; name_process('über-long-process-name');"
        "print(open('/proc/self/comm').read(), end='')"
    )
    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout
    assert shown == "über-long-process-name".encode()[:15] + b"\n"
