"""What describing an application does to the log files that it names: nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from svcctl.loading.describe import describe

SOURCE = """
from svcctl.application.log import FileLogObserver, ILogObserver, addObserver, msg
from svcctl.application.logfile import DailyLogFile
from svcctl.application.service import Application
application = Application("shop")
logfile = DailyLogFile("shop.log", {folder!r})
logfile.write("loaded")
logfile.rotate()
application.setComponent(ILogObserver, FileLogObserver(logfile).emit)
"""


def test_no_log_file_is_made(tmp_path: Path) -> None:
    """Whoever describes may not be who runs it, and would leave files that the service cannot write to."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "shop.tac").write_text(SOURCE.format(folder=str(tmp_path / "logs")))
    described = describe(
        str(tmp_path / "shop.tac"), python=sys.executable, user=None, environment={}, time_limit=60.0
    )
    assert described.manifest.application.name == "shop"
    assert list((tmp_path / "logs").iterdir()) == []
