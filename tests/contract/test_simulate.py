"""``svcctl simulate``: real applications under the fake init, from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.running import ECHO, HEAD
from tests.fakes.init import PATIENCE

SLOW = """
class Slow(Named):
    async def stopService(self):
        await asyncio.sleep(60)
Slow("slow")
application.stop_timeout = 0.1
"""
SILENT = """
import time
class Blocking(Named):
    def startService(self):
        asyncio.get_running_loop().call_later(0.1, time.sleep, 30)
Blocking("blocking")
"""


def command(folder: Path, tac: str, *options: str) -> list[str]:
    """Write an application and return what simulates it."""
    (folder / "shop.tac").write_text(HEAD + tac)
    return [sys.executable, "-P", "-m", "svcctl", "simulate", *options, "shop.tac"]


def simulate(folder: Path, tac: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Simulate an application of this text."""
    return subprocess.run(
        command(folder, tac, *options),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


def judged(result: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what was wrong."""
    return [line for line in result.stdout.splitlines() if line.startswith("wrong: ")]


def test_an_application_that_is_well_is_told_so(tmp_path: Path) -> None:
    """Over a reload, a restart and a crash; the transcript goes to stdout, its log to stderr."""
    tac = ECHO.replace("TCPServer(0", "TCPServer(80")
    result = simulate(tmp_path, tac, "--reload", "--restart", "--crash")
    assert judged(result) == []
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert "tcp-80-127.0.0.1 listens on 127.0.0.1:" in lines[0]
    assert [line.split("  ")[-1] for line in lines if " > " in line] == [
        "> SIGHUP (reload)",
        "> SIGTERM (stop)",
        "> SIGKILL (asked for)",
        "> SIGTERM (stop)",
    ]
    assert "ok: run 1: descriptors: tcp-80-127.0.0.1 is in use" in lines
    assert lines[-1] == "shop does what an init system expects"
    assert "application is ready" in result.stderr


def test_a_start_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    """Status 70."""
    tac = """
class Broken(Named):
    def startService(self):
        raise OSError(errno.ENOSPC, "no space")
Broken("web")
"""
    result = simulate(tmp_path, tac)
    assert result.returncode == 70
    reason = "shop/web failed to start: OSError: [Errno 28] no space"
    assert judged(result) == [f"wrong: start: READY=1 never came: not before its end ({reason})"]


def test_a_reload_that_fails_is_wrong(tmp_path: Path) -> None:
    """Although the application goes on."""
    tac = """
class Reloading(Named):
    def reload(self):
        raise ValueError("bad file")
Reloading("config")
"""
    result = simulate(tmp_path, tac, "--reload")
    assert result.returncode == 70
    assert len(judged(result)) == 1
    assert "wrong: reload: the reload took" in judged(result)[0]
    assert "bad file" in judged(result)[0]


def test_a_loop_that_stands_still_is_killed_by_the_watchdog(tmp_path: Path) -> None:
    """Within the limit that was given."""
    result = simulate(tmp_path, SILENT, "--stay", "20", "--watchdog", "0.5")
    assert result.returncode == 70
    assert any("watchdog: no sign of life for 0.5 s" in line for line in judged(result))
    assert "> SIGABRT" in result.stdout


def test_a_stop_that_is_cut_is_told_by_its_status(tmp_path: Path) -> None:
    """The runner cuts it within its own budget, so that the init system need not."""
    result = simulate(tmp_path, SLOW)
    assert result.returncode == 70
    assert len(judged(result)) == 1
    assert "wrong: stop: it ended with status 70 when it was stopped" in judged(result)[0]
    assert "shop/slow did not stop" in judged(result)[0]
    assert "> SIGKILL" not in result.stdout


def test_a_socket_that_nobody_listens_on_is_named(tmp_path: Path) -> None:
    """Of an application that is another one when it runs."""
    tac = ECHO.replace("TCPServer(0", "TCPServer(80").replace(
        "TCPServer(80", "if 'INVOCATION_ID' not in os.environ: TCPServer(80"
    )
    result = simulate(tmp_path, tac)
    wrong = "wrong: descriptors: tcp-80-127.0.0.1 was handed over, and no service listens on it"
    assert (result.returncode, judged(result)) == (70, [wrong])


def test_it_can_open_its_own_listeners(tmp_path: Path) -> None:
    """Where they really are."""
    result = simulate(tmp_path, ECHO, "--no-sockets")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "listens on" not in result.stdout
    assert "LISTEN" not in result.stdout


def test_the_result_is_written_as_json(tmp_path: Path) -> None:
    """And nothing else is on stdout."""
    result = simulate(tmp_path, ECHO.replace("TCPServer(0", "TCPServer(80"), "--json")
    found = json.loads(result.stdout)
    assert set(found) == {"name", "steps", "findings", "interrupted"}
    kinds = [step["kind"] for step in found["steps"]]
    assert kinds[:3] == ["Listening", "Launched", "Changed"]
    ready = next(step for step in found["steps"] if "READY" in step["fields"])
    assert set(ready) == {"seconds", "kind", "text", "fields"}
    assert ready["seconds"] > 0
    assert all(finding["right"] for finding in found["findings"])
    assert set(found["findings"][0]) == {"run", "right", "subject", "message"}


@pytest.mark.parametrize(
    ("tac", "options", "status", "after"),
    [
        ("Named('db')", ("--stay", "600"), 0, "READY=1"),
        (
            "class Stuck(Named):\n    async def startService(self):\n        await asyncio.sleep(600)\nStuck('stuck')",
            (),
            130,
            "STATUS=0/2",
        ),
    ],
    ids=["while it serves", "while it starts"],
)
def test_the_keyboard_ends_it_in_order(
    tmp_path: Path, tac: str, options: tuple[str, ...], status: int, after: str
) -> None:
    """The application is stopped, and what was seen is judged."""
    run = subprocess.Popen(
        command(tmp_path, tac, *options),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert run.stdout is not None
    with run.stdout as stdout:
        seen = []
        for line in stdout:
            seen.append(line)
            if after in line:
                run.send_signal(signal.SIGINT)
                break
        seen += stdout.readlines()
    assert run.wait(timeout=PATIENCE) == status, "".join(seen)
    assert any("< STOPPING=1" in line for line in seen)
    assert seen[-1].startswith("shop does")
