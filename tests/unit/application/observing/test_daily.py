"""Log files that are rotated with the day."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.logfile import DailyLogFile

DAY = 24 * 3600.0


def _seconds(year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> float:
    return time.mktime((year, month, day, hour, minute, second, 0, 0, -1))


class Calendar:
    """A clock that shows noon of some day, local time."""

    def __init__(self, year: int, month: int, day: int) -> None:
        self.now = 0.0
        self.set(year, month, day)

    def set(self, year: int, month: int, day: int) -> None:
        """Show another day."""
        self.now = _seconds(year, month, day, 12)

    def __call__(self) -> float:
        """Return the time it shows."""
        return self.now


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be where midnight is not that of UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def calendar() -> Calendar:
    """Give a clock."""
    return Calendar(2026, 1, 31)


def contents(folder: Path) -> dict[str, str]:
    """Return the text of each file in a folder."""
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_the_first_write_of_a_day_rotates(tmp_path: Path, calendar: Calendar) -> None:
    """The old file has the date of what is in it, without zeros."""
    log = DailyLogFile("log", str(tmp_path), clock=calendar)
    log.write("one\n")
    log.write("two\n")
    calendar.set(2026, 2, 1)
    log.write("three\n")
    calendar.set(2026, 2, 11)
    log.write("four\n")
    assert contents(tmp_path) == {
        "log": "four\n",
        "log.2026_1_31": "one\ntwo\n",
        "log.2026_2_1": "three\n",
    }
    log.close()


def test_midnight_is_that_of_the_place(tmp_path: Path, calendar: Calendar) -> None:
    """Three in the afternoon of UTC."""
    log = DailyLogFile("log", str(tmp_path), clock=calendar)
    for second in (59, 60):
        calendar.now = _seconds(2026, 1, 31, 23, 59, second)
        log.write(f"{second}\n")
    assert contents(tmp_path) == {"log": "60\n", "log.2026_1_31": "59\n"}
    log.close()


def test_a_clock_that_is_set_back_changes_nothing(tmp_path: Path, calendar: Calendar) -> None:
    """Nor does it when it comes to the same day again."""
    log = DailyLogFile("log", str(tmp_path), clock=calendar)
    log.write("one\n")
    calendar.set(2026, 1, 30)
    log.write("two\n")
    calendar.set(2026, 1, 31)
    log.write("three\n")
    assert contents(tmp_path) == {"log": "one\ntwo\nthree\n"}
    log.close()


def test_an_old_file_of_that_day_is_not_overwritten(tmp_path: Path, calendar: Calendar) -> None:
    """What is new goes on below what is there, until the next day."""
    (tmp_path / "log.2026_1_31").write_text("kept\n")
    log = DailyLogFile("log", str(tmp_path), clock=calendar)
    log.write("one\n")
    calendar.set(2026, 2, 1)
    log.write("two\n")
    calendar.set(2026, 2, 2)
    log.write("three\n")
    assert contents(tmp_path) == {"log": "three\n", "log.2026_1_31": "kept\n", "log.2026_2_1": "one\ntwo\n"}
    log.close()


def test_a_file_that_is_there_has_the_day_of_its_last_change(tmp_path: Path, calendar: Calendar) -> None:
    """So that a restart after midnight rotates what was written before."""
    (tmp_path / "log").write_text("yesterday\n")
    os.utime(tmp_path / "log", (calendar.now - DAY, calendar.now - DAY))
    log = DailyLogFile("log", str(tmp_path), clock=calendar)
    assert log.lastDate == (2026, 1, 30)
    log.write("today\n")
    assert contents(tmp_path) == {"log": "today\n", "log.2026_1_30": "yesterday\n"}
    log.close()


def test_a_date_has_three_forms(tmp_path: Path, calendar: Calendar) -> None:
    """Today, a time, a date."""
    log = DailyLogFile("log", str(tmp_path), clock=calendar)
    assert log.toDate() == (2026, 1, 31)
    assert log.toDate(calendar.now + DAY) == (2026, 2, 1)
    assert log.toDate(2026, 3, 9) == log.toDate((2026, 3, 9)) == (2026, 3, 9)
    assert log.suffix((2026, 3, 9)) == "2026_3_9"
    assert log.suffix(calendar.now) == "2026_1_31"
    log.close()


@pytest.mark.parametrize("compress", [False, True])
def test_the_file_of_a_day_can_be_read(tmp_path: Path, calendar: Calendar, *, compress: bool) -> None:
    """By its date or a time of it, compressed or not; today's is the current one."""
    log = DailyLogFile("log", str(tmp_path), clock=calendar, compress=compress)
    log.write("one\n")
    then = calendar.now
    calendar.set(2026, 2, 1)
    log.write("two\n")
    log.close()
    for identifier, lines in (((2026, 1, 31), ["one\n"]), (then, ["one\n"]), ((2026, 2, 1), ["two\n"])):
        reader = log.getLog(identifier)
        assert reader.readLines() == lines
        reader.close()
    with pytest.raises(ValueError, match=r"no log file .*/log\.2025_1_1"):
        log.getLog((2025, 1, 1))
    assert (tmp_path / "log.2026_1_31.gz").exists() is compress


@pytest.mark.parametrize("compress", [False, True])
def test_only_so_many_days_are_kept(tmp_path: Path, calendar: Calendar, *, compress: bool) -> None:
    """By their dates, not by the order of their names; what is no date is left alone."""
    (tmp_path / "log.notes").write_text("mine")
    log = DailyLogFile("log", str(tmp_path), clock=calendar, maxRotatedFiles=2, compress=compress)
    for day in (8, 9, 10, 11):
        calendar.set(2026, 2, day)
        log.write(f"{day}\n")
    log.close()
    ending = ".gz" if compress else ""
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"log", "log.notes", f"log.2026_2_9{ending}", f"log.2026_2_10{ending}"}


def test_all_days_are_kept_by_default(tmp_path: Path, calendar: Calendar) -> None:
    """As the framework does."""
    log = DailyLogFile("log", str(tmp_path), clock=calendar)
    for _ in range(40):
        log.write("x")
        calendar.now += DAY
    assert len(list(tmp_path.iterdir())) == 40
    log.close()


def test_a_request_rotates_once_a_day(tmp_path: Path, calendar: Calendar) -> None:
    """A second one finds the old file of that day."""
    log = DailyLogFile("log", str(tmp_path), clock=calendar)
    log.write("one\n")
    log.renew()
    log.write("two\n")
    log.renew()
    assert contents(tmp_path) == {"log": "two\n", "log.2026_1_31": "one\n"}
    log.close()


def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    """With the file opened anew."""
    log = DailyLogFile("log", str(tmp_path))
    log.write("one\n")
    log.close()
    loaded = pickle.loads(pickle.dumps(log))  # noqa: S301 (our own)
    loaded.write("two\n")
    loaded.close()
    assert contents(tmp_path) == {"log": "one\ntwo\n"}
