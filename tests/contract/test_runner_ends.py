"""How the runner ends, and what it takes from its surroundings: sockets, the watchdog, the keyboard."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.contract.running import ECHO, HEAD, notes, supervise
from tests.fakes.init import FakeInit


def test_a_second_signal_cuts_the_drain_short(tmp_path: Path) -> None:
    """Every service is still visited."""
    tac = """
class Draining(Named):
    async def drain(self):
        note("draining")
        await asyncio.Event().wait()
application.stop_timeout = 1000.0
Draining("web"); Named("db")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        init.kill(signal.SIGTERM)
        init.wait_for("STOPPING")
        init.wait_for_log("stop requested")
        init.kill(signal.SIGTERM)
        assert init.wait() == 0
        assert {"draining", "stop web", "stop db"} <= set(notes(tmp_path))
        assert init.sent("STOPPING") == ["1"]


def test_two_signals_at_once_still_stop_every_service(tmp_path: Path) -> None:
    """The second one comes before the stop has made its first step."""
    tac = """
import time
class Blocking(Named):
    def startService(self):
        asyncio.get_running_loop().call_later(0.01, self.block)
    def block(self):
        print("blocked", flush=True, file=sys.stderr)
        while not os.path.exists("go"):
            time.sleep(0.01)
Blocking("blocking"); Named("db")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        init.wait_for_log("blocked")
        init.kill(signal.SIGTERM)
        init.kill(signal.SIGINT)
        (tmp_path / "go").touch()
        assert init.wait() == 0
        assert notes(tmp_path) == ["start db", "stop db", "stop blocking"]


def test_errors_of_the_stop_are_all_logged_and_have_status_70(tmp_path: Path) -> None:
    """Each with its path."""
    tac = """
class Bad(Named):
    def stopService(self):
        raise RuntimeError(f"{self.name} is stuck")
Bad("one"); Bad("two")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        assert init.stop() == 70
        assert "shop/one" in init.stderr
        assert "shop/two" in init.stderr
        assert init.sent("STATUS")[-1].startswith("stopped with errors: shop/two")


def test_an_interrupt_from_the_keyboard_has_status_130(tmp_path: Path) -> None:
    """Without an init system, where a shell looks at it."""
    with supervise(tmp_path, "Named('db')", notify=False) as init:
        init.wait_for_log("application is ready")
        init.kill(signal.SIGINT)
        assert init.wait() == 130
        assert notes(tmp_path) == ["start db", "stop db"]


def test_an_interrupt_under_an_init_system_is_a_clean_stop(tmp_path: Path) -> None:
    """KillSignal=SIGINT is somebody's choice."""
    with supervise(tmp_path, "Named('db')") as init:
        init.wait_for("READY")
        init.kill(signal.SIGINT)
        assert init.wait() == 0


def test_an_inherited_socket_serves(tmp_path: Path) -> None:
    """By the name of the listener; nothing is bound."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        tac = ECHO.replace("TCPServer(0", f"TCPServer({port}")
        environ = {"LISTEN_FDNAMES": f"tcp-{port}-127.0.0.1"}
        with supervise(tmp_path, tac, "--inherit", "shop", environ=environ, sockets=[listener]) as init:
            init.wait_for("READY")
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"hello")
                assert client.recv(100) == b"hello"
            assert init.stop() == 0
        # The init system's copy still listens: it was neither shut down nor closed.
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            accepted.close()
        assert listener.fileno() != -1


def test_a_missing_socket_is_an_error_where_all_are_inherited(tmp_path: Path) -> None:
    """It names the unit and never binds by itself."""
    with supervise(tmp_path, ECHO, "--inherit", "shop") as init:
        assert init.wait() == 69
    assert init.sent("READY") == []
    assert "handed over" in init.sent("STATUS")[-1]
    assert "hint: start the sockets of shop" in init.stderr


def test_a_socket_that_nobody_takes_is_closed_with_a_warning(tmp_path: Path) -> None:
    """It names the command that mends the unit."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with supervise(tmp_path, "", environ={"LISTEN_FDNAMES": "old"}, sockets=[listener]) as init:
            init.wait_for("READY")
            assert not Path(f"/proc/{init.process.pid}/fd/3").is_socket()
            assert init.stop() == 0
        assert "names=old" in init.stderr
        assert "svcctl status" in init.stderr


