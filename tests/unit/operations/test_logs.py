from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.cli.main import run_command
from svcctl.errors import UsageError
from svcctl.host import journal
from svcctl.host.journal import Entry
from svcctl.host.log_files import Line
from svcctl.manifest.model import Needs
from svcctl.operations.install import install
from svcctl.operations.logs import logs
from svcctl.operations.request import InstallRequest
from tests.fakes.describing import FakeDescribe
from tests.fakes.journalctl import FakeJournalctl
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine", "describing")

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3")


@pytest.fixture
def journalctl(systemctl: FakeSystemctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeJournalctl:
    """Give a journal that journalctl alone can read."""
    (tmp_path / "journal/machine").mkdir(parents=True)
    (tmp_path / "journal/machine/system.journal").touch()
    monkeypatch.setattr(journal, "FOLDERS", (str(tmp_path / "journal"),))
    monkeypatch.setitem(sys.modules, "systemd", None)
    monkeypatch.setenv("TZ", "UTC")
    return FakeJournalctl(systemctl.folder)


def needs_a_logs_folder(describing: FakeDescribe) -> None:
    """Have an application that logs to files."""
    describing.manifest = replace(describing.manifest, needs=Needs(directories=("logs",)))


def test_the_journal_of_the_unit_is_read(journalctl: FakeJournalctl) -> None:
    """As many entries as asked for."""
    install(REQUEST)
    journalctl.add("sold")
    result = logs("echo", count=7)
    assert (result.name, result.service, result.files) == ("echo", "echo.service", ())
    assert [line.message for line in result.lines if isinstance(line, Entry)] == ["sold"]
    assert "--lines=7" in journalctl.words
    assert "_SYSTEMD_UNIT=echo.service" in journalctl.words


def test_the_journal_of_an_instance_is_its_own(journalctl: FakeJournalctl) -> None:
    """The template itself has none."""
    install(InstallRequest(application="/srv/web.tac", python="/usr/bin/python3", instances=True))
    list(logs("web@8001").lines)
    assert "_SYSTEMD_UNIT=web@8001.service" in journalctl.words
    with pytest.raises(UsageError, match="web has instances") as caught:
        logs("web")
    assert caught.value.hint == "name one: svcctl logs web@INSTANCE"


def test_an_application_with_a_logs_folder_is_read_there(
    root: Path, describing: FakeDescribe, journalctl: FakeJournalctl
) -> None:
    """If there is anything in it; else in the journal."""
    needs_a_logs_folder(describing)
    install(REQUEST)
    assert logs("echo").files == ()
    (root / "var/log/echo").mkdir(parents=True)
    (root / "var/log/echo/echo.log").write_text("one\ntwo\n")
    (root / "var/log/echo/echo.log.1").write_text("zero\n")
    result = logs("echo", count=1)
    assert result.files == ("/var/log/echo/echo.log",)
    assert list(result.lines) == [Line("/var/log/echo/echo.log", "two")]
    journalctl.add("started")
    assert [entry.message for entry in logs("echo", from_journal=True).lines if isinstance(entry, Entry)] == [
        "started"
    ]


def test_an_instance_is_read_in_its_own_folder(root: Path, describing: FakeDescribe) -> None:
    """Below that of the application; its name stands in the unit's files, too."""
    needs_a_logs_folder(describing)
    settings = (("Service", "StandardOutput", "append:/srv/%i.out"),)
    install(
        InstallRequest(
            application="/srv/echo.tac", python="/usr/bin/python3", instances=True, settings=settings
        )
    )
    for number in ("1", "2"):
        (root / f"var/log/echo/{number}").mkdir(parents=True)
        (root / f"var/log/echo/{number}/echo.log").write_text(f"of {number}\n")
    (root / "srv").mkdir(exist_ok=True)
    (root / "srv/2.out").write_text("printed\n")
    assert list(logs("echo@2").lines) == [
        Line("/srv/2.out", "printed"),
        Line("/var/log/echo/2/echo.log", "of 2"),
    ]


def test_an_application_whose_unit_sends_its_output_into_a_file_is_read_there(root: Path) -> None:
    """Each file once."""
    settings = tuple(("Service", f"Standard{name}", "append:/srv/out.log") for name in ("Output", "Error"))
    install(
        InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3", settings=settings),
    )
    (root / "srv").mkdir(exist_ok=True)
    (root / "srv/out.log").write_text("one\n")
    assert list(logs("echo").lines) == [Line("/srv/out.log", "one")]


def test_the_entries_are_shown_as_lines(
    journalctl: FakeJournalctl, capsys: pytest.CaptureFixture[str]
) -> None:
    """With time, level, sender and facts; nothing commands the terminal."""
    install(REQUEST)
    journalctl.add("sold\n\x1b[2J3", PRIORITY="4", SVCCTL_PATH="a b")
    journalctl.add("Started.", SYSLOG_IDENTIFIER="systemd", _PID=None)
    capsys.readouterr()
    assert run_command(["logs", "echo", "-n", "5"]) == 0
    shown = capsys.readouterr()
    lines = [line.split(" ", 2)[-1] if line[0] == "2" else line for line in shown.out.splitlines()]
    assert lines == ["warning echo[12]: sold path='a b'", "    ?[2J3", "info    systemd: Started."]
    assert shown.err == ""


def test_the_lines_of_several_files_are_told_apart(
    root: Path, describing: FakeDescribe, capsys: pytest.CaptureFixture[str]
) -> None:
    """As tail does it; where they come from is talk."""
    needs_a_logs_folder(describing)
    install(REQUEST)
    (root / "var/log/echo").mkdir(parents=True)
    (root / "var/log/echo/a.log").write_text("one\ntwo\n")
    (root / "var/log/echo/b.log").write_text("three\x1b\n")
    capsys.readouterr()
    assert run_command(["logs", "echo"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        *("==> /var/log/echo/a.log <==", "one", "two"),
        *("==> /var/log/echo/b.log <==", "three?"),
    ]
    assert shown.err.startswith("from /var/log/echo/a.log, /var/log/echo/b.log; --journal shows")


@pytest.mark.usefixtures("journalctl")
def test_an_application_that_has_logged_nothing_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said."""
    install(REQUEST)
    capsys.readouterr()
    assert run_command(["logs", "echo"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "echo has logged nothing that you can read\n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["nothing"], 64, "svcctl: no application named nothing is installed"),
        (["ecko"], 64, "hint: did you mean echo?"),
        (["echo", "-n", "-1"], 64, "svcctl: Invalid value for '--lines'"),
        (["echo"], 78, "svcctl: no journal is kept on this machine"),
    ],
)
def test_what_cannot_be_found_is_one_clear_line(
    words: list[str],
    status: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the status that belongs to it."""
    monkeypatch.setattr(journal, "FOLDERS", ())
    install(REQUEST)
    capsys.readouterr()
    assert run_command(["logs", *words]) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
