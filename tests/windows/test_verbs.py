"""The verbs, with a genuine Python for Windows and Wine's service manager: evidence for our code, not for Windows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import EX_CONFIG, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_USAGE
from tests.fakes.windows import FakeWindows
from tests.windows.embedded import environment
from tests.windows.verbs import deal, quick
from tests.windows.wine import Wine, why_not_here, windows_path

pytestmark = [pytest.mark.windows, pytest.mark.skipif(bool(why_not_here()), reason=why_not_here())]

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what every command came to, in a fresh prefix."""
    wine = Wine(tmp_path_factory.mktemp("wine") / "prefix")
    python = environment(tmp_path_factory.mktemp("pythön") / "with blanks")
    work = tmp_path_factory.mktemp("äpps")
    for name in ("echo.tac", "fail.tac"):
        shutil.copy(HERE / name, work)
    script = windows_path(HERE / "verbs.py")
    try:
        output = wine.run("wine", str(python), "-X", "utf8", script, windows_path(work), windows_path(HERE))
    finally:
        wine.close()
    result: dict[str, Any] = json.loads(output)
    return result


def said(seen: dict[str, Any], what: str, status: int = 0) -> str:
    """Return what a command has said, on both streams; it ended with that status."""
    found, out, err = seen[what]
    assert found == status, f"{what}: {found}\n{out}\n{err}"
    text: str = out + err
    return text


def test_a_service_is_installed_once(seen: dict[str, Any]) -> None:
    """What will be done is shown before; a second time there is nothing to do."""
    plan = said(seen, "install")
    assert "+ service echo, which runs as NT SERVICE\\echo, starts with Windows" in plan
    assert "+ C:\\ProgramData\\echo\\logs" in plan
    assert plan.endswith("echo is installed\nstart it with: svcctl start echo\n")
    assert said(seen, "again") == "echo is installed already, just so: nothing to do\n"
    assert said(seen, "list").startswith("echo\tstopped\tenabled\ttcp:")


def test_it_serves_once_start_returns(seen: dict[str, Any]) -> None:
    """Its status and its log are those of a running application; nothing has drifted."""
    assert said(seen, "start") == "echo is started\n"
    assert seen["answer"] == "hello\r\n"
    status = json.loads(said(seen, "status"))
    assert (status["state"], status["start"], status["findings"]) == ("running", "automatic", [])
    assert status["pid"] > 0
    assert status["since"]
    assert status["live"]["ready"] == 2
    assert said(seen, "shown").startswith("echo: running, starts with Windows\n")
    assert "tree: ready, 2/2 ready" in said(seen, "shown")
    assert said(seen, "part") == "echo/TCPServer[0] is restarted\n"
    assert "echo  running " in said(seen, "top")
    assert "service restarted on request" in said(seen, "logs")


def test_a_change_takes_effect_at_the_next_start(seen: dict[str, Any]) -> None:
    """Until then it runs on as it was."""
    change = said(seen, "change")
    assert "~ service echo: preshutdown ms, stop limit ms" in change
    assert "it runs on as it was until: svcctl restart echo" in change
    assert said(seen, "restart") == "echo is restarted\n"
    assert seen["answer again"] == "hello\r\n"
    assert "nothing in echo can be reloaded" in said(seen, "reload", EX_CONFIG)


def test_a_removal_leaves_what_it_wrote_and_a_purge_nothing(seen: dict[str, Any]) -> None:
    """Of that service; of others, nothing."""
    assert said(seen, "disable") == "echo no longer starts with Windows\n"
    assert said(seen, "stop") == "echo is stopped\n"
    assert said(seen, "stopped").startswith("echo: stopped, is started by hand\n")
    assert "stays: C:\\ProgramData\\echo" in said(seen, "uninstall")
    assert "- C:\\ProgramData\\fail (with all that is in it)" in said(seen, "purge")
    assert said(seen, "nothing") == ""
    assert seen["left"] == [True, False]


def test_what_fails_to_start_says_why_and_leaves_nothing(seen: dict[str, Any]) -> None:
    """In the application's own words."""
    reason = "fail has not started: its application ended with status 70: fail/Failing[0] failed to start: RuntimeError: no luck"
    assert reason in said(seen, "fail now", EX_UNAVAILABLE)
    assert seen["undone"] == [True, True]
    said(seen, "fail")
    assert reason in said(seen, "fail start", EX_UNAVAILABLE)
    assert "last exit status: 70" in said(seen, "fail status", 3)


@pytest.mark.parametrize(
    ("what", "status", "reason"),
    [
        ("profile", EX_DATAERR, "is in the profile of a user, which NT SERVICE\\echo cannot read"),
        ("foreign", EX_CONFIG, "there is a service named Spooler already, and svcctl has not installed it"),
        ("foreign removal", EX_USAGE, "svcctl has not made the one that is there"),
        ("no python", EX_CONFIG, "there is no interpreter C:\\none\\python.exe"),
        ("no file", EX_NOINPUT, "there is no file"),
        ("no name", EX_USAGE, "use --name a-b"),
        ("no option", EX_USAGE, "--user"),
        ("no application", EX_USAGE, "no application named nobody is installed"),
        ("units", EX_USAGE, "upgrade"),
    ],
)
def test_what_cannot_be_done_is_refused(seen: dict[str, Any], what: str, status: int, reason: str) -> None:
    """In a line and a hint, with a status of its own."""
    text = said(seen, what, status)
    assert reason in text
    assert "hint: " in text


def test_the_fake_of_the_unit_tests_says_what_this_says(seen: dict[str, Any]) -> None:
    """Of services and of folders, dealt with in every way."""
    fake = FakeWindows()
    fake.folders.service = "svcctl-dealt-with"
    service = quick("C:\\python.exe", "C:\\host.py", ("x",), "C:\\")
    dealt = deal(fake.machine, service, "C:\\ProgramData\\svcctl-dealt-with")
    assert json.loads(json.dumps(dealt)) == seen["dealt"]
