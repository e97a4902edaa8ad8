"""Entries of the journal, through journalctl and through systemd-python, both made up."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import pytest

from svcctl.errors import CommandError, ConfigurationError, PermissionDeniedError
from svcctl.host import journal
from svcctl.host.journal import Entry, entries
from tests.fakes.journalctl import FakeJournalctl


@pytest.fixture(autouse=True)
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a journal on disk, and no systemd-python."""
    (tmp_path / "journal/machine").mkdir(parents=True)
    file = tmp_path / "journal/machine/system.journal"
    file.touch()
    monkeypatch.setattr(journal, "FOLDERS", (str(tmp_path / "none"), str(tmp_path / "journal")))
    monkeypatch.setitem(sys.modules, "systemd", None)
    return file


@pytest.fixture
def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeJournalctl:
    """Give a fake journalctl that is all there is on the search path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeJournalctl(folder)


def test_the_fields_of_an_entry(journalctl: FakeJournalctl) -> None:
    """Time, priority, sender, text, and the facts that svcctl adds."""
    journalctl.add("sold 3", PRIORITY="4", SVCCTL_PATH="shop/db", SVCCTL_COUNT="3")
    journalctl.add("started", SYSLOG_IDENTIFIER=None, _COMM="python3", PRIORITY=None, _PID=None)
    assert list(entries("echo.service", "system", lines=10, follow=False)) == [
        Entry(1769860800.25, 4, "echo", "12", "sold 3", {"count": "3", "path": "shop/db"}),
        Entry(1769860800.25, 6, "python3", "", "started", {}),
    ]


def test_what_systemd_says_of_an_entry(journalctl: FakeJournalctl) -> None:
    """A manager speaks of another invocation than its own."""
    own = {"_SYSTEMD_INVOCATION_ID": "a1", "MESSAGE_ID": "0a-0b"}
    journalctl.add("failed", **own, USER_INVOCATION_ID="b2", USER_UNIT="my-echo.service", EXIT_STATUS="9")
    journalctl.add("sold 3", _SYSTEMD_INVOCATION_ID="b2")
    assert [entry.about for entry in entries("echo.service", "user", lines=10, follow=False)] == [
        {
            "message_id": "0a0b",
            "invocation_id": "b2",
            "user_unit": "my-echo.service",
            "exit_status": "9",
        },
        {"invocation_id": "b2"},
    ]


def test_texts_of_any_form(journalctl: FakeJournalctl) -> None:
    """Bytes that are no text come as numbers, one too long as nothing, several as a list."""
    for message in ([104, 105, 255], None, ["first", "second"]):
        journalctl.add(message)
    found = [entry.message for entry in entries("echo.service", "system", lines=10, follow=False)]
    assert found == ["hi\\xff", "", "first"]


def test_what_is_asked_for_in_system_scope(journalctl: FakeJournalctl) -> None:
    """What the service says, and what systemd says about it."""
    list(entries("echo.service", "system", lines=7, follow=False))
    assert journalctl.words == [
        *("--quiet", "--no-pager", "--all", "--output=json", "--lines=7"),
        *("_SYSTEMD_UNIT=echo.service", "+", "_PID=1", "UNIT=echo.service"),
        *("+", "_UID=0", "OBJECT_SYSTEMD_UNIT=echo.service"),
    ]


def test_what_is_asked_for_in_user_scope(journalctl: FakeJournalctl) -> None:
    """The same of the user's own manager; with new ones, until nobody wants more."""
    list(entries("echo.service", "user", lines=7, follow=True))
    mine = f"_UID={os.getuid()}"
    assert journalctl.words[5:] == [
        "--follow",
        *("_SYSTEMD_USER_UNIT=echo.service", mine, "+", "USER_UNIT=echo.service", mine),
        *("+", "OBJECT_SYSTEMD_USER_UNIT=echo.service", mine),
    ]


def test_an_error_of_journalctl_is_told(journalctl: FakeJournalctl) -> None:
    """After what it had to say before."""
    journalctl.add("one")
    journalctl.fail("the journal is on fire")
    found = entries("echo.service", "system", lines=7, follow=False)
    assert next(found).message == "one"
    with pytest.raises(CommandError, match=r"journalctl .* ended with status 1: the journal is on fire"):
        next(found)


