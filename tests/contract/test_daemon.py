"""Starting the runner in the background, with real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, PermissionDeniedError, SvcctlError
from svcctl.runtime.daemon import daemonize
from tests.fakes.init import PATIENCE, FakeInit

TAC = """
import asyncio, os, signal, sys
from svcctl.application.service import Application, Service
application = Application("shop")
class Only(Service):
    name = "only"
    async def startService(self):
        {body}
Only().setServiceParent(application)
"""


@pytest.fixture
def tac(tmp_path: Path) -> Path:
    """Return the path of a .tac file that serves."""
    return write(tmp_path, "pass")


def write(folder: Path, body: str) -> Path:
    """Write a .tac file whose service does this when it starts."""
    path = folder / "shop.tac"
    path.write_text(TAC.format(body=body))
    return path


@contextlib.contextmanager
def ended(pid: int) -> Iterator[None]:
    """End a process in the background, whatever the test finds."""
    descriptor = os.pidfd_open(pid)
    try:
        yield
    finally:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(descriptor)


def test_it_returns_when_the_application_is_ready(tac: Path, tmp_path: Path) -> None:
    """With the process, in a session of its own, and its output in a private file."""
    log = tmp_path / "log"
    started = daemonize([str(tac)], log_file=str(log))
    with ended(started.pid):
        assert started.status == "2/2 ready"
        assert os.getsid(started.pid) == started.pid
        assert Path(f"/proc/{started.pid}/fd/0").readlink() == Path("/dev/null")
        assert Path(f"/proc/{started.pid}/fd/2").readlink() == log
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_it_stops_cleanly_although_nobody_listens_any_more(tac: Path, tmp_path: Path) -> None:
    """The starter's socket is gone by then."""
    log = tmp_path / "log"
    started = daemonize([str(tac)], log_file=str(log))
    os.kill(started.pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(started.pid, 0)[1]) == 0
    assert "warning" not in log.read_text()


def test_without_a_log_file_its_output_is_dropped(tac: Path) -> None:
    """It has no terminal either."""
    started = daemonize([str(tac)], log_file=None)
    with ended(started.pid):
        assert Path(f"/proc/{started.pid}/fd/1").readlink() == Path("/dev/null")


def test_a_failed_start_is_an_error_with_its_whole_reason_and_status(tmp_path: Path) -> None:
    """However long the reason is."""
    reason = "the configuration is wrong, " * 50
    tac = write(tmp_path, f"raise RuntimeError({reason!r})")
    with pytest.raises(SvcctlError) as caught:
        daemonize([str(tac)], log_file=str(tmp_path / "log"))
    assert str(caught.value) == f"shop/only failed to start: RuntimeError: {reason.strip()}"
    assert caught.value.exit_status == 70
    assert caught.value.hint == f"its log is in {tmp_path}/log"


