"""Log files of a running application: on a disk that is full, and rotated while much is logged."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
import threading
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.logfile import LogFile
from svcctl.runtime import logs
from svcctl.runtime.log_files import LogFileOptions
from tests.contract.networks import needs_root, tool
from tests.fakes.init import PATIENCE, FakeInit
from tests.systemd.machine import wait_until

#: What the disk has room for; the ballast takes some of it.
DISK, BALLAST = 256 * 1024, 64 * 1024

TALKER = f"""
import asyncio, logging, os
from svcctl.application.internet import UNIXServer
from svcctl.application.service import Application
from svcctl.runtime import logs
from svcctl.runtime.log_files import LogFileOptions

open("disk/ballast", "wb").write(bytes({BALLAST}))
logs.configure("info", "text", log_file=LogFileOptions("disk/log", OPTIONS))
log = logging.getLogger("talker")
application = Application("talker")
said = 0

async def talk(reader, writer):
    global said
    what, count = (await reader.readline()).decode().split()
    for _ in range(int(count)):
        log.info("record %d %s", said, "x" * 200)
        said += 1
    if what == "free":
        os.unlink("disk/ballast")
    writer.write(b"done\\n")

UNIXServer("talk", talk).setServiceParent(application)
"""

# The mount is seen by the process alone, which stays the same through all steps.
_ENTER = 'mount -t tmpfs -o size="$1" tmpfs disk && shift && exec "$@"'


def talker(folder: Path, options: str) -> FakeInit:
    """Start the runner on an application that logs to a small disk of its own as much as it is told to."""
    (folder / "talker.tac").write_text(TALKER.replace("OPTIONS", options))
    (folder / "disk").mkdir()
    runner = [sys.executable, "-P", "-m", "svcctl.runtime", "talker.tac"]
    shell = [tool("sh"), "-c", _ENTER, "sh", str(DISK), *runner]
    return FakeInit([tool("unshare"), "--mount", *shell], folder)


def tell(folder: Path, order: str) -> None:
    """Have it log or make room, and wait until it has."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(os.path.relpath(folder / "talk"))
        client.sendall(f"{order}\n".encode())
        assert client.makefile().readline() == "done\n"


def disk(init: FakeInit) -> Path:
    """Return the disk as it is seen from here."""
    return Path(f"/proc/{init.process.pid}/root{init.folder}/disk")


def numbers(text: str) -> list[int]:
    """Return the numbers of the records in a text, every one of which is complete."""
    found = [re.fullmatch(r".* talker: record (\d+) x{200}", line) for line in text.splitlines()]
    return [int(match[1]) for match in found if match]


@needs_root
def test_a_full_disk_keeps_the_application_up_and_takes_nothing_that_was_written(tmp_path: Path) -> None:
    """What finds no room is on stderr; when there is room again, the file says how much is missing."""
    with talker(tmp_path, "") as init:
        init.wait_for("READY")
        tell(tmp_path, "log 2000")
        tell(tmp_path, "log 3")
        full = (disk(init) / "log").read_text()
        assert numbers(full)[:3] == [0, 1, 2]
        tell(tmp_path, "free 3")
        tell(tmp_path, "log 2")
        text = (disk(init) / "log").read_text()
        assert init.stop() == 0
    assert text.startswith(full)
    (note,) = [line for line in text.splitlines() if "records are missing here" in line]
    before, after = text.split(f"{note}\n")
    written = numbers(before)
    missing = re.search(r"count=(\d+) reason='No space left on device'", note)
    assert missing is not None
    assert written == list(range(2006 - int(missing[1])))
    assert all("record" in line for line in before.splitlines()[len(before.splitlines()) - len(written) :])
    assert [number for number in numbers(after) if number < 2008] == [2006, 2007]
    assert numbers(init.stderr) == list(range(len(written), 2006))