def test_without_journalctl_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"journalctl .* did not run: No such file") as caught:
        list(entries("echo.service", "system", lines=7, follow=False))
    assert caught.value.exit_status == 69


def test_where_no_journal_is_kept_that_is_said(journals: Path) -> None:
    """With what to do without one."""
    journals.unlink()
    with pytest.raises(ConfigurationError, match="no journal is kept on this machine") as caught:
        entries("echo.service", "system", lines=7, follow=False)
    assert "svcctl run" in caught.value.hint


def test_a_journal_that_is_not_for_the_caller_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose group may read it is named."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionDeniedError, match="not for you to read") as caught:
        entries("echo.service", "system", lines=7, follow=False)
    assert "systemd-journal" in caught.value.hint


class Reader:
    """A reader of systemd-python on three entries; a fourth comes while it is waited for."""

    def __init__(self) -> None:
        self.matches: list[str] = []
        self.there = [self._entry(number) for number in range(3)]
        self.position = 0
        self.waited = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.position = -1

    @staticmethod
    def _entry(number: int) -> dict[str, Any]:
        return {
            "__REALTIME_TIMESTAMP": datetime.fromtimestamp(number, UTC),
            "__CURSOR": str(number),
            "PRIORITY": 6,
            "_PID": 12,
            "SYSLOG_IDENTIFIER": "echo",
            "MESSAGE": f"message {number}" if number else b"\xff",
            "SVCCTL_PATH": "shop",
        }

    def add_match(self, text: str) -> None:
        """Remember what is looked for."""
        self.matches.append(text)

    def add_disjunction(self) -> None:
        """Remember the end of one of several."""
        self.matches.append("+")

    def seek_tail(self) -> None:
        """Go behind the last one."""
        self.position = len(self.there)

    def seek_cursor(self, cursor: str) -> None:
        """Go before an entry."""
        self.position = int(cursor) - 1

    def get_previous(self) -> dict[str, Any]:
        """Go back and return what is there."""
        self.position -= 1
        return self.there[self.position] if self.position >= 0 else {}

    def get_next(self) -> dict[str, Any]:
        """Go on and return what is there."""
        if self.position + 1 >= len(self.there):
            return {}
        self.position += 1
        return self.there[self.position]

    def wait(self, _timeout: float) -> None:
        """Let a new one come."""
        self.waited += 1
        self.there.append(self._entry(len(self.there)))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Have systemd-python, with one reader."""
    made = Reader()
    package = ModuleType("systemd")
    package.journal = SimpleNamespace(Reader=lambda: made)  # type: ignore[attr-defined]  # as the package has it
    monkeypatch.setitem(sys.modules, "systemd", package)
    yield made
    assert made.position == -1


def test_the_library_gives_the_same_entries(reader: Reader) -> None:
    """The last ones, the oldest first."""
    found = list(entries("echo.service", "system", lines=2, follow=False))
    assert found == [
        Entry(1.0, 6, "echo", "12", "message 1", {"path": "shop"}),
        Entry(2.0, 6, "echo", "12", "message 2", {"path": "shop"}),
    ]
    assert reader.matches[:4] == ["_SYSTEMD_UNIT=echo.service", "+", "_PID=1", "UNIT=echo.service"]


def test_the_library_has_fewer_than_asked_for(reader: Reader) -> None:
    """Then all."""
    found = [entry.message for entry in entries("echo.service", "system", lines=9, follow=False)]
    assert found == ["\\xff", "message 1", "message 2"]
    assert reader.waited == 0


@pytest.mark.parametrize("lines", [0, 1])
def test_the_library_goes_on_with_what_is_new(reader: Reader, lines: int) -> None:
    """No entry twice, none left out."""
    found = entries("echo.service", "system", lines=lines, follow=True)
    messages = [entry.message for entry in itertools.islice(found, lines + 2)]
    assert messages == ["message 2", "message 3", "message 4"][1 - lines :]
    assert reader.waited == 2
    found.close()  # type: ignore[attr-defined]  # it is a generator
