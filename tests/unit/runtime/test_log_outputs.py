"""Where log records go instead of stderr: files, the system's log, what applications bring along."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from svcctl.application.log import msg
from svcctl.errors import (
    ConfigurationError,
    PermissionDeniedError,
    SvcctlError,
    UsageError,
)
from svcctl.runtime import logs, syslog
from svcctl.runtime.log_files import LogFileOptions
from tests.unit.runtime.outputs import lines, unchanged

__all__ = ["unchanged"]

log = logging.getLogger("shop.counter")


def test_records_go_to_a_file_that_only_its_owner_reads(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Appended, in the form for people, also where stderr would have that of the journal."""
    path = tmp_path / "log"
    for _ in range(2):
        output = logs.configure("info", "journal", log_file=LogFileOptions(str(path)))
        log.info("sold", extra={"svcctl_count": 3})
        log.debug("unheard")
        output.close()
    assert lines(path) == ["info    shop.counter: sold count=3"] * 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert capfd.readouterr().err == ""


def test_records_of_a_file_may_be_json(tmp_path: Path) -> None:
    """Those of the framework's log, too, without the event that they came from."""
    output = logs.configure("info", "json", log_file=LogFileOptions(str(tmp_path / "log")))
    msg("sold", customer="Ada")
    output.close()
    entry = json.loads((tmp_path / "log").read_text())
    assert set(entry) == {"time", "level", "logger", "message"}
    assert (entry["level"], entry["logger"], entry["message"]) == ("info", __name__, "sold")


def test_a_file_is_rotated_by_its_size_and_so_many_are_kept(tmp_path: Path) -> None:
    """Compressed on request."""
    path = tmp_path / "log"
    options = LogFileOptions(str(path), rotate_bytes=1, keep=2, compress=True)
    output = logs.configure("info", "text", log_file=options)
    for number in range(5):
        log.info("line %d", number)
    output.close()
    assert {each.name for each in tmp_path.iterdir()} == {"log", "log.1.gz", "log.2.gz"}
    assert lines(path) == ["info    shop.counter: line 4"]


def test_a_file_is_rotated_by_the_day(tmp_path: Path) -> None:
    """That of yesterday has its date behind its name."""
    path = tmp_path / "log"
    path.write_text("yesterday\n")
    os.utime(path, (0, 0))
    output = logs.configure("info", "text", log_file=LogFileOptions(str(path), daily=True))
    log.info("today")
    output.close()
    (old,) = set(tmp_path.iterdir()) - {path}
    assert old.name in {"log.1970_1_1", "log.1969_12_31"}
    assert old.read_text() == "yesterday\n"


def test_a_signal_opens_the_file_again_that_somebody_else_has_rotated(tmp_path: Path) -> None:
    """As logrotate does it: move, then tell."""
    path = tmp_path / "log"
    output = logs.configure("info", "text", log_file=LogFileOptions(str(path)))
    log.info("one")
    path.rename(tmp_path / "log.old")
    log.info("two")
    output.reopen()
    log.info("three")
    assert lines(tmp_path / "log.old") == ["info    shop.counter: one", "info    shop.counter: two"]
    assert lines(path) == ["info    shop.counter: three"]
    output.reopen()
    assert lines(tmp_path / "log.1") == ["info    shop.counter: three"]
    output.close()


def test_a_rotation_that_cannot_be_done_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the file that goes on growing; again when it has worked in between."""
    path = tmp_path / "log"
    output = logs.configure("info", "text", log_file=LogFileOptions(str(path), rotate_bytes=1))

    def refuse(*_given: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    log.info("one")
    with monkeypatch.context() as patched:
        patched.setattr("svcctl.application.observing.kept.shift", refuse)
        log.info("two")
        log.info("three")
    said = "warning svcctl.runtime.log_files: the log file cannot be rotated and goes on growing "
    assert [line.removeprefix("info    shop.counter: ") for line in lines(path)] == [
        "one",
        "two",
        f"{said}reason='Permission denied'",
        "three",
    ]
    log.info("four")
    assert lines(path) == ["info    shop.counter: four"]
    output.close()


FULL = """
import logging, os, resource
from svcctl.runtime import logs, log_files
logs.configure("info", "text", log_file=log_files.LogFileOptions("log"))
os.dup2(os.open("log", os.O_WRONLY | os.O_APPEND), 2)
log = logging.getLogger("shop")
log.info("one")
size = os.stat("log").st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 9, resource.RLIM_INFINITY))
for number in range(5):
    log.info("number %d", number)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 9 + number, resource.RLIM_INFINITY))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.info("two")
"""


def test_a_full_disk_leaves_no_pieces_where_stderr_is_the_log_file(tmp_path: Path) -> None:
    """The record that was cut off is completed; the others are counted."""
    command = [sys.executable, "-P", "-c", FULL]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert done.stderr == b""
    assert lines(tmp_path / "log") == [
        "info    shop: one",
        "info    shop: number 0",
        "warning svcctl.runtime.log_files: records are missing here count=4 reason='File too large'",
        "info    shop: two",
    ]


def test_without_a_file_a_signal_does_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Nor does the end; records still arrive."""
    output = logs.configure("info", "text")
    output.reopen()
    output.give(0, 0)
    output.close()
    log.info("one")
    assert capfd.readouterr().err.endswith("info    shop.counter: one\n")


