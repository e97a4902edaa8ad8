"""What goes wrong under twistd, seen there first, and does not here: the same file, once under each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.contract.twisted.conftest import HEAD

if TYPE_CHECKING:
    from svcctl.testing.init import Maker

TWISTD = "from twisted.scripts.twistd import run; run()"


class Defect(NamedTuple):
    """A file, and what comes of it.

    Attributes:
        source: The file, behind the common head.
        there: Exit status under twistd, and lines that are said there.
        here: The same here.
        missing: Lines that are not said: there, and here.
    """

    source: str
    there: tuple[int, list[str]]
    here: tuple[int, list[str]]
    missing: tuple[list[str], list[str]] = ([], [])


END = "\nreactor.callLater(0.4, say, 'up'); reactor.callLater(0.5, reactor.stop)\n"
DEFECTS = {
    "an endpoint that cannot listen": Defect(
        "add(internet.StreamServerEndpointService("
        f"endpoints.TCP4ServerEndpoint(reactor, 7, interface='192.0.2.1'), factory)){END}",
        (0, ["up"]),
        (69, []),
        ([], ["up"]),
    ),
    "a start that fails leaves what had started": Defect(
        "add(Loud('a')); add(Loud('b', lambda: 1 / 0))",
        (1, ["start a", "start b"]),
        (70, ["start a", "start b", "stop a"]),
        (["stop a"], []),
    ),
    "a child that is added by a start is started twice": Defect(
        f"add(Loud('a', lambda: add(Loud('late')) and None)){END}",
        (0, ["start a", "start late", "start late", "up"]),
        (0, ["start a", "start late", "up"]),
    ),
    "errors of a stop vanish": Defect(
        f"add(Loud('a', None, lambda: 1 / 0)){END}", (0, ["up", "stop a"]), (70, ["up", "stop a"])
    ),
    "a timer dies and says that it runs": Defect(
        f"""
calls = []
def call():
    calls.append(0)
    return 1 / (2 - len(calls))
timer = add(internet.TimerService(0.01, call))
reactor.callLater(0.3, lambda: say("running", timer.running)){END}""",
        (0, ["running 1", "up"]),
        (70, []),
        ([], ["up"]),
    ),
    "a status is only logged": Defect(
        f"reactor.callLater(0, sys.exit, 7){END}", (0, ["up"]), (7, []), ([], ["up"])
    ),
    "a coroutine is never run": Defect(
        f"""
class Modern(service.Service):
    async def startService(self):
        say("started")
add(Modern()){END}""",
        (0, ["up"]),
        (0, ["started", "up"]),
        (["started"], []),
    ),
    "what never started is stopped": Defect(
        f"""
class Shop(service.MultiService):
    def startService(self):
        service.Service.startService(self)
shop = add(Shop())
add(Loud("a"), shop){END}""",
        (0, ["up", "stop a"]),
        (0, ["up"]),
        ([], ["stop a"]),
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_what_goes_wrong_under_twistd_does_not_here(fake_init: Maker, tmp_path: Path, name: str) -> None:
    """There it is seen first, so that nobody mends what is whole."""
    defect = DEFECTS[name]
    file = tmp_path / "shop.tac"
    file.write_text(HEAD + defect.source)
    command = [
        sys.executable,
        "-c",
        TWISTD,
        "-r",
        "asyncio",
        "--pidfile=",
        "--logfile",
        "log",
        "-noy",
        str(file),
    ]
    there = subprocess.run(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=60,
    )
    lines = [line.rpartition("] ")[2] for line in (tmp_path / "log").read_text().splitlines()]
    said = [
        line
        for line in [*there.stdout.splitlines(), *lines]
        if line.startswith(("start", "stop", "up", "run"))
    ]
    assert there.returncode == defect.there[0]
    assert [line for line in said if line in defect.there[1]] == defect.there[1]
    assert not set(said) & set(defect.missing[0])
    with fake_init(file, folder=tmp_path, block=False) as init:
        assert init.wait().code == defect.here[0]
        here = init.stdout.splitlines()
    assert [line for line in here if line in defect.here[1]] == defect.here[1]
    assert not set(here) & set(defect.missing[1])
