"""The programs of the framework's oldest manual, by the very lines of its transcripts and by those of svcctl."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.networks import needs_root
from tests.contract.shells import Shell, shell
from tests.fakes.init import PATIENCE

HERITAGE = Path(__file__).parents[2] / "examples/heritage"
DAYTIME, KEYS = 8813, 8123
READY = "application is ready"

#: What RFC 867 suggests.
DATE = re.compile(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4}\r\n")

pytestmark = needs_root


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Shell]:
    """Return a shell in a folder with all examples."""
    with shell(tmp_path, *HERITAGE.iterdir()) as shell_there:
        yield shell_there


def test_the_first_program_serves_until_it_is_interrupted(here: Shell) -> None:
    """It does not return from run() before, and saves its application then."""
    with here.front("./app1.py") as program:
        end = time.monotonic() + PATIENCE
        said = ""
        while not said:  # it says nothing when it is ready
            assert time.monotonic() < end
            with contextlib.suppress(ConnectionRefusedError):
                said = here.ask(DAYTIME)
        assert DATE.fullmatch(said)
    assert program.status == 0
    assert program.shown == "Saving daytimer application to daytimer-shutdown.tap...\nSaved.\n"
    assert (here.folder / "daytimer-shutdown.tap").exists()


def test_the_second_program_saves_and_twistd_serves(here: Shell) -> None:
    """The transcript of the manual, but for what is in the log."""
    assert here.do("./app2.py") == "Saving daytimer application to daytimer-start.tap...\nSaved.\n"
    assert here.do("twistd -f daytimer-start.tap") == ""
    assert READY in here.do("tail twistd.log")
    assert DATE.fullmatch(here.ask(DAYTIME))
    assert here.do("kill `cat twistd.pid`") == ""
    here.wait_until_gone("twistd.pid")
    assert (here.folder / "daytimer-shutdown.tap").exists()
    assert here.do("twistd -f daytimer-shutdown.tap") == ""
    assert DATE.fullmatch(here.ask(DAYTIME))
    here.do("kill `cat twistd.pid`")
    here.wait_until_gone("twistd.pid")


def test_the_third_program_never_hands_out_a_key_twice(here: Shell) -> None:
    """The transcript of the manual, and once more."""
    assert here.do("./app3.py") == "Saving otk application to otk-start.tap...\nSaved.\n"
    assert here.do("twistd -f otk-start.tap") == ""
    assert [here.ask(KEYS) for _ in range(3)] == ["0\n", "1\n", "2\n"]
    assert here.do("kill `cat twistd.pid `") == ""
    here.wait_until_gone("twistd.pid")
    with pytest.raises(ConnectionRefusedError):
        here.ask(KEYS)
    for expected in ("3\n", "4\n"):
        assert here.do("twistd -f otk-shutdown.tap") == ""
        assert here.ask(KEYS) == expected
        here.do("kill `cat twistd.pid `")
        here.wait_until_gone("twistd.pid")
    assert re.findall(r"giving key \d", here.text("twistd.log")) == [f"giving key {n}" for n in range(5)]


def test_natively_the_key_goes_on_over_restarts_as_well(here: Shell) -> None:
    """In front, and ended from the keyboard."""
    here.do("./app3.py")
    for name, expected in (
        ("otk-start.tap", "0\n"),
        ("otk-shutdown.tap", "1\n"),
        ("otk-shutdown.tap", "2\n"),
    ):
        with here.front(f"svcctl run {name}", until=READY) as run:
            assert here.ask(KEYS) == expected
        assert run.status == 130


def test_natively_the_time_is_told_as_well(here: Shell) -> None:
    """From what was saved by the program, and by the run before."""
    here.do("./app2.py")
    for name in ("daytimer-start.tap", "daytimer-shutdown.tap"):
        with here.front(f"svcctl run {name}", until=READY):
            assert DATE.fullmatch(here.ask(DAYTIME))


def test_a_port_that_somebody_else_has_is_told_at_the_end_of_the_log(here: Shell) -> None:
    """And by twistd itself, which waits for that."""
    here.do("./app2.py")
    here.do("twistd -f daytimer-start.tap")
    failing = "! twistd -f daytimer-start.tap --pidfile=other.pid --logfile=other.log"
    assert "cannot listen on" in here.do(failing)
    assert "cannot listen on" in "".join(here.text("other.log").splitlines()[-2:])


@pytest.mark.parametrize("name", ["app1.py", "app2.py", "app3.py"])
def test_a_program_of_the_manual_tells_how_to_run_it(name: str) -> None:
    """The first lines of each are its manual."""
    assert f"Run it:  ./{name}" in (HERITAGE / name).read_text()


#: The command lines of all manuals that stay in front.
FRONT = [
    "twistd -noy service.tac",
    "twistd -ny service.tac",
    "twistd -noy echo.tac",
    "twistd -n --python echo.tac",
    "twistd --no-daemon -y echo.tac",
]

#: Those that go into the background, each with the file that it logs to.
BACK = {
    "twistd -y service.tac": "twistd.log",
    "twistd -y echo.tac": "twistd.log",
    "twistd --python echo.tac": "twistd.log",
    "twistd --logger my.logger -y echo.tac": "my.log",
}


def check_answer(here: Shell, line: str) -> None:
    """Check that what a line has started answers."""
    if "service.tac" in line:
        assert " 200 OK" in here.ask(8080, b"GET /README.md HTTP/1.0\r\n\r\n")
    else:
        assert here.ask(7001, b"hello", size=5) == "hello"


def move_log(here: Shell) -> None:
    """Have the examples log to the test's own folder instead of the one for everybody."""
    for name in ("my.tac", "my.py"):
        text = here.text(name)
        assert text.count('"/tmp') == 1
        (here.folder / name).write_text(text.replace('"/tmp', f'"{here.folder}'))


@pytest.mark.parametrize("line", FRONT)
def test_a_line_of_the_manuals_stays_in_front(here: Shell, line: str) -> None:
    """It logs to the terminal and saves nothing."""
    with here.front(line, until=READY):
        check_answer(here, line)
    assert not (here.folder / "twistd.log").exists()
    assert list(here.folder.glob("*.tap")) == []


@pytest.mark.parametrize(("line", "log"), BACK.items())
def test_a_line_of_the_manuals_goes_into_the_background(here: Shell, line: str, log: str) -> None:
    """It is stopped as the manuals say, and logs where they say."""
    move_log(here)
    assert here.do(line) == ""
    check_answer(here, line)
    here.do("kill `cat twistd.pid`")
    here.wait_until_gone("twistd.pid")
    assert READY in here.text(log)
    assert list(here.folder.glob("*.tap")) == []


def test_an_application_of_the_manuals_logs_to_its_own_file_under_twistd(here: Shell) -> None:
    """And to nothing else."""
    move_log(here)
    assert here.do("twistd -y my.tac") == ""
    here.do("kill `cat twistd.pid`")
    here.wait_until_gone("twistd.pid")
    assert READY in here.text("my.log")
    assert READY not in here.text("twistd.log")
