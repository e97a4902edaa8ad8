"""Log files that cannot be rotated or written to."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.logfile import LogFile
from tests.unit.application.observing.identity import as_nobody, needs_root, open_folder

__all__ = ["open_folder"]


def contents(folder: Path) -> dict[str, str]:
    """Return the text of each file in a folder."""
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


@needs_root
@pytest.mark.parametrize("closed", ["folder", "file"])
def test_where_it_cannot_be_rotated_it_goes_on_growing(open_folder: Path, closed: str) -> None:
    """And is rotated by the first write after that has changed."""
    with as_nobody():
        log = LogFile("log", str(open_folder), rotateLength=5)
        log.write("12345")
    place = open_folder if closed == "folder" else open_folder / "log"
    before = place.stat().st_mode
    place.chmod(0o555)
    with as_nobody():
        log.write("67890")
    assert contents(open_folder) == {"log": "1234567890"}
    assert type(log.rotation_error) is PermissionError
    place.chmod(before)
    with as_nobody():
        log.write("x")
    assert contents(open_folder) == {"log": "x", "log.1": "1234567890"}
    assert str(log.rotation_error) == "None"
    log.close()


def test_a_rotation_that_fails_again_and_again_costs_no_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest goes once, for the one that there is room for then."""
    log = LogFile("log", str(tmp_path), maxRotatedFiles=3)
    for number in (1, 2, 3):
        log.write(str(number))
        log.rotate()
    with monkeypatch.context() as patched:
        patched.setattr("svcctl.application.observing.base.open_log", refuse)
        for _ in range(5):
            log.rotate()
    assert contents(tmp_path) == {"log": "", "log.2": "3", "log.3": "2"}
    log.rotate()
    assert contents(tmp_path) == {"log": "", "log.1": "", "log.2": "3", "log.3": "2"}
    log.close()


def test_files_beyond_a_lower_limit_go(tmp_path: Path) -> None:
    """Also those behind a gap."""
    for number in (1, 2, 3, 4, 7):
        (tmp_path / f"log.{number}").write_text(str(number))
    log = LogFile("log", str(tmp_path), maxRotatedFiles=2)
    log.rotate()
    assert contents(tmp_path) == {"log": "", "log.1": "", "log.2": "1"}
    log.close()


@contextlib.contextmanager
def at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: what is written is cut off there, and then refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_cut_off_is_completed_before_anything_else(tmp_path: Path) -> None:
    """A write of which nothing could be done is an error and leaves nothing behind."""
    log = LogFile("log", str(tmp_path))
    log.write("one\n")
    with at_most(6):
        log.write("two\n")
        with pytest.raises(OSError, match="too large"):
            log.write("three\n")
    assert contents(tmp_path) == {"log": "one\ntw"}
    assert log.size == 6
    log.write("four\n")
    assert contents(tmp_path) == {"log": "one\ntwo\nfour\n"}
    log.close()


def test_what_was_cut_off_is_completed_at_the_end(tmp_path: Path) -> None:
    """If there is room by then."""
    for name in ("room", "none"):
        log = LogFile(name, str(tmp_path))
        with at_most(2):
            log.write("one\n")
            if name == "none":
                log.close()
        log.close()
    assert contents(tmp_path) == {"none": "on", "room": "one\n"}


def test_a_cut_off_line_stays_in_its_file(tmp_path: Path) -> None:
    """The rotation waits for it."""
    log = LogFile("log", str(tmp_path), rotateLength=5)
    with at_most(5):
        log.write("1234567\n")
        with pytest.raises(OSError, match="too large"):
            log.write("8\n")
    log.write("9\n")
    assert contents(tmp_path) == {"log": "9\n", "log.1": "1234567\n"}
    log.close()


def refuse(*_given: object, **_named: object) -> int:
    """Open nothing."""
    raise OSError("too many open files")


def test_a_new_file_that_cannot_be_opened_leaves_the_old_one_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No record goes to a file that has been moved away."""
    log = LogFile("log", str(tmp_path), rotateLength=3)
    log.write("one")

    with monkeypatch.context() as patched:
        patched.setattr("svcctl.application.observing.base.open_log", refuse)
        log.write("two")
    assert contents(tmp_path) == {"log": "onetwo"}
    log.write("three")
    assert contents(tmp_path) == {"log": "three", "log.1": "onetwo"}
    log.close()
