"""The socket of live control, and what it tells of a process that is on its way up, down, or to its successor."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.host import varlink
from tests.contract.controlled import INTERFACE, TREE, Controlled, controlled, fits
from tests.contract.running import ECHO, notes, supervise


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Controlled]:
    """Run an application with a database, a cache after it, and a web server after that."""
    with controlled(tmp_path) as running:
        yield running


def test_the_socket_is_for_root_and_the_user_of_the_service_alone(shop: Controlled) -> None:
    """By its rights; it goes with the process."""
    facts = Path(shop.path).stat()
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert facts.st_uid == os.geteuid()
    assert shop.init.stop() == 0
    assert list(Path(shop.path).parent.iterdir()) == []


def test_a_start_that_hangs_can_be_looked_into(tmp_path: Path) -> None:
    """The socket is there before anything starts."""
    (tmp_path / "run").mkdir()
    tac = """
class Hanging(Named):
    async def startService(self):
        note("hangs")
        await asyncio.Event().wait()
Hanging("db")
"""
    environ = {"RUNTIME_DIRECTORY": str(tmp_path / "run")}
    with supervise(tmp_path, tac, environ=environ) as init:
        hanging = Controlled(init, tmp_path / "run")
        init.wait_for("STATUS", "0/2 ready, waiting for shop/db")
        tree = hanging.call("GetTree")
        assert (tree["application"]["phase"], tree["application"]["waiting"]) == ("starting", "shop/db")
        name, facts = hanging.refusal("Stop", path="/db")
        assert fits("error", name, facts)
        assert name == "NotRunning"


def test_a_stop_can_be_looked_into(tmp_path: Path) -> None:
    """Until it is over; nothing can be started any more."""
    tac = """
class Stubborn(Named):
    async def stopService(self):
        while not os.path.exists("go"):
            await asyncio.sleep(0.01)
Stubborn("db")
"""
    with controlled(tmp_path, tac) as stubborn:
        stubborn.init.kill(signal.SIGTERM)
        stubborn.init.wait_for("STOPPING")
        assert stubborn.call("GetTree")["application"]["phase"] == "stopping"
        assert stubborn.refusal("Reload")[0] == "NotRunning"
        assert stubborn.refusal("Restart", path="/db")[0] == "NotRunning"
        (tmp_path / "go").touch()
        assert stubborn.init.wait() == 0


def test_what_is_left_of_a_killed_process_is_replaced(tmp_path: Path) -> None:
    """A socket that nobody listens on, and nothing else."""
    with controlled(tmp_path) as shop:
        shop.init.kill(signal.SIGKILL)
        shop.init.wait()
        assert Path(shop.path).is_socket()
        with supervise(tmp_path, "", environ={"RUNTIME_DIRECTORY": str(tmp_path / "run")}) as init:
            init.wait_for("READY")
            assert shop.call("GetTree")["application"]["pid"] == init.process.pid


@pytest.mark.parametrize("taken", ["file", "folder", "listener"])
def test_what_is_in_the_way_costs_control_and_not_the_service(tmp_path: Path, taken: str) -> None:
    """It is left as it is, and the log says why there is no control."""
    runtime = tmp_path / "run"
    runtime.mkdir()
    path = runtime / "control"
    listener = socket.socket(socket.AF_UNIX)
    if taken == "file":
        path.write_text("mine")
    elif taken == "folder":
        path.mkdir()
    else:
        listener.bind(str(path))
        listener.listen()
    before = path.stat().st_ino
    with supervise(tmp_path, ECHO, environ={"RUNTIME_DIRECTORY": str(runtime)}) as init:
        init.wait_for("READY")
        assert init.stop() == 0
        assert "no control socket" in init.stderr
    assert path.stat().st_ino == before
    assert list(runtime.iterdir()) == [path]
    listener.close()


def test_a_socket_can_be_asked_for_by_name(tmp_path: Path) -> None:
    """Where it cannot be opened, that is an error."""
    with supervise(tmp_path, "", "--control", "here") as init:
        init.wait_for("READY")
        assert varlink.call(str(tmp_path / "here"), f"{INTERFACE}.GetTree")["application"]["name"] == "shop"
    with supervise(tmp_path, "", "--control", "no/where") as init:
        assert init.wait() == 69
        assert "no/where" in init.stderr


def test_what_serves_clients_loads_with_the_first_of_them(tmp_path: Path) -> None:
    """A start pays for the socket and the book alone; without a folder for them, for nothing."""
    tac = """
class Looking(Named):
    def startService(self):
        ours = [name for name in sys.modules if name.startswith(("svcctl.runtime.control", "svcctl.application.live"))]
        note(" ".join(sorted(ours)))
Looking("looking")
"""
    with controlled(tmp_path, tac):
        pass
    with supervise(tmp_path, tac) as init:
        init.wait_for("READY")
    assert notes(tmp_path) == [
        "svcctl.application.live svcctl.application.live.book svcctl.runtime.control svcctl.runtime.control.opening",
        "",
    ]


def test_an_upgrade_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """With the reason; the process serves on."""
    (tmp_path / "run").mkdir()
    with supervise(
        tmp_path, TREE, environ={"RUNTIME_DIRECTORY": str(tmp_path / "run")}, notify=False
    ) as init:
        init.wait_for_log("application is ready")
        shop = Controlled(init, tmp_path / "run")
        name, facts = shop.refusal("Upgrade")
        assert fits("error", name, facts)
        assert (name, facts["path"]) == ("Refused", "shop")
        assert "no init system" in facts["reason"]
        assert shop.still_answers()


def test_a_new_process_takes_over_on_request(shop: Controlled) -> None:
    """The answer has its number, and the control socket is its own from then on."""
    answer = shop.call("Upgrade")
    assert fits("reply", "Upgrade", answer)
    assert answer["pid"] != shop.init.process.pid
    assert shop.call("GetTree")["application"]["pid"] == answer["pid"]
