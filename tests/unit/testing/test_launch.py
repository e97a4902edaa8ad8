"""Starting a process with the keeper above it."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import psutil

from svcctl.testing.launch import Process

#: Ends at once, and leaves behind a process that has lost its parent.
LEAVING = """
import os, time
if os.fork() == 0:
    time.sleep(600)
"""


def test_what_is_left_is_killed_although_nobody_has_read_who_has_ended(tmp_path: Path) -> None:
    """A connection that is closed with something unread in it ends with an error at the other end."""
    before = set(psutil.Process().children())
    with (tmp_path / "errors").open("wb") as errors:
        process = Process([sys.executable, "-c", LEAVING], tmp_path, os.environ, (), errors, errors)
    (keeper,) = set(psutil.Process().children()) - before
    assert select.select([process.connection], [], [], 30) == ([process.connection], [], [])
    (left,) = keeper.children()
    process.close()
    assert not left.is_running()
    assert (tmp_path / "errors").read_text() == ""
