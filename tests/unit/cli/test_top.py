"""``svcctl top`` on a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios

import pytest

PROGRAM = """
import sys
from svcctl.operations import top
from svcctl.operations.top import Look
class Top:
    def __init__(self, name, *, scope):
        self.looks = 0
    def look(self):
        self.looks += 1
        return (Look(name="shop", state="active", status=f"look {self.looks}", pid=1),)
top.Top = Top
from svcctl.cli.main import run_command
sys.exit(run_command(["top", "shop", "--interval", "0.1"]))
"""


@pytest.mark.parametrize("how", [b"q", None], ids=["q", "SIGINT"])
def test_it_refreshes_until_somebody_ends_it(how: bytes | None) -> None:
    """And leaves the terminal as it was."""
    terminal, its = pty.openpty()
    before = termios.tcgetattr(terminal)
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=its, stdout=its) as process:
        shown = _read(terminal, b"look 3")
        assert shown.count(b"\x1b[?1049h") == 1
        if how is not None:
            os.write(terminal, how)
        else:
            process.send_signal(signal.SIGINT)
        _read(terminal, b"\x1b[?1049l")
        assert process.wait(30) == 0
    assert termios.tcgetattr(terminal) == before
    for descriptor in (terminal, its):
        os.close(descriptor)


def _read(terminal: int, until: bytes) -> bytes:
    found = b""
    while until not in found:
        assert select.select([terminal], [], [], 30)[0], found
        found += os.read(terminal, 4096)
    return found
