"""What happens to the process of an application between its start and its end, in which order, and as whom."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest

from tests.contract.running import HEAD, notes, supervise
from tests.fakes.init import FakeInit

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")

#: Notes who the process is at each step, and what is at its pid file.
WHO = """
def seen(step):
    mask = os.umask(0)
    os.umask(mask)
    pid = open(os.environ["PIDFILE"]).read().strip() if os.path.exists(os.environ["PIDFILE"]) else None
    print(step, os.getresuid(), os.getresgid(), os.getgroups(), os.getcwd(), oct(mask), pid == str(os.getpid()), file=sys.stderr, flush=True)
seen("load")
class Who(Named):
    def privilegedStartService(self):
        seen("bind")
    def startService(self):
        seen("start")
    def stopService(self):
        seen("stop")
Who("who")
"""


def steps(init: FakeInit) -> dict[str, str]:
    """Return what was seen at each step."""
    lines = [line.partition(" ") for line in init.stderr.splitlines()]
    return {step: seen for step, _, seen in lines if step in {"load", "bind", "start", "stop"}}


def test_the_folder_and_the_umask_are_set_and_the_pid_file_is_published_at_ready(tmp_path: Path) -> None:
    """Paths count from where it was started; the file is gone at the end."""
    (tmp_path / "work").mkdir()
    pid_file = tmp_path / "shop.pid"
    options = ("--umask=027", "--rundir=work", "--pidfile=shop.pid")
    with supervise(tmp_path, WHO, *options, environ={"PIDFILE": str(pid_file)}) as init:
        init.wait_for("READY")
        assert pid_file.read_text() == f"{init.process.pid}\n"
        assert init.stop() == 0
    seen = steps(init)
    assert seen["load"].endswith(f"{tmp_path} 0o27 False")
    assert seen["bind"].endswith(f"{tmp_path} 0o27 False")
    assert seen["start"].endswith(f"{tmp_path}/work 0o27 False")
    assert seen["stop"].endswith(f"{tmp_path}/work 0o27 True")
    assert not list(tmp_path.glob("shop.pid*"))


@pytest.mark.parametrize(
    ("tac", "status"),
    [
        ("raise ValueError('no')", 65),
        ("class Bad(Named):\n    def startService(self):\n        raise ValueError('no')\nBad('bad')", 70),
    ],
)
def test_a_failed_start_leaves_no_pid_file(tmp_path: Path, tac: str, status: int) -> None:
    """Nor a lock."""
    with supervise(tmp_path, tac, "--pidfile=shop.pid") as init:
        assert init.wait() == status
    assert not list(tmp_path.glob("shop.pid*"))


def test_a_second_start_is_refused_before_it_loads_anything(tmp_path: Path) -> None:
    """The first one goes on."""
    with supervise(tmp_path, "note('loaded')", "--pidfile=shop.pid") as first:
        first.wait_for("READY")
        (tmp_path / "second").mkdir()
        (tmp_path / "second/shop.tac").write_text(HEAD + "note('loaded')")
        command = [sys.executable, "-P", "-m", "svcctl.runtime", "--pidfile=../shop.pid", "shop.tac"]
        with FakeInit(command, tmp_path / "second") as second:
            assert second.wait() == 78
            assert second.sent("STATUS") == [
                f"{tmp_path}/shop.pid belongs to process {first.process.pid}, which is running"
            ]
        assert notes(tmp_path / "second") == []
        assert first.stop() == 0


def test_a_pid_file_that_cannot_be_written_at_ready_is_a_failed_start(tmp_path: Path) -> None:
    """What had started is stopped."""
    tac = 'Named("db")\nclass Bad(Named):\n    def startService(self):\n        os.mkdir("shop.pid")\nBad("bad")'
    with supervise(tmp_path, tac, "--pidfile=shop.pid") as init:
        assert init.wait() == 78
    assert init.sent("READY") == []
    assert notes(tmp_path) == ["start db", "stop bad", "stop db"]
    assert "shop.pid cannot be written: Is a directory" in init.sent("STATUS")[-1]


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        (["--uid=no-such-user"], 78, "there is no user 'no-such-user'"),
        (["--gid=no-such-group"], 78, "there is no group 'no-such-group'"),
        (["--uid=4294967295"], 78, "there is no user '4294967295'"),
        (["--rundir=none"], 78, "none is no folder"),
        (["--pidfile=none/a.pid"], 78, "none/a.pid cannot be made: No such file or directory"),
        (["--profile=none/a.prof"], 78, "none/a.prof: No such file or directory"),
    ],
)
def test_what_cannot_work_is_one_line_with_its_status(
    tmp_path: Path, options: list[str], status: int, text: str
) -> None:
    """Told to the init system, too; nothing stays bound."""
    with supervise(tmp_path, "note('loaded')", *options) as init:
        assert init.wait() == status
    assert text in init.sent("STATUS")[-1]
    assert "Traceback" not in init.stderr
    assert init.sent("READY") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without rights first")
@pytest.mark.parametrize("options", [["--chroot=."], ["--uid=root"], ["--gid=0", "--euid"]])
def test_without_root_nothing_of_it_is_tried(tmp_path: Path, options: list[str]) -> None:
    """Status 77."""
    tmp_path.chmod(0o755)
    (tmp_path / "shop.tac").write_text(HEAD)
    drop = [shutil.which("setpriv") or "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    command = [*drop, sys.executable, "-P", "-m", "svcctl.runtime", *options, str(tmp_path / "shop.tac")]
    with FakeInit(command, tmp_path) as init:
        assert init.wait() == 77
    assert "only root can" in init.stderr
    assert "Traceback" not in init.stderr


@needs_root
def test_a_user_given_on_the_command_line_beats_the_applications(tmp_path: Path) -> None:
    """With that user's own groups."""
    tac = WHO + "from svcctl.application.service import IProcess\nIProcess(application).uid = 'daemon'\n"
    tmp_path.chmod(0o777)
    environ = {"PIDFILE": "shop.pid"}  # nobody may not look at the folders above
    with supervise(tmp_path, tac, "--uid=nobody", "--pidfile=shop.pid", environ=environ) as init:
        init.wait_for("READY")
        assert init.stop() == 0
    seen = steps(init)
    assert seen["bind"].startswith("(0, 0, 0) (0, 0, 0)")
    assert seen["start"].startswith("(65534, 65534, 65534) (65534, 65534, 65534) [65534]")
    assert seen["stop"].endswith("True")
    assert not list(tmp_path.glob("shop.pid*"))


