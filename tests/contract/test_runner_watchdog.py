"""What the runner does when a service, or its loop, hangs under an init system that watches."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.contract.running import supervise

WORKER = """
class Worker(Named):
    heartbeat_timeout = 0.2
    def startService(self):
        self.spawn(self.work())
    async def work(self):
        self.heartbeat()
        while not os.path.exists("quiet"):
            await asyncio.sleep(0.02)
            self.heartbeat()
        await self.hang()
    async def hang(self):
        await asyncio.sleep(1000)
Worker("worker")
"""
BLOCKING = """
import time
class Blocking(Named):
    async def startService(self):
        asyncio.get_running_loop().call_later(0.1, self.block)
    def block(self):
        while not os.path.exists("go on"):
            time.sleep(0.01)
Blocking("blocking")
"""


def test_a_silent_service_is_told_of_and_has_the_application_ended(tmp_path: Path) -> None:
    """The status and the log say who, and where it stands; the init system does not wait for the deadline."""
    with supervise(tmp_path, WORKER, "--log-format", "json", environ={"WATCHDOG_USEC": "1000000"}) as init:
        init.wait_for("READY")
        init.wait_for("WATCHDOG", "1")
        (tmp_path / "quiet").touch()
        init.wait_for("WATCHDOG", "trigger")
        assert init.wait() == -signal.SIGABRT
    reason = "watchdog: shop/worker has given no heartbeat for 0."
    assert init.sent("STATUS")[-1].startswith(reason)
    assert init.sent("WATCHDOG")[-2:] == ["1", "trigger"]
    (record,) = [each for each in map(json.loads, init.stderr.splitlines()) if "svcctl_code" in each]
    assert (record["level"], record["svcctl_path"]) == ("critical", "shop/worker")
    assert (record["svcctl_code"], record["message"][: len(reason)]) == ("watchdog", reason)
    assert "\nshop/worker: task " in record["message"]
    assert "in Worker.hang\n" in record["message"]


def test_a_blocked_loop_is_told_of_before_the_end_and_never_pinged_for(tmp_path: Path) -> None:
    """By a thread; once the loop goes on, the status is as before."""
    environ = {"WATCHDOG_USEC": "4000000"}
    with supervise(tmp_path, BLOCKING, "--log-format", "json", environ=environ) as init:
        init.wait_for("READY")
        reason = "watchdog: the event loop has not answered for 3"
        while not (status := init.wait_for("STATUS")["STATUS"]).startswith(reason):
            pass
        assert "shop.tac" in status
        assert "in Blocking.block" in status
        assert init.sent("WATCHDOG") == ["1"]
        (tmp_path / "go on").touch()
        init.wait_for("WATCHDOG", "1")
        assert init.sent("STATUS")[-1] == "2/2 ready"
        assert init.stop() == 0
    (record,) = [each for each in map(json.loads, init.stderr.splitlines()) if "svcctl_code" in each]
    assert record["message"].startswith(reason)
    assert "\nthread MainThread\n" in record["message"]
    assert "the application answers again" in init.stderr


def test_a_loop_that_lets_no_thread_run_is_told_of_by_the_interpreter(tmp_path: Path) -> None:
    """A search that goes on for ever holds the whole interpreter; the file and the line are on stderr all the same."""
    tac = BLOCKING.replace("import time", "import re").replace(
        """        while not os.path.exists("go on"):
            time.sleep(0.01)
""",
        """        re.match("(a+)+$", "a" * 60 + "b")
""",
    )
    with supervise(tmp_path, tac, environ={"WATCHDOG_USEC": "1000000"}) as init:
        init.wait_for("READY")
        init.wait_for_log("Timeout (")
        init.wait_for_log("in block")
    assert "shop.tac" in init.stderr
    assert init.sent("WATCHDOG") == ["1"]


@pytest.mark.parametrize("value", ["0", "-1", "1e6", "99999999999999999999999", "\x01", "30000000\n"])
@pytest.mark.parametrize("pid", ["", "x", "-1"])
def test_hostile_values_are_logged_or_ignored_and_the_application_serves(
    tmp_path: Path, value: str, pid: str
) -> None:
    """No ping is sent that nobody has asked for."""
    environ = {"WATCHDOG_USEC": value} | ({"WATCHDOG_PID": pid} if pid else {})
    with supervise(tmp_path, 'Named("db")', environ=environ) as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert init.sent("WATCHDOG") == []
    assert ("no number of microseconds" in init.stderr) is (not pid)
