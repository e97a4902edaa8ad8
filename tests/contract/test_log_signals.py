"""SIGUSR1 to a process that logs: whenever it comes, and however much is being logged."""

from __future__ import annotations

import functools
import gzip
import re
import signal
from collections import defaultdict
from pathlib import Path

import pytest

from tests.contract.running import supervise
from tests.systemd.machine import wait_until

#: Bytes of a rotated file, and how many come at least; together about what three seconds at 10 MB/s are.
SIZE, FILES = 1_000_000, 30
THREADS, LENGTH = 3, 1000

#: Logs from several threads until a file says that it is enough.
TALKERS = f"""
import logging, threading
class Talkers(Named):
    def startService(self):
        self.threads = [threading.Thread(target=self.talk, args=(each,)) for each in range({THREADS})]
        for thread in self.threads:
            thread.start()
    def talk(self, thread):
        log, number = logging.getLogger(f"thread{{thread}}"), 0
        while not os.path.exists("enough"):
            log.info("%d %s", number, "x" * {LENGTH})
            number += 1
        note(f"thread{{thread}} {{number}}")
    async def stopService(self):
        for thread in self.threads:
            await asyncio.to_thread(thread.join)
Talkers("talkers")
"""


def lines_of(folder: Path) -> list[str]:
    """Return all lines of a log, of those before it, and of those that were moved away."""
    found = []
    for path in folder.iterdir():
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        assert text.endswith("\n"), path
        found += text.splitlines()
    return found


def has_more(folder: Path, count: int) -> bool:
    """Return whether there are more files than so many."""
    return len(list(folder.iterdir())) > count


@pytest.mark.parametrize("options", [(), ("--log-compress",)], ids=["plain", "compressed"])
def test_no_line_is_lost_or_doubled_by_a_process_that_logs_while_its_files_are_rotated(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """By size, by the signal, and by somebody else who moves the file and then sends it; all at once."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "log"
    arguments = ("--logfile=logs/log", f"--log-rotate={SIZE}", "--log-keep=1000", *options)
    with supervise(tmp_path, TALKERS, *arguments) as init:
        init.wait_for("READY")
        rounds = 0
        while rounds < FILES:
            more = functools.partial(has_more, logs, len(list(logs.iterdir())))
            if rounds % 3 == 0 and log.exists():
                log.rename(logs / f"moved{rounds}")
            if rounds % 2:
                init.kill(signal.SIGUSR1)
            assert wait_until(more)
            rounds += 1
        (tmp_path / "enough").touch()
        assert init.stop() == 0
    assert init.stderr == ""
    written = dict(line.split() for line in (tmp_path / "notes").read_text().splitlines())
    found: dict[str, list[int]] = defaultdict(list)
    for line in lines_of(logs):
        match = re.search(rf" info    (thread\d): (\d+) x{{{LENGTH}}}$", line)
        if match is None:
            assert " svcctl." in line, line[:100]
        else:
            found[match[1]].append(int(match[2]))
    assert sum(map(int, written.values())) * LENGTH > FILES * SIZE / 3
    assert {name: sorted(numbers) for name, numbers in found.items()} == {
        name: list(range(int(count))) for name, count in written.items()
    }


LOADING = """
open("loading", "w").close()
import time
while not os.path.exists("go on"):
    time.sleep(0.01)
"""


@pytest.mark.parametrize("options", [(), ("--logfile=log",)], ids=["stderr", "file"])
def test_a_signal_that_comes_while_the_application_is_loaded_waits_until_it_is(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """A file that was moved meanwhile is opened again then; without a file it does nothing."""
    with supervise(tmp_path, LOADING, *options) as init:
        assert wait_until((tmp_path / "loading").exists)
        if options:
            (tmp_path / "log").rename(tmp_path / "moved")
        init.kill(signal.SIGUSR1)
        (tmp_path / "go on").touch()
        init.wait_for("READY")
        init.kill(signal.SIGUSR1)
        assert init.stop() == 0
    said = (tmp_path / "log").read_text() if options else init.stderr
    assert "application is stopped" in said
    assert not options or (tmp_path / "moved").read_text() == ""


def test_an_application_may_have_a_handler_of_its_own(tmp_path: Path) -> None:
    """It stands, and the log is not renewed behind its back."""
    tac = 'import signal\nsignal.signal(signal.SIGUSR1, lambda *_: note("mine"))\n'
    with supervise(tmp_path, tac, "--logfile=log") as init:
        init.wait_for("READY")
        init.kill(signal.SIGUSR1)
        assert wait_until((tmp_path / "notes").exists)
        assert init.stop() == 0
    assert not (tmp_path / "log.1").exists()
