"""Log files that are rotated by their size, and what all log files have in common."""

from __future__ import annotations

import gzip
import os
import pickle
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.logfile import BaseLogFile, LogFile
from svcctl.errors import PermissionDeniedError, UsageError
from tests.unit.application.observing.identity import needs_root, open_folder

__all__ = ["open_folder"]


@pytest.fixture
def umask() -> Iterator[None]:
    """Have the usual one, whatever the tests were started with."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def contents(folder: Path) -> dict[str, str]:
    """Return the text of each file in a folder."""
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_what_is_written_is_appended(tmp_path: Path) -> None:
    """Text and bytes, at once; an earlier run's lines stay, and count."""
    (tmp_path / "log").write_text("earlier\n")
    log = LogFile("log", str(tmp_path))
    assert log.size == 8
    log.write("text\n")
    log.write(b"bytes\n")
    assert contents(tmp_path) == {"log": "earlier\ntext\nbytes\n"}
    assert log.size == 19
    log.close()


def test_it_is_rotated_before_the_write_that_finds_it_full(tmp_path: Path) -> None:
    """The newest of the old ones has number 1."""
    log = LogFile("log", str(tmp_path), rotateLength=10)
    for text in ("1" * 11, "2" * 11, "3"):
        log.write(text)
    assert contents(tmp_path) == {"log": "3", "log.1": "2" * 11, "log.2": "1" * 11}
    assert log.listLogs() == [1, 2]
    log.close()


def test_its_size_is_that_of_the_bytes(tmp_path: Path) -> None:
    """Ten characters of two bytes each are twenty."""
    log = LogFile("log", str(tmp_path), rotateLength=20)
    log.write("ä" * 10)
    assert log.size == 20
    log.write("ö")
    assert contents(tmp_path) == {"log": "ö", "log.1": "ä" * 10}
    log.close()


@pytest.mark.parametrize("length", [None, 0])
def test_without_a_size_it_is_rotated_on_request_alone(tmp_path: Path, length: int | None) -> None:
    """None and 0 mean never."""
    log = LogFile("log", str(tmp_path), rotateLength=length)
    log.write("x" * 2_000_000)
    log.write("y")
    assert log.listLogs() == []
    log.rotate()
    assert log.listLogs() == [1]
    log.close()


@pytest.mark.parametrize(("limit", "left"), [(1, [1]), (3, [1, 2, 3]), (None, [1, 2, 3, 4, 5])])
def test_only_so_many_old_ones_are_kept(tmp_path: Path, limit: int | None, left: list[int]) -> None:
    """The oldest goes; None keeps all."""
    log = LogFile("log", str(tmp_path), rotateLength=1, maxRotatedFiles=limit)
    for number in range(6):
        log.write(str(number))
    assert log.listLogs() == left
    assert (tmp_path / "log").read_text() == "5"
    log.close()


def test_keeping_no_old_file_is_no_rotation(tmp_path: Path) -> None:
    """What was written would be thrown away."""
    with pytest.raises(UsageError, match="0 rotated log files cannot be kept"):
        LogFile("log", str(tmp_path), maxRotatedFiles=0)


def test_by_default_ten_old_ones_are_kept(tmp_path: Path) -> None:
    """Where the framework keeps all of them."""
    log = LogFile("log", str(tmp_path), rotateLength=1)
    for number in range(15):
        log.write(str(number))
    assert log.listLogs() == list(range(1, 11))
    log.close()


def test_other_files_are_none_of_its_own(tmp_path: Path) -> None:
    """No number, the number 0, or the name of another log."""
    for name in ("log.0", "log.01", "log.a", "log.1a", "log.-1", "login.1", "log.2"):
        (tmp_path / name).touch()
    log = LogFile("log", str(tmp_path))
    assert log.listLogs() == [2]
    log.rotate()
    assert log.listLogs() == [1, 2]
    assert (tmp_path / "log.a").exists()
    log.close()


def test_old_files_and_the_current_one_can_be_read(tmp_path: Path) -> None:
    """Some lines at a time, none if asked for none."""
    log = LogFile("log", str(tmp_path))
    log.write("one\ntwo\n")
    log.rotate()
    log.write("three\n")
    reader = log.getLog(1)
    assert reader.readLines(0) == []
    assert reader.readLines(1) == ["one\n"]
    assert reader.readLines() == ["two\n"]
    assert reader.readLines() == []
    reader.close()
    current = log.getCurrentLog()
    assert current.readLines(5) == ["three\n"]
    current.close()
    with pytest.raises(ValueError, match=r"no log file .*/log\.7"):
        log.getLog(7)
    log.close()


def test_old_files_are_compressed_on_request(tmp_path: Path) -> None:
    """They keep their permissions and can be read like the others."""
    log = LogFile("log", str(tmp_path), defaultMode=0o640, compress=True)
    for text in ("first\n", "second\n"):
        log.write(text)
        log.rotate()
    log.close()
    assert sorted(os.listdir(tmp_path)) == ["log", "log.1.gz", "log.2.gz"]  # noqa: PTH208 (names)
    assert gzip.decompress((tmp_path / "log.2.gz").read_bytes()) == b"first\n"
    assert stat.S_IMODE((tmp_path / "log.2.gz").stat().st_mode) == 0o640
    assert log.listLogs() == [1, 2]
    reader = log.getLog(1)
    assert reader.readLines() == ["second\n"]
    reader.close()


def test_the_limit_counts_compressed_files_too(tmp_path: Path) -> None:
    """And those that were rotated before there was a wish to compress."""
    (tmp_path / "log.1").write_text("old")
    log = LogFile("log", str(tmp_path), maxRotatedFiles=2, compress=True)
    for _ in range(3):
        log.rotate()
    log.close()
    assert sorted(os.listdir(tmp_path)) == ["log", "log.1.gz", "log.2.gz"]  # noqa: PTH208 (names)


