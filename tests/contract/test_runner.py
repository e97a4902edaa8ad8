"""``python -P -m svcctl.runtime`` as a process of its own: under a fake init system and without one."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.contract.running import ECHO, notes, supervise
from tests.fakes.init import FakeInit


def test_ready_comes_when_all_serve_and_stopping_before_anything_stops(tmp_path: Path) -> None:
    """The whole life, and status 0 at its end."""
    tac = 'Named("db"); Named("web")\nprint(os.environ.get("NOTIFY_SOCKET"))'
    with supervise(tmp_path, tac) as init:
        ready = init.wait_for("READY")
        assert notes(tmp_path) == ["start db", "start web"]
        assert ready["MAINPID"] == str(init.process.pid)
        assert ready["STATUS"] == "3/3 ready"
        assert init.stop() == 0
        assert notes(tmp_path)[2:] == ["stop web", "stop db"]
    assert [list(message) for message in init.messages] == [
        ["READY", "MAINPID", "STATUS"],
        ["STOPPING", "STATUS"],
        ["STATUS"],
    ]
    assert (tmp_path / "stdout").read_text() == "None\n"


def test_stopping_is_sent_before_the_first_service_stops(tmp_path: Path) -> None:
    """A service that waits in its stop proves the order."""
    tac = """
class Slow(Named):
    async def stopService(self):
        note("stopping")
        while not os.path.exists("go"):
            await asyncio.sleep(0.01)
Slow("slow")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        init.kill(signal.SIGTERM)
        init.wait_for("STOPPING")
        (tmp_path / "go").touch()
        assert init.wait() == 0


def test_a_failed_start_names_path_and_reason_and_rolls_back(tmp_path: Path) -> None:
    """READY is never sent; the status is the error's."""
    tac = """
Named("db")
class Broken(Named):
    def startService(self):
        raise OSError(errno.ENOSPC, "no space")
Broken("web")
Named("never")
"""
    with supervise(tmp_path, tac) as init:
        assert init.wait() == 70
        assert notes(tmp_path) == ["start db", "stop db"]
        assert init.sent("READY") == []
        assert init.sent("STATUS")[-1] == "shop/web failed to start: OSError: [Errno 28] no space"
        assert init.sent("ERRNO") == ["28"]
        assert init.messages[-1] == {"BARRIER": "1"}
        assert "shop.tac" in init.stderr
        assert "in startService" in init.stderr
        assert "svcctl/application" not in init.stderr


def test_a_port_in_use_is_one_line_with_a_hint(tmp_path: Path) -> None:
    """Status 69 and its error number, and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        tac = ECHO.replace("TCPServer(0", f"TCPServer({taken.getsockname()[1]}")
        with supervise(tmp_path, tac) as init:
            assert init.wait() == 69
    assert init.sent("ERRNO") == ["98"]
    assert "cannot listen on tcp:" in init.sent("STATUS")[-1]
    assert "hint: " in init.stderr
    assert "Traceback" not in init.stderr


@pytest.mark.parametrize(
    ("tac", "status", "said"),
    [
        ("1 / 0", 65, "ZeroDivisionError"),
        ("def (", 65, "shop.tac"),
        ("application = 5", 65, "application"),
        ("sys.exit(3)", 65, "shop.tac"),
    ],
)
def test_a_faulty_file_is_told_without_our_frames(tmp_path: Path, tac: str, status: int, said: str) -> None:
    """Status 65, and the reason in the init system's status line, too."""
    with supervise(tmp_path, tac) as init:
        assert init.wait() == status
    assert init.sent("READY") == []
    assert said in init.sent("STATUS")[-1]
    assert said in init.stderr
    assert "svcctl/runtime" not in init.stderr
    assert "svcctl/loading" not in init.stderr


def test_a_missing_file_has_status_66(tmp_path: Path) -> None:
    """With its name."""
    with FakeInit([sys.executable, "-P", "-m", "svcctl.runtime", "none.tac"], tmp_path) as init:
        assert init.wait() == 66
    assert "none.tac" in init.sent("STATUS")[-1]
    assert "Traceback" not in init.stderr


def test_wrong_options_have_status_64(tmp_path: Path) -> None:
    """Before anything else happens."""
    with supervise(tmp_path, "", "--wrong") as init:
        assert init.wait() == 64
    assert init.stderr == "svcctl: there is no option --wrong\nhint: --help lists the options\n"


def test_a_slow_start_reports_progress_and_extends_its_time_only_while_it_advances(tmp_path: Path) -> None:
    """The path that everything waits for is named."""
    tac = """
class Slow(Named):
    async def startService(self):
        while not os.path.exists(self.name):
            await asyncio.sleep(0.01)
Named("db"); Slow("one"); Slow("two")
"""
    with supervise(tmp_path, tac) as init:
        first = init.wait_for("STATUS")
        assert first == {"STATUS": "1/4 ready, waiting for shop/one", "EXTEND_TIMEOUT_USEC": "100000000"}
        (tmp_path / "one").touch()
        second = init.wait_for("STATUS")
        assert second["STATUS"] == "2/4 ready, waiting for shop/two"
        (tmp_path / "two").touch()
        init.wait_for("READY")
        assert init.stop() == 0