@needs_root
def test_a_limit_of_rotated_files_keeps_the_disk_from_filling(tmp_path: Path) -> None:
    """However much is logged, the newest is there."""
    with talker(tmp_path, "rotate_bytes=30_000, keep=3") as init:
        init.wait_for("READY")
        tell(tmp_path, "log 4000")
        folder = disk(init)
        texts = [(folder / name).read_text() for name in ("log.3", "log.2", "log.1", "log")]
        assert {path.name for path in folder.iterdir()} == {"ballast", "log", "log.1", "log.2", "log.3"}
        assert init.stop() == 0
    kept = [number for text in texts for number in numbers(text)]
    assert kept == list(range(kept[0], 4000))
    assert all(len(text) < 31_000 for text in texts)
    assert "record" not in init.stderr


OBSERVED = """
import logging
from svcctl.application.log import FileLogObserver, ILogObserver
from svcctl.application.logfile import LogFile
from svcctl.application.service import Application, Service

class Talker(Service):
    def reload(self):
        logging.getLogger("talker").info("still here")

application = Application("talker")
Talker().setServiceParent(application)
application.setComponent(ILogObserver, FileLogObserver(LogFile("log", ".")).emit)
"""


@pytest.mark.parametrize("options", [(), ("--logfile", "own")], ids=["observer", "file"])
def test_a_signal_opens_the_file_again_that_was_moved(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Whether it is the runner's or that of the application's observer; nothing is in neither file."""
    source = OBSERVED.partition("application.setComponent")[0] if options else OBSERVED
    (tmp_path / "talker.tac").write_text(source)
    log = tmp_path / (options[1] if options else "log")
    with FakeInit([sys.executable, "-P", "-m", "svcctl.runtime", *options, "talker.tac"], tmp_path) as init:
        init.wait_for("READY")
        log.rename(tmp_path / "moved")
        init.kill(signal.SIGUSR1)
        assert wait_until(log.exists)
        init.kill(signal.SIGHUP)
        init.wait_for("READY")
        assert init.stop() == 0
    moved, new = (tmp_path / "moved").read_text(), log.read_text()
    assert "application is ready" in moved
    assert "still here" not in moved
    assert "still here" in new
    assert "application is stopped" in new
    assert init.stderr == ""


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a root logger of one's own."""
    root = logging.getLogger()
    kept, level, root.handlers = root.handlers, root.level, []
    monkeypatch.setattr(logs, "_output", logs.Reopen())
    with warnings.catch_warnings():
        yield
    root.handlers = kept
    root.setLevel(level)
    logging.captureWarnings(capture=False)


#: About what three seconds at 10 MB/s are.
THREADS, LINES, LENGTH = 4, 7500, 1000


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("compress", [False, True], ids=["plain", "compressed"])
def test_no_line_is_lost_between_files_that_are_rotated_while_several_threads_log(
    tmp_path: Path, *, compress: bool
) -> None:
    """30 MB in files of 1 MB, with requests to rotate and moves by somebody else in between."""
    path = tmp_path / "log"
    options = LogFileOptions(str(path), rotate_bytes=1_000_000, keep=1000, compress=compress)
    output = logs.configure("info", "text", log_file=options)

    def talk(thread: int) -> None:
        log = logging.getLogger(f"thread{thread}")
        for number in range(LINES):
            log.info("%d %s", number, "x" * LENGTH)
            if number % 1000 == 999:
                if thread == 0:
                    path.rename(tmp_path / f"moved.{number}")
                if thread <= 1:
                    output.reopen()

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    output.close()
    found = _numbers_by_thread(path)
    for moved in tmp_path.glob("moved.*"):
        _count(moved.read_text().splitlines(), found)
    assert {name: sorted(numbers) for name, numbers in found.items()} == {
        f"thread{number}": list(range(LINES)) for number in range(THREADS)
    }


def _numbers_by_thread(path: Path) -> dict[str, list[int]]:
    """Return what each thread has written into a log file and those before it."""
    file = LogFile.fromFullPath(str(path))
    found: dict[str, list[int]] = defaultdict(list)
    for number in file.listLogs():
        reader = file.getLog(number)
        _count(reader.readLines(10 * LINES * THREADS), found)
        reader.close()
    file.close()
    _count(path.read_text().splitlines(), found)
    return found


def _count(lines: list[str], found: dict[str, list[int]]) -> None:
    for line in lines:
        match = re.search(rf" info    (thread\d): (\d+) x{{{LENGTH}}}$", line)
        assert match is not None, line[:100]
        found[match[1]].append(int(match[2]))