@pytest.mark.usefixtures("umask")
def test_a_new_file_has_the_permissions_that_were_asked_for(tmp_path: Path) -> None:
    """Whatever the umask is, and after a rotation, too."""
    log = LogFile("log", str(tmp_path), defaultMode=0o666)
    log.rotate()
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o666
    log.close()


@pytest.mark.usefixtures("umask")
def test_the_permissions_of_a_file_that_is_there_are_kept(tmp_path: Path) -> None:
    """By the files that follow it."""
    (tmp_path / "log").touch(0o600)
    (tmp_path / "log").chmod(0o606)
    log = LogFile("log", str(tmp_path))
    log.rotate()
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o606
    assert stat.S_IMODE((tmp_path / "log.1").stat().st_mode) == 0o606
    log.close()


@pytest.mark.usefixtures("umask")
def test_without_a_wish_the_umask_decides(tmp_path: Path) -> None:
    """As for any other file."""
    BaseLogFile("log", str(tmp_path)).close()
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o644


def test_a_path_is_as_good_as_a_name_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative one counts from the folder at that time."""
    monkeypatch.chdir(tmp_path)
    log = LogFile.fromFullPath("log", 5, defaultMode=0o600)
    assert (log.path, log.rotateLength, log.defaultMode) == (str(tmp_path / "log"), 5, 0o600)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    log.write("123456")
    log.write("7")
    assert (tmp_path / "log").read_text() == "7"
    log.close()


def test_somebody_else_may_rotate(tmp_path: Path) -> None:
    """Move it away and say so; until then what is written goes to the old one."""
    log = BaseLogFile("log", str(tmp_path))
    log.write("one\n")
    (tmp_path / "log").rename(tmp_path / "away")
    log.write("two\n")
    log.reopen()
    log.write("three\n")
    assert contents(tmp_path) == {"away": "one\ntwo\n", "log": "three\n"}
    log.close()


def test_a_signal_rotates_unless_somebody_else_has_done_it(tmp_path: Path) -> None:
    """Then the new file is opened, and no number is used up."""
    log = LogFile("log", str(tmp_path))
    log.write("one\n")
    log.renew()
    assert contents(tmp_path) == {"log": "", "log.1": "one\n"}
    (tmp_path / "log").rename(tmp_path / "away")
    log.renew()
    log.write("two\n")
    assert contents(tmp_path) == {"away": "", "log": "two\n", "log.1": "one\n"}
    (tmp_path / "log").rename(tmp_path / "log.away")
    (tmp_path / "log").touch()
    log.renew()
    log.write("three\n")
    assert (tmp_path / "log").read_text() == "three\n"
    assert log.listLogs() == [1]
    log.close()


def test_a_file_that_others_have_cut_is_not_full(tmp_path: Path) -> None:
    """Its size is looked at before it is rotated."""
    log = LogFile("log", str(tmp_path), rotateLength=10)
    log.write("x" * 20)
    os.truncate(tmp_path / "log", 0)
    log.write("y")
    assert contents(tmp_path) == {"log": "y"}
    log.close()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """As for any other file."""
    with pytest.raises(FileNotFoundError):
        LogFile("log", str(tmp_path / "none"))


def test_no_link_is_followed(tmp_path: Path) -> None:
    """It may lead to a file of somebody else's choice."""
    (tmp_path / "log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        LogFile("log", str(tmp_path))
    assert not (tmp_path / "elsewhere").exists()


@needs_root
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    """They could read it; unless it is known whose it is."""
    (tmp_path / "log").touch()
    os.chown(tmp_path / "log", 65534, 65534)
    with pytest.raises(PermissionDeniedError, match="belongs to another user"):
        LogFile("log", str(tmp_path))
    log = LogFile("log", str(tmp_path), owner=65534)
    log.write("x")
    log.close()
    assert (tmp_path / "log").read_text() == "x"


def test_what_is_no_regular_file_is_never_moved(tmp_path: Path) -> None:
    """Least of all the system's."""
    log = LogFile("null", "/dev", rotateLength=1)
    for _ in range(3):
        log.write("x" * 10)
    log.rotate()
    log.renew()
    assert Path("/dev/null").is_char_device()
    assert not Path("/dev/null.1").exists()
    log.close()
    assert list(tmp_path.iterdir()) == []


def test_a_closed_file_takes_nothing(tmp_path: Path) -> None:
    """It may be closed again."""
    log = LogFile("log", str(tmp_path))
    log.close()
    log.close()
    assert log.closed
    with pytest.raises(ValueError, match="is closed"):
        log.write("x")
    with pytest.raises(ValueError, match="is closed"):
        log.reopen()


def test_it_is_saved_without_its_open_file_and_opened_when_it_is_loaded(tmp_path: Path) -> None:
    """Applications that are saved may have one."""
    log = LogFile("log", str(tmp_path), rotateLength=7, maxRotatedFiles=2)
    log.write("one\n")
    saved = pickle.dumps(log)
    log.close()
    loaded = pickle.loads(saved)  # noqa: S301 (our own, from above)
    loaded.write("two\n")
    loaded.write("three\n")
    loaded.close()
    assert contents(tmp_path) == {"log": "three\n", "log.1": "one\ntwo\n"}


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    """Escaped, as names of files may be."""
    log = LogFile("log", str(tmp_path))
    log.write("\udcff")
    log.close()
    assert (tmp_path / "log").read_bytes() == b"\\udcff"
