"""Pid files in containers, where numbers are small and the same at every start: pid 1, stale, recycled, and shared."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.contract.networks import needs_root, tool
from tests.contract.running import HEAD
from tests.fakes.init import PATIENCE
from tests.systemd.machine import wait_until

pytestmark = needs_root

SVCCTL = (sys.executable, "-P", "-m", "svcctl")
RUN = (*SVCCTL, "run", "--pidfile=shop.pid", "shop.tac")
STOP = (*SVCCTL, "stop", "--timeout=20", "shop.pid")
#: What a container is here; with it, everything in it ends.
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that all containers see, with an application in it."""
    (tmp_path / "shop.tac").write_text(f"{HEAD}Named('till')\n")
    return tmp_path


@contextmanager
def container(folder: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program as pid 1."""
    with (folder / "said").open("a") as said:
        process = subprocess.Popen(
            [tool(CONTAINER[0]), *CONTAINER[1:], *command], cwd=folder, stdout=said, stderr=said, text=True
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def shell(*commands: str) -> list[str]:
    """Return a shell as pid 1, which goes through commands one by one."""
    return [tool("sh"), "-c", "\n".join(commands)]


def serves(folder: Path, number: str = "1") -> bool:
    """Wait until the pid file has a number."""
    path = folder / "shop.pid"
    return wait_until(lambda: path.exists() and path.read_text() == f"{number}\n")


def in_container(folder: Path, *commands: str) -> str:
    """Return what commands say in a container of their own, errors as well."""
    done = subprocess.run(
        [tool(CONTAINER[0]), *CONTAINER[1:], *shell(*commands)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )
    return done.stdout


def killed(folder: Path, *command: str, number: str = "1") -> None:
    """Let something serve in a container, and kill that with all that is in it."""
    with container(folder, *command) as process:
        assert serves(folder, number), (folder / "said").read_text()
        inside = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert psutil.wait_procs(inside, timeout=PATIENCE)[1] == []
    assert (folder / "shop.pid").read_text() == f"{number}\n"


def test_pid_1_is_stopped_from_inside(folder: Path) -> None:
    """In order; the container ends with it, and with that the command."""
    with container(folder, *RUN) as process:
        assert serves(folder)
        (first,) = psutil.Process(process.pid).children()
        enter = [tool("nsenter"), f"--target={first.pid}", "--pid", "--mount", f"--wdns={folder}", *STOP]
        subprocess.run(enter, cwd=folder, check=False, capture_output=True, timeout=PATIENCE)
        assert process.wait(PATIENCE) == 0
    assert (folder / "notes").read_text() == "start till\nstop till\n"
    assert not list(folder.glob("shop.pid*"))


def test_from_outside_the_number_is_another_process(folder: Path) -> None:
    """That one is not signalled, and where the right one may be is told."""
    with container(folder, *RUN) as process:
        assert serves(folder)
        said = in_container(folder, "trap 'echo signalled' TERM", shlex.join(STOP), "echo $?")
        assert "signalled" not in said
        message, hint, status = said.splitlines()
        assert message == (
            "svcctl: shop.pid is stale: its process 1 has ended, and another one has its number now"
        )
        assert hint.startswith("hint: unless its process is in another container")
        assert status == "65"
        assert process.poll() is None


def test_what_a_killed_container_has_left_is_no_obstacle_to_the_next(folder: Path) -> None:
    """Which has the same number."""
    killed(folder, *RUN)
    (folder / "notes").unlink()
    with container(folder, *RUN) as process:
        assert wait_until((folder / "notes").exists), (folder / "said").read_text()
        assert serves(folder)
        (first,) = psutil.Process(process.pid).children()
        first.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert not list(folder.glob("shop.pid*"))


def test_a_small_number_that_another_program_has_by_now_is_told_apart(folder: Path) -> None:
    """It is not stopped, and does not stand in the way of a start."""
    killed(folder, *shell(f"{shlex.join(RUN)} &", "wait"), number="2")
    said = in_container(
        folder,
        "sleep 1000 &",
        'test "$!" = 2 && echo the same number',
        shlex.join(STOP),
        "echo $?",
        "kill -0 2 && echo it lives",
        f"{shlex.join(RUN)} 2>run.log &",
        "until grep -q 'is ready' run.log; do sleep 0.1; done",
        shlex.join(STOP),
    )
    first, message, _, status, lives, stopped = said.splitlines()
    assert first == "the same number"
    assert message.endswith("its process 2 has ended, and another one has its number now")
    assert (status, lives) == ("65", "it lives")
    assert stopped.startswith("process ")
    assert "removed a stale pid file" in (folder / "run.log").read_text()


def test_of_two_containers_with_one_file_the_second_is_refused(folder: Path) -> None:
    """Though both processes have the number 1; the kernel's lock knows no containers."""
    with container(folder, *RUN) as process:
        assert serves(folder)
        said = in_container(folder, f"exec {shlex.join(RUN)}")
        assert "is locked by what process 1 has left behind, or by another container's process" in said
        assert "Traceback" not in said
        assert process.poll() is None
        assert serves(folder)
