"""``svcctl run`` and ``svcctl twistd`` as people type them, in front and in the background."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.running import HEAD, notes
from tests.fakes.init import PATIENCE

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")

#: The one-time key server of the oldest documents: it never hands out the same key twice.
OTK = """
import sys
from svcctl.application import internet, service
from svcctl.application.protocol import Factory, Protocol
class OneTimeKey(Protocol):
    def connectionMade(self):
        self.transport.write(b"%d\\n" % self.factory.nextkey)
        self.factory.nextkey += 1
        print("handed out a key")
        self.transport.loseConnection()
class OneTimeKeyFactory(Factory):
    protocol = OneTimeKey
    nextkey = 0
def make(port):
    application = service.Application("otk")
    factory = OneTimeKeyFactory()
    factory.nextkey = 0
    internet.TCPServer(port, factory, interface="127.0.0.1").setServiceParent(application)
    application.save("start")
"""


class Folder:
    """A folder that commands are given in, and where their processes leave their files."""

    def __init__(self, path: Path, credentials: Path) -> None:
        self.path = path
        # The key is given, so that the machine's own is neither made nor used; a state folder is not.
        self.environ = {**os.environ, "PYTHONPATH": str(path), "CREDENTIALS_DIRECTORY": str(credentials)}
        self.environ.pop("STATE_DIRECTORY", None)

    def command(self, *arguments: str) -> list[str]:
        """Return the argument list of a command."""
        return [sys.executable, "-P", "-m", "svcctl", *arguments]

    def do(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Give a command and wait for its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.path / name).write_text(text)

    def python(self, program: str) -> None:
        """Run a program of the application's own."""
        subprocess.run([sys.executable, "-c", program], cwd=self.path, env=self.environ, check=True)

    def pid(self, name: str = "twistd.pid") -> int:
        """Return the process of a pid file."""
        return int((self.path / name).read_text())


@pytest.fixture
def folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """Return a folder; whatever still runs in the end, by a pid file, is ended."""
    credentials = tmp_path_factory.mktemp("credentials")
    (credentials / "svcctl-state-key").write_text("ab" * 32)
    (credentials / "svcctl-state-key").chmod(0o400)
    folder = Folder(tmp_path, credentials)
    yield folder
    for each in tmp_path.glob("*.pid"):
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(each.read_text()), signal.SIGKILL)