@pytest.mark.parametrize("size", [3_400, 3_600, 60_000])
def test_a_reason_longer_than_one_message_is_whole(tmp_path: Path, size: int) -> None:
    """Init systems get as much of it as they take."""
    reason = "\N{EURO SIGN} is wrong, " * (size // 12) + "end"
    tac = write(tmp_path, f"raise RuntimeError({reason!r})")
    with pytest.raises(SvcctlError) as caught:
        daemonize([str(tac)], log_file=None)
    assert str(caught.value) == f"shop/only failed to start: RuntimeError: {reason}"


def test_a_failed_start_is_the_last_entry_of_the_log(tmp_path: Path) -> None:
    """With what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        tac = tmp_path / "shop.tac"
        tac.write_text(
            "from svcctl.application import internet, service\n"
            "application = service.Application('shop')\n"
            f"internet.TCPServer({port}, print, interface='127.0.0.1').setServiceParent(application)\n"
            "print('printed while it was loaded')\n"
        )
        with pytest.raises(SvcctlError, match="Address already in use") as caught:
            daemonize([str(tac)], log_file=str(tmp_path / "log"))
    assert caught.value.exit_status == 69
    *_, last, hint = (tmp_path / "log").read_text().splitlines()
    assert "failed to bind: cannot listen on" in last
    assert hint.startswith("hint: something listens there already")


def test_what_it_prints_goes_to_the_log_also_after_a_rotation(tmp_path: Path) -> None:
    """What its children and C libraries write, too; what needs a real file gets one."""
    body = (
        "loop = asyncio.get_running_loop(); [loop.add_signal_handler(signal.SIGUSR2, each) for each in [self.talk]]\n"
        "    def talk(self):\n"
        "        print('printed', sys.stdout.fileno(), sys.stdout.isatty())\n"
        "        sys.stderr.write('complained\\n')\n"
        "        sys.stdout.buffer.write(b'bytes\\n'); sys.stdout.buffer.flush()\n"
        "        os.system('echo from a child; echo and its stderr >&2')\n"
        "        open('talked', 'a').close()"
    )
    tac, log = write(tmp_path, body), tmp_path / "log"
    with contextlib.chdir(tmp_path):
        started = daemonize([str(tac)], log_file="log")
    with ended(started.pid):
        os.kill(started.pid, signal.SIGUSR1)
        wait_until(lambda: (tmp_path / "log.1").exists() and same(started.pid, log))
        os.kill(started.pid, signal.SIGUSR2)
        wait_until(lambda: (tmp_path / "talked").exists() and "bytes" in log.read_text())
        text = log.read_text()
        assert " info    stdout: printed 1 False\n" in text
        assert " warning stderr: complained\n" in text
        assert "\nfrom a child\nand its stderr\n" in text
    assert "application is ready" in (tmp_path / "log.1").read_text()


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when something has come about."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def same(pid: int, log: Path) -> bool:
    """Tell whether the stderr of a process is this file."""
    return Path(f"/proc/{pid}/fd/2").readlink() == log and log.exists()


def test_sockets_that_an_init_system_handed_over_are_passed_on(tmp_path: Path) -> None:
    """By name, in order; only they are."""
    tac = tmp_path / "shop.tac"
    starter = (
        "from svcctl.runtime.daemon import daemonize\n"
        "print(daemonize(['--inherit=shop', 'shop.tac'], log_file='log').pid, flush=True)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        port, second = listener.getsockname()[1], other.getsockname()[1]
        tac.write_text(
            "from svcctl.application import internet, service\n"
            "async def echo(reader, writer):\n"
            "    writer.write(await reader.read(9))\n"
            "application = service.Application('shop')\n"
            f"internet.TCPServer({port}, echo, interface='127.0.0.1').setServiceParent(application)\n"
            f"internet.TCPServer({second}, echo, interface='127.0.0.1').setServiceParent(application)\n"
        )
        environ = {"LISTEN_FDNAMES": f"tcp-{second}-127.0.0.1:tcp-{port}-127.0.0.1"}
        command = [sys.executable, "-P", "-c", starter]
        with FakeInit(command, tmp_path, environ, [other, listener]) as init:
            assert init.wait() == 0
        pid = int((tmp_path / "stdout").read_text())
        for each in (port, second):
            with socket.create_connection(("127.0.0.1", each)) as client:
                client.sendall(b"hello")
                assert client.recv(9) == b"hello"
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: "application is stopped" in (tmp_path / "log").read_text())
    assert "warning" not in (tmp_path / "log").read_text()


def test_a_missing_file_keeps_its_status(tmp_path: Path) -> None:
    """66, as in the foreground."""
    with pytest.raises(SvcctlError, match=r"none\.tac") as caught:
        daemonize([str(tmp_path / "none.tac")], log_file=None)
    assert caught.value.exit_status == 66


def test_wrong_options_end_it_without_a_status_text(tmp_path: Path) -> None:
    """The exit status is all there is."""
    with pytest.raises(SvcctlError, match="ended with status 64 before it was ready") as caught:
        daemonize(["--wrong"], log_file=str(tmp_path / "log"))
    assert caught.value.exit_status == 64
    assert "no option --wrong" in (tmp_path / "log").read_text()


def test_a_killed_application_is_told_with_its_signal(tmp_path: Path) -> None:
    """128 and the signal's number, as shells have it."""
    tac = write(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(SvcctlError, match="was killed by signal 9 before it was ready") as caught:
        daemonize([str(tac)], log_file=None)
    assert caught.value.exit_status == 137


def test_a_message_of_another_process_does_not_count(tmp_path: Path) -> None:
    """Only the runner itself can say that it is ready."""
    forge = (
        "import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
        "s.sendto(b'READY=1\\\\nSTATUS=forged', os.environ['ADDRESS'])"
    )
    tac = tmp_path / "shop.tac"
    tac.write_text(
        "import gc, os, socket, subprocess, sys\n"
        "peers = [each.getpeername() for each in gc.get_objects() if type(each) is socket.socket]\n"
        f'subprocess.run([sys.executable, "-c", "{forge}"], env={{"ADDRESS": peers[0]}}, check=True)\n'
        "open('forged', 'w').close()\n"
        "raise RuntimeError('never ready')\n"
    )
    with contextlib.chdir(tmp_path), pytest.raises(SvcctlError, match="never ready"):
        daemonize([str(tac)], log_file=None)
    assert (tmp_path / "forged").exists()


def test_an_interrupt_during_the_wait_stops_the_application(tmp_path: Path) -> None:
    """It is in another session, where the terminal's interrupt does not reach it."""
    tac = write(tmp_path, "open('pid', 'w').write(str(os.getpid())); await asyncio.Event().wait()")
    program = f"from svcctl.runtime.daemon import daemonize; daemonize([{str(tac)!r}], log_file='log')"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", program], cwd=tmp_path, stderr=subprocess.PIPE
    ) as starter:
        end = time.monotonic() + PATIENCE
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
            assert time.monotonic() < end
            time.sleep(0.01)
        starter.send_signal(signal.SIGINT)
        _, said = starter.communicate()
    assert starter.returncode == -signal.SIGINT
    assert b"KeyboardInterrupt" in said
    assert "application is stopped" in (tmp_path / "log").read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_variables_for_the_starter_do_not_reach_the_application(
    tac: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were meant for this process."""
    for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "NOTIFY_SOCKET"):
        monkeypatch.setenv(name, "1")
    started = daemonize([str(tac)], log_file=str(tmp_path / "log"))
    with ended(started.pid):
        environ = Path(f"/proc/{started.pid}/environ").read_bytes()
        assert b"LISTEN_" not in environ
        assert b"WATCHDOG_" not in environ
        assert b"NOTIFY_SOCKET=1" not in environ


def test_a_log_file_that_is_a_link_is_refused(tac: Path, tmp_path: Path) -> None:
    """Somebody else may have put it there."""
    (tmp_path / "log").symlink_to(tmp_path / "precious")
    with pytest.raises(PermissionDeniedError, match="cannot write to the log file"):
        daemonize([str(tac)], log_file=str(tmp_path / "log"))
    assert not (tmp_path / "precious").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_log_file_of_somebody_else_is_refused(tac: Path, tmp_path: Path) -> None:
    """They could read it."""
    (tmp_path / "log").touch()
    os.chown(tmp_path / "log", 65534, 65534)
    for owner in (None, 4242):
        with pytest.raises(SvcctlError, match="belongs to another user") as caught:
            daemonize([str(tac)], log_file=str(tmp_path / "log"), owner=owner)
        assert caught.value.exit_status == 77
    assert (tmp_path / "log").read_text() == ""


@pytest.mark.parametrize(
    ("path", "error"),
    [("missing/log", ConfigurationError), (".", ConfigurationError), ("pipe", PermissionDeniedError)],
)
def test_a_log_file_that_cannot_be_opened_is_an_error(
    tac: Path, tmp_path: Path, path: str, error: type[SvcctlError]
) -> None:
    """Before anything is started."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(error, match="cannot write to the log file"):
        daemonize([str(tac)], log_file=str(tmp_path / path))


def test_the_log_is_appended_to(tac: Path, tmp_path: Path) -> None:
    """Earlier runs stay readable."""
    log = tmp_path / "log"
    log.write_text("earlier\n")
    started = daemonize([str(tac)], log_file=str(log))
    with ended(started.pid):
        assert log.read_text().startswith("earlier\n")