def test_what_is_logged_after_the_end_goes_to_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Some libraries say something that late."""
    output = logs.configure("info", "text", log_file=LogFileOptions(str(tmp_path / "log")))
    output.close()
    log.info("late")
    assert capfd.readouterr().err.endswith("info    shop.counter: late\n")


def test_a_dash_is_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    """Which is never rotated."""
    output = logs.configure("info", "text", log_file=LogFileOptions("-", rotate_bytes=1))
    log.info("one")
    output.reopen()
    said = capfd.readouterr()
    assert said.out.endswith("info    shop.counter: one\n")
    assert said.err == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_file_is_given_to_whom_the_process_is_going_to_be(tmp_path: Path) -> None:
    """Who can then open it again; at the next start root knows whose it may be."""
    path = tmp_path / "log"
    output = logs.configure("info", "text", log_file=LogFileOptions(str(path)))
    output.give(65534, 65534)
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)
    output.reopen()
    output.close()
    with pytest.raises(PermissionDeniedError, match="belongs to another user"):
        logs.configure("info", "text", log_file=LogFileOptions(str(tmp_path / "log.1")))
    logs.configure("info", "text", log_file=LogFileOptions(str(tmp_path / "log.1"), owner=65534))


def _folder(path: Path) -> str:
    return str(path)


def _link(path: Path) -> str:
    (path / "link").symlink_to(path / "elsewhere")
    return str(path / "link")


def _pipe(path: Path) -> str:
    os.mkfifo(path / "pipe")
    return str(path / "pipe")


def _missing(path: Path) -> str:
    return str(path / "none/log")


@pytest.mark.parametrize(
    ("make", "kind", "status"),
    [
        (_folder, ConfigurationError, 78),
        (_missing, ConfigurationError, 78),
        (_link, PermissionDeniedError, 77),
        (_pipe, PermissionDeniedError, 77),
    ],
)
def test_a_file_that_cannot_be_logged_to_is_one_clear_line(
    tmp_path: Path, make: Callable[[Path], str], kind: type[SvcctlError], status: int
) -> None:
    """And nothing has changed."""
    before = logging.getLogger().handlers[:]
    with pytest.raises(kind, match="cannot write to the log file") as caught:
        logs.configure("info", "text", log_file=LogFileOptions(make(tmp_path)))
    assert caught.value.exit_status == status
    assert caught.value.hint == "name a file of your own in a folder that nobody else can write to"
    assert logging.getLogger().handlers == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_cannot_be_written_to_is_one_clear_line(tmp_path: Path) -> None:
    """For a user without rights there."""
    program = (
        "import os, sys; from svcctl.runtime import logs, log_files; os.setuid(65534)\n"
        "from svcctl.errors import SvcctlError\n"
        "try: logs.configure('info', 'text', log_file=log_files.LogFileOptions('/var/log/shop.log'))\n"
        "except SvcctlError as error: print(error, error.exit_status)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stdout == "cannot write to the log file /var/log/shop.log: Permission denied 77\n"


def test_a_file_is_not_rotated_in_two_ways(tmp_path: Path) -> None:
    """By size or by day."""
    options = LogFileOptions(str(tmp_path / "log"), rotate_bytes=1, daily=True)
    with pytest.raises(UsageError, match="by size or by day, not by both"):
        logs.configure("info", "text", log_file=options)


@pytest.fixture
def system_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Be the system's log."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "log.socket"))
        listener.settimeout(20)
        monkeypatch.setattr(syslog, "ADDRESS", str(tmp_path / "log.socket"))
        monkeypatch.setattr(syslog.SyslogHandler.__init__, "__defaults__", (syslog.ADDRESS,))
        yield listener


@pytest.mark.parametrize(
    ("level", "severity"),
    [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)],
)
def test_the_system_s_log_gets_the_severity_of_each_level(
    system_log: socket.socket, level: str, severity: int
) -> None:
    """Of the facility of daemons, with the sender and its process."""
    logs.configure("debug", "text", syslog="shop")
    log.log(logging.getLevelNamesMapping()[level.upper()], "it %s", "broke", extra={"svcctl_path": "a b"})
    expected = f"<{3 * 8 + severity}>shop[{os.getpid()}]: [shop.counter] it broke path='a b'"
    assert system_log.recv(1000).decode() == expected


def test_levels_of_any_name_have_the_severity_of_their_number(system_log: socket.socket) -> None:
    """That of the highest level they reach."""
    logging.addLevelName(35, "LOUD")
    logs.configure("debug", "text", syslog="shop")
    log.log(35, "x")
    log.log(5, "unheard")
    log.log(60, "y")
    assert [system_log.recv(1000).decode().partition(">")[0] for _ in range(2)] == ["<28", "<26"]


def test_each_line_is_a_message_of_the_system_s_log(system_log: socket.socket) -> None:
    """What follows the first one is indented; blank lines at the end are left out."""
    logs.configure("info", "text", syslog="shop")
    log.error("one\n\ntwo  \n\n")
    texts = [system_log.recv(1000).decode().partition("]: ")[2] for _ in range(3)]
    assert texts == ["[shop.counter] one", "\t", "\ttwo"]


def test_a_system_s_log_that_comes_back_is_found(
    system_log: socket.socket, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What it missed meanwhile is on stderr."""
    logs.configure("info", "text", syslog="shop")
    system_log.close()
    (tmp_path / "log.socket").unlink()
    log.info("missed\nin full")
    assert capfd.readouterr().err.endswith("info    shop.counter: missed\nin full\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
        again.bind(str(tmp_path / "log.socket"))
        log.info("found")
        assert again.recv(1000).decode().endswith("[shop.counter] found")


def test_no_system_s_log_is_one_clear_line(tmp_path: Path) -> None:
    """Before anything has changed."""
    with pytest.raises(ConfigurationError, match=r"cannot be reached at .*/none: No such file"):
        syslog.SyslogHandler("shop", str(tmp_path / "none"))