def gone(path: Path) -> None:
    """Return when a file is gone."""
    end = time.monotonic() + PATIENCE
    while path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def key(port: int) -> bytes:
    """Return a one-time key."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        return client.makefile("rb").read()


def test_the_one_time_key_server_goes_on_from_where_it_stopped(folder: Folder) -> None:
    """By the commands of the document: twistd -f, kill, twistd -f of what was saved."""
    port = free_port()
    folder.write("otk.py", OTK)
    folder.python(f"import otk; otk.make({port})")
    done = folder.do("twistd", "-f", "otk-start.tap")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [key(port) for _ in range(3)] == [b"0\n", b"1\n", b"2\n"]
    subprocess.run("kill `cat twistd.pid`", shell=True, cwd=folder.path, check=True)  # noqa: S602, S607 (as it is documented)
    gone(folder.path / "twistd.pid")
    with pytest.raises(ConnectionRefusedError):
        key(port)
    assert folder.do("twistd", "-f", "otk-shutdown.tap").returncode == 0
    assert key(port) == b"3\n"
    assert folder.do("kill", "./twistd.pid").returncode == 0
    log = (folder.path / "twistd.log").read_text()
    assert log.count("handed out a key") == 4
    assert log.count("application is ready") == 2
    assert stat.S_IMODE((folder.path / "otk-shutdown.tap").stat().st_mode) == 0o600


def test_natively_it_goes_on_as_well(folder: Folder) -> None:
    """Whatever is in front or behind; not saving is a matter of one letter."""
    port = free_port()
    folder.write("otk.py", OTK)
    folder.python(f"import otk; otk.make({port})")
    for arguments, expected in (
        (("otk-start.tap",), b"0\n"),
        (("-o", "--file", "otk-shutdown.tap"), b"1\n"),
        (("otk-shutdown.tap", "--no-save"), b"1\n"),
        (("--checkpoint", "1000", "otk-shutdown.tap"), b"1\n"),
        (("otk-shutdown.tap",), b"2\n"),
    ):
        done = folder.do("run", "--daemonize", "--pidfile", "otk.pid", "-l", "log", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert int(done.stdout) == folder.pid("otk.pid")
        assert key(port) == expected
        assert folder.do("kill", "otk.pid").returncode == 0


def test_a_checkpoint_outlives_a_killed_process(folder: Folder) -> None:
    """The next start goes on from the last one."""
    port = free_port()
    folder.write("otk.py", OTK)
    folder.python(f"import otk; otk.make({port})")
    options = ("run", "--daemonize", "--pidfile=otk.pid", "--log-file=log", "--checkpoint=0.05")
    assert folder.do(*options, "otk-start.tap").returncode == 0
    assert key(port) == b"0\n"
    saved = folder.path / "otk-shutdown.tap"
    end, seen = time.monotonic() + PATIENCE, 0
    while seen < 3:  # two that began after the key was handed out
        assert time.monotonic() < end
        before = saved.stat().st_ino if saved.exists() else 0
        time.sleep(0.01)
        seen += saved.exists() and saved.stat().st_ino != before
    os.kill(folder.pid("otk.pid"), signal.SIGKILL)
    assert folder.do(*options, "otk-shutdown.tap").returncode == 0
    assert key(port) == b"1\n"
    assert folder.do("kill", "otk.pid").returncode == 0


@needs_root
def test_a_state_that_cannot_be_saved_is_the_end_of_the_log_and_the_status(folder: Folder) -> None:
    """The service is down all the same, and what was saved before is still there."""
    folder.write("otk.py", OTK)
    folder.python(f"import otk; otk.make({free_port()})")
    (folder.path / "otk-shutdown.tap").mkdir()
    process = subprocess.Popen(
        folder.command("run", "otk-start.tap"),
        cwd=folder.path,
        env=folder.environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process:
        while "application is ready" not in process.stderr.readline():
            assert process.poll() is None
        process.terminate()
        said = process.stderr.read()
    assert process.returncode == 70
    assert "otk-shutdown.tap" in said
    assert "Traceback" not in said


def test_an_encrypted_one_goes_on_with_the_passphrase_of_a_file(folder: Folder) -> None:
    """Which is on no command line."""
    pytest.importorskip("cryptography")
    folder.write("otk.py", OTK.replace('save("start")', 'save("start", passphrase="secret")'))
    folder.python(f"import otk; otk.make({free_port()})")
    folder.write("secret", "secret\n")
    (folder.path / "secret").chmod(0o600)
    (start,) = [each.name for each in folder.path.glob("*start.*")]
    options = ("run", "--daemonize", "--pidfile=otk.pid", "-l", "log", "--passphrase")
    done = folder.do(*options, "file:secret", start)
    assert (done.returncode, done.stderr) == (0, "")
    assert b"secret\0" not in Path(f"/proc/{done.stdout.strip()}/cmdline").read_bytes().replace(
        b"file:secret", b""
    )
    assert folder.do("kill", "otk.pid").returncode == 0
    assert folder.do(*options, "env:NONE", start).returncode == 64


def test_in_front_it_says_on_stdout_what_it_logs(folder: Folder) -> None:
    """With -noy, ended from the keyboard."""
    folder.write("shop.tac", HEAD + "Named('db')")
    command = folder.command("twistd", "-noy", "shop.tac")
    process = subprocess.Popen(
        command, cwd=folder.path, env=folder.environ, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        assert "application is ready" in process.stdout.readline()
        assert folder.pid() == process.pid
        process.send_signal(signal.SIGINT)
        assert "stop requested" in process.stdout.readline()
    assert process.returncode == 130
    assert notes(folder.path) == ["start db", "stop db"]
    assert not (folder.path / "twistd.pid").exists()
    assert not (folder.path / "twistd.log").exists()


def test_a_second_start_is_refused_and_the_first_one_runs_on(folder: Folder) -> None:
    """One line with its reason, and the status."""
    folder.write("shop.tac", HEAD + "Named('db')")
    assert folder.do("twistd", "-y", "shop.tac").returncode == 0
    pid = folder.pid()
    done = folder.do("twistd", "-y", "shop.tac")
    assert done.returncode == 78
    first, hint = done.stderr.splitlines()
    assert first == f"svcctl: {folder.path}/twistd.pid belongs to process {pid}, which is running"
    assert hint == "hint: its log is in twistd.log"
    assert folder.pid() == pid
    assert folder.do("kill", "./twistd.pid").returncode == 0


def test_a_plug_ins_arguments_are_its_own(folder: Folder) -> None:
    """A mistake in them, or a question for help, is answered before anything is started."""
    port = free_port()
    done = folder.do("twistd", "echo", "--nonsense")
    assert done.returncode == 64
    assert "nonsense" in done.stderr
    assert not (folder.path / "twistd.log").exists()
    done = folder.do("run", "echo", "--help")
    assert done.returncode == 0
    assert "--port" in done.stdout
    done = folder.do("twistd", "echo", "--port", str(port))
    assert (done.returncode, done.stderr) == (0, "")
    assert folder.do("kill", "./twistd.pid").returncode == 0
    assert not list(folder.path.glob("*.tap"))


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["run"], 64, "no application is named"),
        (["run", "-y", "a", "-f", "b"], 64, "several applications are named"),
        (["run", "--umask", "rw", "shop.tac"], 64, "'rw' is no octal number"),
        (["run", "--reactor", "nosuch", "shop.tac"], 64, "there is no reactor 'nosuch'"),
        (["run", "--checkpoint", "0", "shop.tac"], 64, "no number of seconds above 0"),
        (["run", "--daemonize", "-b", "shop.tac"], 64, "needs somebody in front of it"),
        (["run", "--daemonize", "-l", "-", "shop.tac"], 64, "no stdout to log to"),
        (["run", "--uid", "nosuch", "shop.tac"], 78, "there is no user 'nosuch'"),
        (["run", "--daemonize", "--uid", "nosuch", "shop.tac"], 78, "there is no user 'nosuch'"),
        (["run", "--rundir", "none", "shop.tac"], 78, "none is no folder"),
        (["run", "--daemonize", "-d", "none", "shop.tac"], 78, "none is no folder"),
        (["run", "--pidfile", "none/x", "shop.tac"], 78, "none/x cannot be made"),
        (["run", "-y", "none.tac"], 66, "none.tac"),
        (["run", "-f", "shop.tac"], 65, "shop.tac"),
        (["twistd"], 66, "twistd.tap"),
    ],
)
def test_bad_input_is_one_line_and_a_status(
    folder: Folder, arguments: list[str], status: int, text: str
) -> None:
    """No traceback, and nothing is left behind."""
    folder.write("shop.tac", HEAD)
    done = folder.do(*arguments) if arguments != ["twistd"] else folder.do("twistd", "-n")
    assert done.returncode == status
    said = done.stdout + done.stderr
    assert text in said
    assert "Traceback" not in said
    assert {each.name for each in folder.path.iterdir()} <= {"shop.tac", "__pycache__"}


@needs_root
def test_a_users_log_and_pid_file_serve_again_after_a_restart(folder: Folder) -> None:
    """As root in a folder of the user's, the files are the user's; every start of them works."""
    folder.write("shop.tac", HEAD.replace('"shop", ', '"shop", uid=65534, ') + "Named('db')")
    os.chown(folder.path, 65534, 65534)
    for _ in range(2):
        done = folder.do("twistd", "-y", "shop.tac", "--umask=022")
        assert (done.returncode, done.stderr) == (0, "")
        assert (folder.path / "twistd.pid").stat().st_uid == 65534
        assert (folder.path / "twistd.log").stat().st_uid == 65534
        assert os.stat(f"/proc/{folder.pid()}").st_uid in {0, 65534}  # noqa: PTH116 (0: it may not be traced)
        assert folder.do("kill", "./twistd.pid").returncode == 0
    assert not list(folder.path.glob("twistd.pid*"))


@needs_root
def test_a_log_of_somebody_else_is_refused(folder: Folder) -> None:
    """They could read it."""
    folder.write("shop.tac", HEAD)
    (folder.path / "twistd.log").touch()
    os.chown(folder.path / "twistd.log", 65534, 65534)
    done = folder.do("twistd", "-y", "shop.tac")
    assert done.returncode == 77
    assert "belongs to another user" in done.stderr
    assert (folder.path / "twistd.log").read_text() == ""


@needs_root
@pytest.mark.parametrize("how", [("twistd", "-y"), ("twistd", "-n", "-l", "twistd.log", "-y")])
def test_a_log_of_the_user_whom_the_application_names_is_taken_in_roots_folder(
    folder: Folder, how: tuple[str, ...]
) -> None:
    """As logrotate makes it for that user."""
    folder.path.chmod(0o755)
    folder.write("shop.tac", HEAD.replace('"shop", ', '"shop", uid=65534, gid=65534, '))
    log = folder.path / "twistd.log"
    log.touch(0o600)
    os.chown(log, 65534, 65534)
    process = subprocess.Popen(
        folder.command(*how, "shop.tac"), cwd=folder.path, env=folder.environ, stdin=subprocess.DEVNULL
    )
    end = time.monotonic() + PATIENCE
    while "application is ready" not in log.read_text():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert folder.do("stop", "twistd.pid").returncode == 0
    assert process.wait(PATIENCE) == 0
    assert "application is stopped" in log.read_text()
    assert log.stat().st_uid == 65534


@needs_root
def test_the_pid_file_in_roots_folder_stays_roots(folder: Folder) -> None:
    """Whoever serves leaves it empty, and root's next start takes it."""
    folder.path.chmod(0o755)
    folder.write("shop.tac", HEAD)
    options = ("run", "--daemonize", "-u", "nobody", "--pidfile=shop.pid", "shop.tac")
    for _ in range(2):
        done = folder.do(*options)
        assert (done.returncode, done.stderr) == (0, "")
        assert folder.pid("shop.pid") == int(done.stdout)
        assert (folder.path / "shop.pid").stat().st_uid == 0
        assert folder.do("kill", "shop.pid").returncode == 0
        assert (folder.path / "shop.pid").read_text() == ""
        assert folder.do("kill", "shop.pid").returncode == 65