def test_a_start_that_does_not_advance_has_time_to_give_up_and_to_roll_back(tmp_path: Path) -> None:
    """Its init system waits from the beginning for longer than that: start_timeout, stop_timeout, and 5 seconds."""
    tac = """
class Stuck(Named):
    async def startService(self):
        await asyncio.Event().wait()
Stuck("stuck")
"""
    with supervise(tmp_path, tac) as init:
        stuck = {"STATUS": "0/2 ready, waiting for shop/stuck", "EXTEND_TIMEOUT_USEC": "100000000"}
        assert init.wait_for("STATUS") == stuck
        assert init.stop() == 0


def test_a_stop_during_the_start_rolls_back_and_ends_cleanly(tmp_path: Path) -> None:
    """Status 0, and READY is never sent."""
    tac = """
Named("db")
class Stuck(Named):
    async def startService(self):
        note("stuck")
        await asyncio.Event().wait()
Stuck("stuck")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("STATUS")
        assert init.stop() == 0
        assert notes(tmp_path) == ["start db", "stuck", "stop db"]
        assert init.sent("STOPPING") == ["1"]
        assert init.sent("READY") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_the_file_is_being_loaded_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """Even in a script that never ends."""
    tac = 'print("loading", flush=True, file=sys.stderr)\nwhile True: pass'
    with supervise(tmp_path, tac) as init:
        init.wait_for_log("loading")
        init.kill(number)
        assert init.wait() == 0
        assert init.sent("STOPPING") == ["1"]
        assert init.sent("READY") == []


def test_a_reload_is_announced_with_the_time_and_ends_with_ready(tmp_path: Path) -> None:
    """SIGHUP calls the hooks."""
    tac = """
class Reloading(Named):
    async def reload(self):
        note("reload")
Reloading("config")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        init.kill(signal.SIGHUP)
        reloading = init.wait_for("RELOADING")
        assert int(reloading["MONOTONIC_USEC"]) > 0
        assert init.wait_for("READY")["STATUS"] == "reloaded, 2/2 ready"
        assert "reload" in notes(tmp_path)
        assert init.stop() == 0


def test_a_failed_reload_leaves_the_application_up(tmp_path: Path) -> None:
    """READY follows with the reason."""
    tac = """
class Reloading(Named):
    def reload(self):
        raise ValueError("bad file")
Reloading("config")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        init.kill(signal.SIGHUP)
        init.wait_for("RELOADING")
        assert (
            init.wait_for("READY")["STATUS"]
            == "reload failed, going on as before: shop/config failed to reload: ValueError: bad file"
        )
        assert init.stop() == 0


def test_a_reload_asked_for_during_the_start_is_done_after_it(tmp_path: Path) -> None:
    """The signal neither kills the process nor gets lost."""
    tac = """
class Slow(Named):
    async def startService(self):
        while not os.path.exists("go"):
            await asyncio.sleep(0.01)
    def reload(self):
        note("reload")
Slow("slow")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("STATUS")
        init.kill(signal.SIGHUP)
        init.wait_for_log("reload requested")
        (tmp_path / "go").touch()
        init.wait_for("READY")
        init.wait_for("RELOADING")
        init.wait_for("READY")
        assert notes(tmp_path) == ["reload"]
        assert init.stop() == 0


def test_a_reload_asked_for_while_the_file_is_being_loaded_is_done_after_the_start(tmp_path: Path) -> None:
    """SIGHUP would end a process that has no handler yet."""
    tac = """
import time
print("loading", flush=True, file=sys.stderr)
while not os.path.exists("go"):
    time.sleep(0.01)
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for_log("loading")
        init.kill(signal.SIGHUP)
        (tmp_path / "go").touch()
        init.wait_for("READY")
        init.wait_for("RELOADING")
        init.wait_for("READY")
        assert init.stop() == 0


def test_a_service_that_fails_later_stops_the_tree_with_its_status(tmp_path: Path) -> None:
    """The path and the reason are the last words."""
    tac = """
class Failure(Exception):
    exit_status = 75
class Doomed(Named):
    def startService(self):
        asyncio.get_running_loop().call_later(0.05, self.fail, Failure("no more work"))
Named("db"); Doomed("doomed")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        assert init.wait() == 75
        assert init.sent("STOPPING") == ["1"]
        assert init.sent("STATUS")[-1] == "shop/doomed failed: Failure: no more work"
        assert "stop db" in notes(tmp_path)
        assert "shop/doomed failed" in init.stderr


def test_a_service_chooses_the_exit_status_with_sys_exit(tmp_path: Path) -> None:
    """The tree comes down in order all the same."""
    tac = """
class Leaving(Named):
    def startService(self):
        asyncio.get_running_loop().call_later(0.05, sys.exit, 3)
Named("db"); Leaving("leaving")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        assert init.wait() == 3
        assert init.sent("STOPPING") == ["1"]
        assert "stop db" in notes(tmp_path)