def test_the_watchdog_is_fed_by_the_loop(tmp_path: Path) -> None:
    """After READY, and on and on."""
    environ = {"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "self"}
    with supervise(tmp_path, 'print(os.environ.get("WATCHDOG_USEC"))', environ=environ) as init:
        init.wait_for("READY")
        for _ in range(3):
            init.wait_for("WATCHDOG", "1")
        assert init.stop() == 0
    assert (tmp_path / "stdout").read_text() == "None\n"


def test_a_watchdog_of_another_process_is_ignored(tmp_path: Path) -> None:
    """The variable was inherited."""
    environ = {"WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"}
    with supervise(tmp_path, "", environ=environ) as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert init.sent("WATCHDOG") == []


def test_an_init_system_that_cannot_be_reached_is_logged(tmp_path: Path) -> None:
    """The application runs all the same."""
    with supervise(tmp_path, "", environ={"NOTIFY_SOCKET": "/nowhere/notify"}) as init:
        init.wait_for_log("application is ready")
        assert init.stop() == 0
    assert "cannot reach the init system" in init.stderr


def test_an_exception_that_nobody_retrieved_is_logged_with_its_origin(tmp_path: Path) -> None:
    """It ends nothing by itself."""
    tac = """
class Careless(Named):
    def startService(self):
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, self.oops)
    def oops(self):
        asyncio.get_running_loop().call_later(0.01, note, "on")
        raise KeyError("forgotten")
Careless("careless")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        init.wait_for_log("KeyError: 'forgotten'")
        assert init.stop() == 0
    assert "oops" in init.stderr
    assert "origin=" in init.stderr


def test_a_task_that_was_left_behind_cannot_keep_the_process_up(tmp_path: Path) -> None:
    """It is named, and the process ends."""
    tac = """
async def stubborn():
    while True:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            pass
class Careless(Named):
    def startService(self):
        self.task = asyncio.get_running_loop().create_task(stubborn())
Careless("careless")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert "does not end" in init.stderr
    assert "stubborn" in init.stderr


def test_a_start_that_ignores_its_end_is_given_up(tmp_path: Path) -> None:
    """After the limit for stops, with status 70."""
    tac = """
class Stubborn(Named):
    async def startService(self):
        while True:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                pass
application.stop_timeout = 0.1
Stubborn("stubborn")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("STATUS")
        assert init.stop() == 70
    assert "did not end within 0.1 s" in init.sent("STATUS")[-1]


@pytest.mark.parametrize(("level", "traceback"), [("info", False), ("debug", True)])
def test_a_fault_of_ours_is_one_line_with_status_70(tmp_path: Path, level: str, traceback: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """The traceback is for who asks for it, and the process ends."""
    tac = "from svcctl.application import lifecycle\nlifecycle.progress = None"
    with supervise(tmp_path, tac, "--log-level", level) as init:
        assert init.wait() == 70
    assert "internal error: TypeError" in init.stderr
    assert ("Traceback" in init.stderr) is traceback
    assert init.sent("READY") == []


def test_a_left_task_that_wants_to_exit_changes_nothing(tmp_path: Path) -> None:
    """The status is decided by then."""
    tac = """
async def leaving():
    try:
        await asyncio.sleep(1000)
    finally:
        sys.exit(9)
class Careless(Named):
    def startService(self):
        self.task = asyncio.get_running_loop().create_task(leaving())
Careless("careless")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        assert init.stop() == 0


def test_logs_are_json_on_request(tmp_path: Path) -> None:
    """Every line of stderr."""
    with supervise(tmp_path, "", "--log-format=json", "--log-level=debug") as init:
        init.wait_for("READY")
        assert init.stop() == 0
    entries = [json.loads(line) for line in init.stderr.splitlines()]
    assert "application is ready" in [entry["message"] for entry in entries]


def test_a_second_file_of_the_application_can_be_a_module(tmp_path: Path) -> None:
    """module:attribute from $PYTHONPATH."""
    (tmp_path / "shop.py").write_text(HEAD + "Named('db')")
    command = [sys.executable, "-P", "-m", "svcctl.runtime", "shop:application"]
    with FakeInit(command, tmp_path, {"PYTHONPATH": str(tmp_path)}) as init:
        init.wait_for("READY")
        assert init.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")
def test_privileges_are_given_up_between_binding_and_starting(tmp_path: Path) -> None:
    """The application names its user."""
    tac = """
from svcctl.application.service import IProcess
IProcess(application).uid = 65534
class Who(Named):
    def privilegedStartService(self):
        print("bind", os.geteuid(), flush=True)
    def startService(self):
        print("start", os.geteuid(), flush=True)
    def stopService(self):
        pass
Who("who")
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert (tmp_path / "stdout").read_text() == "bind 0\nstart 65534\n"


#: The modules of ours that a server with a handler needs until READY.
LOADED = {
    "svcctl",
    "svcctl.application",
    "svcctl.application.tree",
    "svcctl.application.tree.binding",
    "svcctl.application.servers",
    "svcctl.application.servers.handler",
    "svcctl.application.interfaces",
    "svcctl.application.internet",
    "svcctl.application.lifecycle",
    "svcctl.application.servers.listening",
    "svcctl.application.tree.record",
    "svcctl.application.tree.root",
    "svcctl.application.tree.starting",
    "svcctl.application.service",
    "svcctl.application.servers.sockets",
    "svcctl.endpoints",
    "svcctl.endpoints.values",
    "svcctl.errors",
    "svcctl.loading",
    "svcctl.loading.tac",
    "svcctl.runtime",
    "svcctl.runtime.environment",
    "svcctl.runtime.logs",
    "svcctl.runtime.machine",
    "svcctl.runtime.notify",
    "svcctl.runtime.runner",
    "svcctl.value",
}


def test_the_way_to_ready_loads_little(tmp_path: Path) -> None:
    """What runs a service pays for nothing that it does not use."""
    tac = (
        ECHO
        + """
class Late(Named):
    def startService(self):
        print(*sys.modules, flush=True)
Late("late")
"""
    )
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
        init.stop()
    loaded = set((tmp_path / "stdout").read_text().split())
    heavy = {
        "dataclasses",
        "pathlib",
        "argparse",
        "importlib.metadata",
        "pickle",
        "json",
        "psutil",
        "typer",
        "rich",
    }
    assert loaded & heavy == set()
    assert {name for name in loaded if name.partition(".")[0] == "svcctl"} == LOADED
