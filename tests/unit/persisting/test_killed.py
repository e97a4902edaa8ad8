from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from svcctl.application import sob
from svcctl.application.persisting.errors import DamagedStateError
from svcctl.errors import ApplicationNotFoundError
from tests.unit.persisting import saver, shops

STRACE = shutil.which("strace")
pytestmark = [pytest.mark.skipif(STRACE is None, reason="there is no strace"), pytest.mark.timeout(120)]

WHOLE = ["otk.tap", "otk.tap.previous", "svcctl-state.key"]


class Saver:
    """The other process, and what traces it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def save(self, folder: Path, nextkey: int, *tracing: str) -> int:
        """Save under strace with these options; return how the saving process ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert STRACE is not None
        self._process.stdin.write(f"{folder} {nextkey}\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        command = [STRACE, "-f", *tracing, "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            said = strace.stderr.readline()  # it has stopped the process for a moment by then
            os.kill(pid, signal.SIGUSR1 if "attached" in said else signal.SIGKILL)
            ended = int(self._process.stdout.readline())
            if "attached" not in said:
                pytest.skip(f"this process may not trace another one: {said}")
            return ended


@contextmanager
def saving() -> Iterator[Saver]:
    """Start the process that saves."""
    with subprocess.Popen(
        [sys.executable, saver.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    ) as process:
        yield Saver(process)
        assert process.stdin is not None
        process.stdin.close()


def calls(log: Path) -> list[tuple[str, int]]:
    """Return the system calls of a save, each with its number among those of that name."""
    counted: Counter[str] = Counter()
    found = []
    for name in re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE):
        counted[name] += 1
        found.append((name, counted[name]))
    return found


def key_in(folder: Path) -> int:
    """Return the next key of what is saved in a folder."""
    return shops.keys_of(sob.load(str(folder / "otk.tap"), "pickle")).nextkey


def test_a_save_that_is_killed_at_any_system_call_leaves_a_file_that_loads(folder: Path) -> None:
    """The new state or the one before it; and the next save sweeps up what was left."""
    with saving() as process:
        assert process.save(folder, 1) == 0
        assert process.save(folder, 2, "-o", str(folder / "log")) == 0
        sequence = calls(folder / "log")
        (folder / "log").unlink()
        assert {"openat", "write", "fsync", "exit_group"} <= {name for name, _ in sequence}
        present, survived, killed = 2, set(), 0
        for nextkey, (name, number) in enumerate(sequence, start=3):
            ended = process.save(
                folder, nextkey, "-o", "/dev/null", "-e", f"inject={name}:signal=KILL:when={number}"
            )
            assert ended in {
                -signal.SIGKILL,
                0,
            }  # two saves may differ by a call: Python's own, for a signal or memory
            killed += ended != 0
            found = key_in(folder)
            assert found in ({present, nextkey} if ended else {nextkey})
            survived.add(found == nextkey)
            present = found
        assert survived == {True, False}
        assert killed > len(sequence) // 2
        assert process.save(folder, 9999) == 0
    assert key_in(folder) == 9999
    assert sorted(each.name for each in folder.iterdir()) == WHOLE


def test_a_first_save_that_is_killed_at_any_system_call_leaves_nothing_that_is_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither half a file nor half a key; the next save succeeds."""
    with saving() as process:
        (folder / "0").mkdir()
        assert process.save(folder / "0", 1, "-o", str(folder / "log")) == 0
        sequence, killed = calls(folder / "log"), 0
        for name, number in sequence:
            fresh = folder / f"{name}-{number}"
            fresh.mkdir()
            inject = f"inject={name}:signal=KILL:when={number}"
            ended = process.save(fresh, 1, "-o", "/dev/null", "-e", inject)
            assert ended in {-signal.SIGKILL, 0}  # as above
            killed += ended != 0
            monkeypatch.setenv("STATE_DIRECTORY", str(fresh))
            try:
                assert key_in(fresh) == 1
            except ApplicationNotFoundError:
                assert ended
                assert not (fresh / "otk.tap").exists()
            assert process.save(fresh, 2) == 0
            assert key_in(fresh) == 2
            key = fresh / "svcctl-state.key"
            assert len(key.read_text()) == 65
        assert killed > len(sequence) // 2


def test_every_write_that_fails_leaves_what_was_saved(folder: Path) -> None:
    """A full disk, an error of the medium, a quota: at every system call that the medium can refuse."""
    with saving() as process:
        assert process.save(folder, 1) == 0
        assert process.save(folder, 2, "-o", str(folder / "log")) == 0
        present = 2
        refusable = [
            each
            for each in calls(folder / "log")
            if each[0] in {"write", "fsync", "link", "linkat", "rename", "renameat"}
        ]
        assert len(refusable) >= 4
        for nextkey, (name, number) in enumerate(refusable, start=3):
            for fault in ("ENOSPC", "EIO", "EDQUOT"):
                process.save(
                    folder, nextkey, "-o", "/dev/null", "-e", f"inject={name}:error={fault}:when={number}"
                )
                found = key_in(folder)
                assert found in {present, nextkey}
                present = found


def test_a_key_that_was_exchanged_makes_nothing_of_it_load(folder: Path) -> None:
    """So the tests above could fail."""
    with saving() as process:
        assert process.save(folder, 1) == 0
    (folder / "svcctl-state.key").write_text("00" * 32)
    with pytest.raises(DamagedStateError):
        key_in(folder)
