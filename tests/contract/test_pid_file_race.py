"""Two starts that race for one pid file: a hundred times, exactly one of them serves."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.contract.running import HEAD

ROUNDS = 100

#: Starts the application whenever it is told to; the start stops where both have looked at the pid file.
RACER = """
import sys
from svcctl.runtime.options import RunOptions
from svcctl.runtime.runner import run
while sys.stdin.readline():
    status = run("shop.tac", log_level="critical", options=RunOptions(pidfile="shop.pid"))
    print("ended", status, flush=True)
"""

TAC = """
print("loaded", flush=True)
sys.stdin.readline()
class Told(Service):
    async def startService(self):
        asyncio.get_running_loop().call_later(0, self.look)
    def look(self):
        if os.path.exists("shop.pid") and open("shop.pid").read() == f"{os.getpid()}\\n":
            print("serves", flush=True)
        else:
            asyncio.get_running_loop().call_later(0.001, self.look)
Told().setServiceParent(application)
"""


def test_of_two_starts_exactly_one_serves(tmp_path: Path) -> None:
    """The other one ends with status 78, and leaves the file alone."""
    (tmp_path / "shop.tac").write_text(HEAD + TAC)
    with ExitStack() as stack:
        racers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-P", "-c", RACER],
                    cwd=tmp_path,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    bufsize=1,
                )
            )
            for _ in range(2)
        ]

        for each in racers:
            stack.callback(each.kill)  # one that serves would wait for ever

        def tell() -> list[str]:
            for each in racers:
                assert each.stdin is not None
                each.stdin.write("\n")
            return [said(each) for each in racers]

        for _ in range(ROUNDS):
            assert tell() == ["loaded", "loaded"]
            became = tell()
            assert sorted(became) == ["ended 78", "serves"]
            winner = racers[became.index("serves")]
            assert (tmp_path / "shop.pid").read_text() == f"{winner.pid}\n"
            winner.send_signal(signal.SIGTERM)
            assert said(winner) == "ended 0"
            assert not list(tmp_path.glob("shop.pid*"))
        for each in racers:
            assert each.stdin is not None
            each.stdin.close()


def said(process: subprocess.Popen[str]) -> str:
    """Return the next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()