@needs_root
def test_the_effective_ids_alone_are_changed_on_request(tmp_path: Path) -> None:
    """The real ones stay root's."""
    with supervise(tmp_path, WHO, "--uid=nobody", "--euid", environ={"PIDFILE": "-"}) as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert steps(init)["start"].startswith("(0, 65534, 0) (0, 65534, 0) [65534]")


#: Makes a file system of its own for the new root folder, which nobody else sees, and goes on as the runner.
IN_A_NAMESPACE = 'mount -t tmpfs jail jail && mkdir -m 1777 jail/srv && cp given jail/srv && exec "$@"'

JAILED = """
import socket
from svcctl.application.internet import TCPServer, UNIXServer
from svcctl.application.protocol import Factory, Protocol
class Files(Protocol):
    def dataReceived(self, data):
        self.transport.write(repr((os.getcwd(), sorted(os.listdir("/")), os.listdir("."), os.getresuid())).encode())
        self.transport.loseConnection()
def broken():
    raise LookupError("told with its frames")
class Late(Named):
    def startService(self):
        asyncio.get_running_loop().call_later(0, broken)
factory = Factory.forProtocol(Files)
UNIXServer(os.path.abspath("shop.sock"), factory).setServiceParent(application)
Late("late")
"""


@needs_root
def test_a_chroot_and_another_user_in_a_mount_namespace(tmp_path: Path) -> None:
    """It binds outside and serves inside; all it needs was loaded before, and nothing leads out again."""
    tmp_path.chmod(0o755)
    (tmp_path / "jail").mkdir()
    (tmp_path / "given").touch()
    (tmp_path / "shop.tac").write_text(HEAD + JAILED)
    runner = [sys.executable, "-P", "-m", "svcctl.runtime", "--chroot=jail", "--rundir=srv", "--uid=nobody"]
    namespace = [shutil.which("unshare") or "unshare", "--mount", "sh", "-c", IN_A_NAMESPACE, "sh"]
    pid_file = tmp_path / "shop.pid"
    with FakeInit([*namespace, *runner, "--pidfile=shop.pid", "shop.tac"], tmp_path) as init:
        init.wait_for("READY")
        assert pid_file.read_text() == f"{init.process.pid}\n"
        assert pid_file.stat().st_uid == 0
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "shop.sock"))
            client.sendall(b"?")
            assert client.recv(1000) == b"('/srv', ['srv'], ['given'], (65534, 65534, 65534))"
        init.wait_for_log("told with its frames")
        opened = list(Path(f"/proc/{init.process.pid}/fd").iterdir())
        assert not any(stat.S_ISDIR(each.stat().st_mode) for each in opened)
        assert init.stop() == 0
    assert "ModuleNotFoundError" not in init.stderr
    assert pid_file.read_text() == ""
    assert list((tmp_path / "jail").iterdir()) == []  # its file system is gone with the namespace


