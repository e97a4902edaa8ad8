"""The system's log at an address of the test's own: the command in a mount namespace whose ``/dev/log`` is a test's socket."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.networks import needs_root, tool
from tests.contract.running import HEAD
from tests.fakes.init import PATIENCE, FakeInit
from tests.systemd.machine import wait_until

pytestmark = needs_root

#: Gives the process devices of its own, which nobody else sees, and goes on as the command.
ENTER = """
mkdir devices && mount -t tmpfs devices devices || exit
for each in null zero random urandom; do
    touch devices/$each && mount --bind /dev/$each devices/$each || exit
done
test -z "$1" || ln -s "$1" devices/log || exit
mount --rbind devices /dev || exit
shift
exec "$@"
"""

#: RFC 3164: the facility daemon (3), eight times, and the severity.
DAEMON = 3 * 8

TALKER = """
import logging
class Talker(Named):
    def startService(self):
        log = logging.getLogger("shop.till")
        for level in (logging.DEBUG, logging.INFO, 25, logging.WARNING, logging.ERROR, logging.CRITICAL, 99):
            log.log(level, "level %d", level)
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("no change\\n  in the till")
        print("printed", flush=True)
Talker("talker")
"""


class Daemon:
    """Listens as a syslog daemon does; what it is sent is never left waiting, since its senders would, too."""

    def __init__(self, address: Path) -> None:
        self.messages: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def until(self, last: str) -> list[str]:
        """Return the messages once there is one with a text."""
        assert wait_until(lambda: any(last in message for message in self.messages)), self.messages
        return self.messages

    def close(self) -> None:
        """Stop listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while data := self._socket.recv(65536):
            self.messages.append(data.decode())


@pytest.fixture
def system_log(tmp_path: Path) -> Iterator[Daemon]:
    """Listen at an address of the test's own."""
    daemon = Daemon(tmp_path / "syslog")
    yield daemon
    daemon.close()


def svcctl(folder: Path, address: Path | None, *arguments: str) -> list[str]:
    """Return the command line in the namespace; without an address there is no ``/dev/log``."""
    (folder / "shop.tac").write_text(HEAD + TALKER)
    shell = [tool("sh"), "-c", ENTER, "sh", str(address or "")]
    return [tool("unshare"), "--mount", *shell, sys.executable, "-P", "-m", "svcctl", *arguments]


def test_each_level_has_its_severity(tmp_path: Path, system_log: Daemon) -> None:
    """Line by line, with the sender's name and process; nothing of it is on stderr."""
    command = svcctl(
        tmp_path, tmp_path / "syslog", "run", "--syslog", "--prefix=till", "--log-level=debug", "shop.tac"
    )
    with FakeInit(command, tmp_path) as init:
        init.wait_for("READY")
        assert init.stop() == 0
        messages = system_log.until("application is stopped")
    assert init.stderr == ""
    head = re.compile(r"<(\d+)>till\[(\d+)\]: (.*)")
    parts = [match.groups() for match in map(head.fullmatch, messages) if match]
    assert len(parts) == len(messages)
    assert {process for _, process, _ in parts} == {str(init.process.pid)}
    levels = {text: int(number) - DAEMON for number, _, text in parts if "] level" in text}
    assert levels == {
        "[shop.till] level 10": 7,
        "[shop.till] level 20": 6,
        "[shop.till] level 25": 6,
        "[shop.till] level 30": 4,
        "[shop.till] level 40": 3,
        "[shop.till] level 50": 2,
        "[shop.till] level 99": 2,
    }
    texts = [text for _, _, text in parts]
    first = texts.index("[shop.till] no change")
    assert texts[first + 1] == "\t  in the till"
    assert texts[first + 2] == "\tTraceback (most recent call last):"
    last = texts.index("\tZeroDivisionError: division by zero")
    assert {number for number, _, _ in parts[first : last + 1]} == {str(DAEMON + 3)}
    assert "[svcctl.runtime.runner] application is ready" in texts


def test_a_daemon_logs_there_too_with_what_it_prints(tmp_path: Path, system_log: Daemon) -> None:
    """The name is the application's, as nothing else was said."""
    command = svcctl(
        tmp_path, tmp_path / "syslog", "run", "--daemonize", "--syslog", "--pidfile=shop.pid", "shop.tac"
    )
    started = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (started.returncode, started.stderr) == (0, "")
    pid = int((tmp_path / "shop.pid").read_text())
    try:
        stop = [sys.executable, "-P", "-m", "svcctl", "stop", "--timeout=20", "shop.pid"]
        subprocess.run(stop, cwd=tmp_path, check=True, timeout=PATIENCE)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    messages = system_log.until("application is stopped")
    assert f"<{DAEMON + 6}>shop[{pid}]: [stdout] printed" in messages
    assert not (tmp_path / "shop.pid").exists()


def test_without_a_system_s_log_it_is_one_clear_line(tmp_path: Path) -> None:
    """Status 78, and nothing was loaded."""
    command = svcctl(tmp_path, None, "run", "--syslog", "shop.tac")
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 78
    error, hint = done.stderr.splitlines()
    assert "the system's log cannot be reached at /dev/log: No such file or directory" in error
    assert hint.startswith("hint: ")
    assert not list((tmp_path / "devices").iterdir())  # the mounts were its own
