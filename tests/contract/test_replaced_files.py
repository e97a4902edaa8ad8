"""A process whose files are replaced while it serves, as an upgrade of its package does: it stops with what it has loaded."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

import svcctl
from tests.contract.running import ECHO, notes, supervise

WHOLE = f"{ECHO}\nNamed('a')\n"
BROKEN = f"""{WHOLE}
class Broken(Service):
    def stopService(self):
        raise OSError("the disk is full")
Broken().setServiceParent(application)
"""
HANGING = f"""{WHOLE}
application.stop_timeout = 0.2
class Hanging(Service):
    async def stopService(self):
        await asyncio.sleep(60)
Hanging().setServiceParent(application)
"""


@pytest.mark.parametrize(
    ("tac", "status", "told"),
    [
        (WHOLE, 0, "application is stopped"),
        (BROKEN, 70, "OSError: the disk is full"),
        (HANGING, 70, "code=stop-timeout"),
    ],
    ids=["whole", "broken", "hanging"],
)
def test_a_process_stops_in_order_although_its_files_are_gone(
    tac: str, status: int, told: str, tmp_path: Path
) -> None:
    """With the status and the log of one whose files are there."""
    code = tmp_path / "code"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(svcctl.__file__).parent, code / "svcctl", ignore=ignored)
    environ = {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
    with supervise(tmp_path, tac, environ=environ) as init:
        init.wait_for("READY")
        init.kill(signal.SIGHUP)
        init.wait_for("READY")  # the loop has turned since it was ready
        shutil.rmtree(code)
        assert init.stop() == status
        assert told in init.stderr
        assert "ModuleNotFoundError" not in init.stderr
    assert notes(tmp_path)[-1] == "stop a"