@needs_root
def test_a_folder_that_the_new_root_folder_lacks_is_a_failed_start(tmp_path: Path) -> None:
    """With what it counts from; the pid file is given back."""
    (tmp_path / "jail").mkdir()
    options = ("--chroot=jail", "--rundir=srv", "--uid=nobody", "--pidfile=shop.pid")
    with supervise(tmp_path, "Named('db')", *options) as init:
        assert init.wait() == 78
    assert init.sent("STATUS")[-1] == "cannot serve in /srv: No such file or directory"
    assert "hint: with --chroot it counts from the new root folder" in init.stderr
    assert notes(tmp_path) == []


def test_the_original_name_can_be_kept(tmp_path: Path) -> None:
    """Else the process has the application's, in place."""
    tac = (
        "from svcctl.application.service import IProcess\nIProcess(application).processName = 'shopkeeper'\n"
    )
    for option, name in (
        ("--originalname", Path(sys.executable).name),
        ("--umask=022", "shopkeeper"),
    ):
        with supervise(tmp_path, tac, option) as init:
            init.wait_for("READY")
            assert Path(f"/proc/{init.process.pid}/comm").read_text().strip() == name[:15]
            assert init.stop() == 0


def test_another_event_loop_is_used_on_request(tmp_path: Path) -> None:
    """The whole life runs on it."""
    tac = """
class Loop(Named):
    def startService(self):
        note(type(asyncio.get_running_loop()).__module__)
Loop("loop")
"""
    with supervise(tmp_path, tac, "--reactor=uvloop") as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert notes(tmp_path) == ["uvloop", "stop loop"]


@pytest.mark.parametrize("profiler", ["profile", "cprofile"])
def test_a_profile_of_the_run_is_written(tmp_path: Path, profiler: str) -> None:
    """As a text, from the folder it was started in."""
    with supervise(tmp_path, "Named('db')", "--profile=out", f"--profiler={profiler}") as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert "startService" in (tmp_path / "out").read_text()
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600


def test_a_profile_can_be_kept_for_pstats(tmp_path: Path) -> None:
    """In its own format."""
    import pstats  # noqa: PLC0415 (only here)

    with supervise(tmp_path, "Named('db')", "--profile=out", "--savestats") as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert pstats.Stats(str(tmp_path / "out")).get_stats_profile().total_tt > 0


def test_each_line_can_be_shown_before_it_runs(tmp_path: Path) -> None:
    """With file, number and function."""
    with supervise(tmp_path, "Named('db')", "--spew") as init:
        init.wait_for("READY")
        assert init.stop() == 0
    assert "shop.tac" in init.stderr
    assert "Named.startService" in init.stderr


def test_a_debugger_opens_on_sigusr2_and_on_a_failure(tmp_path: Path) -> None:
    """Here nobody sits in front of it: it reads the end of its input and goes on."""
    tac = """
class Bad(Named):
    async def startService(self):
        asyncio.get_running_loop().call_later(0.01, self.fail, ValueError("odd"))
Bad("bad")
"""
    with supervise(tmp_path, tac, "--debug") as init:
        assert init.wait() == 70
    assert "ValueError: odd" in init.stderr
    with supervise(tmp_path, "", "--debug") as init:
        init.wait_for("READY")
        init.kill(signal.SIGUSR2)
        assert init.wait() == 0
    assert "(Pdb)" in (tmp_path / "stdout").read_text()


def test_who_leaves_the_debugger_stops_the_application_wherever_it_was(tmp_path: Path) -> None:
    """In a callback, too, whose exceptions the loop only logs."""
    tac = """
import os, signal
class Asking(Named):
    async def startService(self):
        asyncio.get_running_loop().call_later(0.01, self.ask)
    def ask(self):
        os.kill(os.getpid(), signal.SIGUSR2)
        open("asked", "w").close()
Asking("asking")
"""
    with supervise(tmp_path, tac, "--debug") as init:
        assert init.wait() == 0
    assert "(Pdb)" in (tmp_path / "stdout").read_text()
    assert (tmp_path / "asked").exists()
    assert "BdbQuit" not in init.stderr
