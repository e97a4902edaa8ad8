"""Starting the runner in the background, with real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, PermissionDeniedError, SvcctlError
from svcctl.runtime.daemon import daemonize
from tests.fakes.init import PATIENCE

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
    with pytest.raises(PermissionDeniedError, match="belongs to another user"):
        daemonize([str(tac)], log_file=str(tmp_path / "log"))


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
