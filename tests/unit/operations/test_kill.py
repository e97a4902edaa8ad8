"""Stopping a process by its pid file, and what is no such file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.cli.main import run_command
from svcctl.operations.kill import KillError, kill
from svcctl.runtime import processes

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

#: Holds a pid file; ends on SIGTERM, or not.
HOLDER = """
import signal, sys
from svcctl.runtime.pid_file import PidFile
held = PidFile(sys.argv[1])
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
held.publish()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the pid file is."""
    return tmp_path / "shop.pid"


@pytest.fixture
def holder(path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the pid file."""
    kind = getattr(request, "param", "willing")
    command = [sys.executable, "-P", "-c", HOLDER, str(path), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def refused(path: Path) -> tuple[int, str]:
    """Return the status with which it is refused, and the reason."""
    with pytest.raises(KillError) as caught:
        kill(str(path))
    assert "\n" not in str(caught.value)
    return caught.value.exit_status, str(caught.value)


def test_it_asks_the_process_and_waits_for_its_end(
    path: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which one it was."""
    assert run_command(["kill", str(path)]) == 0
    assert capsys.readouterr() == ("", f"process {holder.pid} has ended\n")
    assert holder.wait() == -signal.SIGTERM


@pytest.mark.parametrize("holder", ["stubborn"], indirect=True)
def test_one_that_does_not_end_in_time_is_named(path: Path, holder: subprocess.Popen[str]) -> None:
    """With status 75: it may end later."""
    with pytest.raises(KillError, match=rf"process {holder.pid} did not end within 0\.01 s") as caught:
        kill(str(path), limit=0.01)
    assert caught.value.exit_status == 75


@pytest.mark.parametrize("holder", ["stubborn"], indirect=True)
def test_without_descriptors_it_looks_until_the_process_has_ended(
    path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which grows older meanwhile, and is the same one still."""
    monkeypatch.delattr(os, "pidfd_open")
    looks = []
    pause = time.sleep

    def look(seconds: float) -> None:
        looks.append(seconds)
        pause(seconds)
        if len(looks) == 3:
            holder.kill()
            holder.wait()

    monkeypatch.setattr(time, "sleep", look)
    assert kill(str(path)).pid == holder.pid
    assert len(looks) == 3


def test_without_descriptors_of_processes_it_looks_again_and_again(
    path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on systems other than Linux."""
    monkeypatch.delattr(os, "pidfd_open")
    assert kill(str(path)).pid == holder.pid
    assert holder.wait() == -signal.SIGTERM


def test_a_file_that_is_not_there_has_status_66(path: Path) -> None:
    """Nothing runs, or it never had one."""
    assert refused(path) == (66, f"there is no pid file {path}")


@pytest.mark.parametrize("text", ["", "twelve", "-1", "0", "1 2", "9" * 300])
def test_a_file_without_a_process_id_has_status_65(path: Path, text: str) -> None:
    """An empty one is what could not be removed."""
    path.write_text(text)
    assert refused(path) == (65, f"{path} holds no process id")


def test_a_stale_file_has_status_65(path: Path, holder: subprocess.Popen[str]) -> None:
    """Its process is gone and nobody is signalled."""
    holder.kill()
    holder.wait()
    assert refused(path) == (65, f"{path} is stale: its process {holder.pid} has ended")


def test_a_recycled_number_is_told_from_the_process(path: Path, holder: subprocess.Popen[str]) -> None:
    """The other one lives on."""
    lock = path.with_name("shop.pid.lock")
    lock.write_text(f"{holder.pid} earlier\n")
    status, reason = refused(path)
    assert (status, reason.partition(": ")[2]) == (
        65,
        f"its process {holder.pid} has ended, and another one has its number now",
    )
    assert holder.poll() is None


@pytest.mark.parametrize("record", [None, "", "12 then\n"])
def test_a_file_of_another_program_is_refused(
    path: Path, holder: subprocess.Popen[str], record: str | None
) -> None:
    """Nobody knows whether its number is still right."""
    lock = path.with_name("shop.pid.lock")
    if record is None:
        lock.unlink()
    else:
        lock.write_text(record)
    status, reason = refused(path)
    assert status == 65
    assert "was not written by svcctl" in reason
    assert holder.poll() is None


@needs_root
def test_a_user_cannot_have_root_stop_somebody_elses_process(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    """Whoever can write the file could name any process."""
    os.chown(path.with_name("shop.pid.lock"), 65534, 65534)
    status, reason = refused(path)
    assert status == 77
    assert "belongs to user 65534" in reason
    assert holder.poll() is None


@needs_root
def test_without_the_right_to_signal_it_the_process_is_named(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    """With status 77."""
    path.parent.chmod(0o755)
    drop = [shutil.which("setpriv") or "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    command = [*drop, sys.executable, "-P", "-m", "svcctl", "kill", "./shop.pid"]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 77
    said = f"svcctl: process {holder.pid} runs as user 0, whose processes you may not stop"
    assert done.stderr.splitlines() == [said, "hint: try it as root, or as that user"]
    assert holder.poll() is None


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_plain_file_is_refused(path: Path, kind: str) -> None:
    """Without waiting for a writer, or following a link."""
    if kind == "link":
        path.symlink_to("elsewhere")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    assert refused(path)[0] in {65, 74}


def test_a_bare_name_is_a_file_and_the_way_to_what_is_installed_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One meaning for each command line."""
    assert run_command(["kill", "no-such-application"]) == 66
    assert "svcctl stop no-such-application" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", [["shop.pid"], ["./shop.pid"], ["--pidfile", "shop.pid"], ["--pidfile", "odd"]]
)
def test_stop_takes_a_pid_file_too(
    path: Path,
    line: list[str],
    holder: subprocess.Popen[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By a slash or the ending, or of any name behind the option; it waits for the end."""
    monkeypatch.chdir(path.parent)
    if line[-1] == "odd":
        path.rename("odd")
        Path("shop.pid.lock").rename("odd.lock")
    assert run_command(["stop", *line, "--timeout", "20"]) == 0
    assert capsys.readouterr() == ("", f"process {holder.pid} has ended\n")
    assert holder.wait() == -signal.SIGTERM


@pytest.mark.parametrize("name", ["shop", "shop.v2", "shop.pid.service", "shop@1"])
def test_every_other_text_is_the_name_of_an_installed_one(
    path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if there is a file of that name."""
    monkeypatch.chdir(path.parent)
    Path(name).write_text("1")
    assert run_command(["stop", name]) == 64
    said = name.removesuffix(".service").partition("@")[0]
    assert f"no application named {said} is installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "nothing is named to be stopped"),
        (["shop", "--pidfile", "shop.pid"], "two things are named to be stopped"),
        (["shop", "--timeout", "1"], "--timeout is for pid files"),
        (["shop.pid", "--user"], "--user is for installed applications"),
        (["--pidfile="], "--pidfile is empty"),
    ],
)
def test_a_contradiction_is_told(line: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With status 64."""
    assert run_command(["stop", *line]) == 64
    assert capsys.readouterr().err.startswith(f"svcctl: {said}\nhint: ")


def test_a_process_is_found_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """By psutil, which says the same of it."""
    own = processes.find(os.getpid())
    assert own is not None
    monkeypatch.setattr(os.path, "exists", lambda _path: False)
    found = processes.find(os.getpid())
    assert found is not None
    assert (found.pid, found.uid) == (own.pid, own.uid)
    assert found.began == (processes.find(os.getpid()) or own).began
    assert abs(found.age - own.age) < 60
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert processes.find(ended.pid) is None
