"""A pid file of this process, and the files of others that are in its way."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, PermissionDeniedError, SvcctlError
from svcctl.runtime.pid_file import PidFile, check_free, recorded
from svcctl.runtime.processes import find

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

#: Holds a pid file until its input ends, or says why not.
HOLDER = """
import sys
from svcctl.errors import SvcctlError
from svcctl.runtime.pid_file import PidFile
try:
    held = PidFile(sys.argv[1])
    held.publish()
except SvcctlError as error:
    print(error.exit_status, error, flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
    if sys.argv[2:] != ["leave"]:
        held.remove()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path in a folder of its own."""
    return tmp_path / "shop.pid"


@pytest.fixture
def held(path: Path) -> Iterator[PidFile]:
    """Lock a pid file."""
    pid_file = PidFile(str(path))
    yield pid_file
    pid_file.remove()


@contextlib.contextmanager
def holder(path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that wants the pid file."""
    command = [sys.executable, "-P", "-c", HOLDER, str(path), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def said(process: subprocess.Popen[str]) -> str:
    """Return the next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_file_is_there_once_it_is_published_and_gone_at_the_end(path: Path, held: PidFile) -> None:
    """It holds one word, for ``kill $(cat FILE)``; everybody may read it."""
    assert not path.exists()
    held.publish()
    assert path.read_text() == f"{os.getpid()}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    held.remove()
    assert list(path.parent.iterdir()) == []
    held.remove()


def test_the_lock_tells_which_process_has_it(path: Path, held: PidFile) -> None:
    """By its number and when it began."""
    own = find(os.getpid())
    assert own is not None
    assert recorded(str(path)) == (os.getpid(), own.began)
    held.remove()
    assert recorded(str(path)) == (0, "")


def test_a_second_process_is_refused_with_the_first_ones_number(path: Path) -> None:
    """Status 78, and the file stays as it is."""
    with holder(path) as first:
        assert said(first) == "held"
        with holder(path) as second:
            assert said(second) == f"78 {path} belongs to process {first.pid}, which is running"
        with pytest.raises(ConfigurationError, match=f"process {first.pid}, which is running"):
            check_free(str(path))
        assert path.read_text() == f"{first.pid}\n"


def test_of_two_that_race_for_it_exactly_one_wins(path: Path) -> None:
    """A hundred times; each time it is gone afterwards."""
    race = """
import os, sys
from svcctl.errors import SvcctlError
from svcctl.runtime.pid_file import PidFile
for _ in range(100):
    sys.stdin.readline()
    held = None
    try:
        held = PidFile(sys.argv[1])
        held.publish()
        print("won", flush=True)
    except SvcctlError as error:
        print("lost", error.exit_status, flush=True)
    sys.stdin.readline()
    if held is not None:
        held.remove()
    print("done", flush=True)
"""
    command = [sys.executable, "-P", "-c", race, str(path)]
    with contextlib.ExitStack() as stack:
        racers = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
            )
            for _ in range(2)
        ]

        def tell() -> list[str]:
            for each in racers:
                assert each.stdin is not None
                each.stdin.write("\n")
            return [said(each) for each in racers]

        for _ in range(100):
            assert sorted(tell()) == ["lost 78", "won"]
            assert path.read_text().strip() in {str(each.pid) for each in racers}
            assert tell() == ["done", "done"]
            assert list(path.parent.iterdir()) == []


def test_what_a_killed_process_leaves_is_replaced(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so; nobody has to remove anything."""
    with holder(path) as first:
        assert said(first) == "held"
        first.kill()
    caplog.set_level("INFO")
    with contextlib.closing(_Closing(path)) as second:
        second.held.publish()
        assert path.read_text() == f"{os.getpid()}\n"
    assert "removed a stale pid file" in caplog.text


class _Closing:
    def __init__(self, path: Path) -> None:
        self.held = PidFile(str(path))

    def close(self) -> None:
        """Give the file up."""
        self.held.remove()


def test_the_number_of_an_earlier_container_is_no_obstacle(path: Path) -> None:
    """There, every start has the same small number."""
    path.write_text(f"{os.getpid()}\n")
    PidFile(str(path)).remove()
    assert not path.exists()


def test_a_recycled_number_is_no_obstacle(path: Path) -> None:
    """Its process began after the file was written, as pid 1 of a container that was started again."""
    path.write_text("1\n")
    os.utime(path, (0, 0))
    PidFile(str(path)).remove()


def test_a_number_of_nobody_is_no_obstacle(path: Path) -> None:
    """Whatever program has left it."""
    path.write_text(f"{ended()}\n")
    PidFile(str(path)).remove()


def test_a_file_of_another_program_that_runs_is_refused(path: Path) -> None:
    """It was there when the file was written."""
    path.write_text(f"{os.getppid()}\n")
    os.utime(path, (time.time() + 5, time.time() + 5))
    with pytest.raises(ConfigurationError, match=f"belongs to process {os.getppid()}, which is running"):
        PidFile(str(path))
    assert path.read_text() == f"{os.getppid()}\n"
    assert not Path(f"{path}.lock").exists()


@pytest.mark.parametrize("text", ["twelve", "-1", "1 2", "9" * 30, "\0"])
def test_a_file_that_holds_no_number_is_refused(path: Path, text: str) -> None:
    """It may be anything."""
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="holds no process id"):
        PidFile(str(path))
    assert path.read_text() == text


def test_an_empty_file_is_taken(path: Path, held: PidFile) -> None:
    """As one that could not be removed is left."""
    held.remove()
    path.touch()
    again = PidFile(str(path))
    again.publish()
    assert path.read_text() == f"{os.getpid()}\n"
    again.remove()


@pytest.mark.parametrize("name", ["shop.pid", "shop.pid.lock"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "hard link"])
def test_what_is_no_plain_file_of_its_own_is_refused(path: Path, name: str, kind: str) -> None:
    """Nothing is written through it."""
    place = path.with_name(name)
    precious = path.with_name("precious")
    precious.write_text("1")
    if kind == "link":
        place.symlink_to(precious)
    elif kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.hardlink_to(precious)
    with pytest.raises(SvcctlError) as caught:
        PidFile(str(path))
    assert caught.value.exit_status in {77, 78}
    assert str(place) in str(caught.value)
    assert precious.read_text() == "1"


@needs_root
@pytest.mark.parametrize("name", ["shop.pid", "shop.pid.lock"])
def test_a_file_of_somebody_else_is_refused(path: Path, name: str) -> None:
    """With status 77; it stays as it is."""
    place = path.with_name(name)
    place.write_text(str(ended()))
    os.chown(place, 65534, 65534)
    with pytest.raises(PermissionDeniedError, match="belongs to another user"):
        PidFile(str(path))
    assert place.stat().st_uid == 65534
    PidFile(str(path), {65534}).remove()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With status 78."""
    with pytest.raises(ConfigurationError, match=r"none/shop\.pid cannot be made: No such file"):
        PidFile(str(tmp_path / "none/shop.pid"))


def test_a_lock_that_a_child_has_kept_is_told_from_a_running_process(path: Path) -> None:
    """Its number is of no use then."""
    lock = path.with_name("shop.pid.lock")
    lock.write_text(f"{ended()} then\n")
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ConfigurationError, match="left behind"):
            PidFile(str(path))


@needs_root
def test_a_user_takes_the_file_over_in_a_folder_of_its_own(path: Path) -> None:
    """And can remove it."""
    os.chown(path.parent, 65534, 65534)
    pid_file = PidFile(str(path))
    pid_file.settle(65534, [65534], chroot=False)
    assert not path.exists()
    assert path.with_name("shop.pid.lock").stat().st_uid == 65534
    pid_file.remove()


@needs_root
@pytest.mark.parametrize("chroot", [False, True])
def test_in_roots_folder_the_file_is_made_before_and_left_empty(path: Path, chroot: bool) -> None:  # noqa: FBT001 (a table)
    """It stays root's: whoever serves has nothing open but that file to write to."""
    path.parent.chmod(0o755)
    pid_file = PidFile(str(path))
    pid_file.settle(65534, [65534], chroot=chroot)
    assert path.read_text() == ""
    os.seteuid(65534)
    try:
        pid_file.publish()
        os.seteuid(0)
        assert path.read_text() == f"{os.getpid()}\n"
        os.seteuid(65534)
        pid_file.remove()
    finally:
        os.seteuid(0)
    assert path.read_text() == ""
    assert path.stat().st_uid == 0
    PidFile(str(path)).remove()
    assert list(path.parent.iterdir()) == []


@needs_root
def test_nothing_leads_out_of_a_chroot(path: Path) -> None:
    """A folder that stays open would."""
    before = set(Path("/proc/self/fd").iterdir())
    pid_file = PidFile(str(path))
    pid_file.settle(0, [0], chroot=True)
    opened = set(Path("/proc/self/fd").iterdir()) - before
    assert [each for each in opened if each.is_dir()] == []
    assert sorted(each.name for each in path.parent.iterdir()) == ["shop.pid", "shop.pid.lock"]
    pid_file.remove()


def test_somebody_elses_number_is_not_removed(path: Path, held: PidFile) -> None:
    """An administrator has put another one there."""
    held.publish()
    path.write_text("12\n")
    held.remove()
    assert path.read_text() == "12\n"
