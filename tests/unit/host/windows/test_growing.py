"""A log that grows is read without being held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from svcctl.host.windows.growing import last_lines, lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Give a log of many lines, more than are read at once."""
    path = tmp_path / "x.log"
    path.write_text("".join(f"line {number}\r\n" for number in range(20_000)))
    return path


def append(log: Path, text: str) -> None:
    """Write more to a log."""
    with log.open("a") as file:
        file.write(text)


def test_the_last_lines_are_those(log: Path) -> None:
    """Also one that has not ended; none of a file that is not there."""
    assert last_lines(str(log), 2) == ["line 19998", "line 19999"]
    assert len(last_lines(str(log), 50_000)) == 20_000
    assert last_lines(str(log), 0) == []
    append(log, "not ended \xe4")
    assert last_lines(str(log), 2) == ["line 19999", "not ended \xe4"]
    log.unlink()
    assert last_lines(str(log), 2) == []


def test_new_lines_follow_also_after_a_rotation(log: Path) -> None:
    """Of the file that takes its place, and of one that has been emptied; a line is shown once it has ended."""
    steps: Iterator[Callable[[], object]] = iter(
        (
            lambda: append(log, "half"),
            lambda: append(log, " a line\n"),
            lambda: log.rename(log.with_suffix(".1")),
            lambda: log.write_text("another file\n"),
            lambda: log.write_text("it\n"),
        )
    )

    def wait() -> None:
        next(steps)()

    found = lines(str(log), count=1, follow=True, wait=wait)
    assert list(islice(found, 4)) == ["line 19999", "half a line", "another file", "it"]


def test_a_file_that_comes_later_is_followed_from_its_beginning(tmp_path: Path) -> None:
    """Nothing of it is missed."""
    log = tmp_path / "later.log"
    found = lines(str(log), count=5, follow=True, wait=lambda: log.write_text("first\n"))
    assert next(found) == "first"
