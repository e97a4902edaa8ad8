"""``python -P -m svcctl.runtime`` as a process of its own: under a fake init system and without one."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.fakes.init import FakeInit

HEAD = """
import asyncio, errno, os, sys
from svcctl.application import service
from svcctl.application.service import Application, MultiService, Service
from svcctl.errors import ServiceFailedError
application = Application("shop", stop_timeout=5.0)
def note(text):
    with open("notes", "a") as file:
        file.write(text + "\\n")
class Named(Service):
    def __init__(self, name):
        self.setName(name)
        self.setServiceParent(application)
    def startService(self):
        note(f"start {self.name}")
    def stopService(self):
        note(f"stop {self.name}")
"""

ECHO = """
from svcctl.application.internet import TCPServer
async def echo(reader, writer):
    writer.write(await reader.read(100))
    writer.close()
TCPServer(0, echo, interface="127.0.0.1").setServiceParent(application)
"""


def supervise(
    folder: Path,
    tac: str,
    *options: str,
    environ: Mapping[str, str] | None = None,
    sockets: Sequence[socket.socket] = (),
    notify: bool = True,
) -> FakeInit:
    """Start the runner on a .tac file of this text."""
    (folder / "shop.tac").write_text(HEAD + tac)
    command = [sys.executable, "-P", "-m", "svcctl.runtime", *options, "shop.tac"]
    return FakeInit(command, folder, environ, sockets, notify=notify)


def notes(folder: Path) -> list[str]:
    """Return what the services have noted."""
    path = folder / "notes"
    return path.read_text().splitlines() if path.exists() else []


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
        assert first == {"STATUS": "1/4 ready, waiting for shop/one", "EXTEND_TIMEOUT_USEC": "90000000"}
        (tmp_path / "one").touch()
        second = init.wait_for("STATUS")
        assert second["STATUS"] == "2/4 ready, waiting for shop/two"
        (tmp_path / "two").touch()
        init.wait_for("READY")
        assert init.stop() == 0


def test_a_start_that_does_not_advance_does_not_extend_its_time(tmp_path: Path) -> None:
    """Its init system has to end it."""
    tac = """
class Stuck(Named):
    async def startService(self):
        await asyncio.Event().wait()
Stuck("stuck")
"""
    with supervise(tmp_path, tac) as init:
        assert init.wait_for("STATUS") == {"STATUS": "0/2 ready, waiting for shop/stuck"}
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
        assert init.wait_for("READY")["STATUS"] == "2/2 ready"
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
        assert init.wait_for("READY")["STATUS"] == "reload failed, going on as before: shop/config failed to reload: ValueError: bad file"
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
    assert {name for name in loaded if name.partition(".")[0] == "svcctl"} == {
        "svcctl",
        "svcctl.application",
        "svcctl.application.handler",
        "svcctl.application.interfaces",
        "svcctl.application.internet",
        "svcctl.application.lifecycle",
        "svcctl.application.listening",
        "svcctl.application.record",
        "svcctl.application.service",
        "svcctl.application.sockets",
        "svcctl.endpoints",
        "svcctl.endpoints.values",
        "svcctl.errors",
        "svcctl.loading",
        "svcctl.loading.tac",
        "svcctl.runtime",
        "svcctl.runtime.logs",
        "svcctl.runtime.machine",
        "svcctl.runtime.notify",
        "svcctl.runtime.runner",
        "svcctl.value",
    }