def test_a_log_is_begun_anew_at_a_size(folder: Folder) -> None:
    """So many old ones are kept."""
    tac = "import logging\nfor number in range(100):\n    logging.getLogger('many').warning('line %s', number)\n"
    folder.write("shop.tac", HEAD + tac)
    options = ("--daemonize", "--pidfile=shop.pid", "-l", "log", "--log-rotate=1000", "--log-keep=2")
    assert folder.do("run", *options, "shop.tac").returncode == 0
    assert folder.do("kill", "shop.pid").returncode == 0
    assert sorted(each.name for each in folder.path.glob("log*")) == ["log", "log.1", "log.2"]
    assert "application is stopped" in (folder.path / "log").read_text()


def test_a_logger_beside_the_file_is_called(folder: Folder) -> None:
    """By its dotted name, as in the document."""
    folder.write("shop.tac", HEAD)
    folder.write(
        "my.py",
        "from svcctl.application.log import FileLogObserver\n"
        "def logger():\n    return FileLogObserver(open('my.log', 'w')).emit\n",
    )
    folder.environ.pop("PYTHONPATH")
    assert folder.do("twistd", "--logger", "my.logger", "-y", "shop.tac").returncode == 0
    assert folder.do("kill", "./twistd.pid").returncode == 0
    assert "application is stopped" in (folder.path / "my.log").read_text()
