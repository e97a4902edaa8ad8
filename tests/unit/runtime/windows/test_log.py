"""The log of a service is rotated by size and loses nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.runtime.windows.log import Log


def read(path: Path) -> list[bytes]:
    """Return what is in the files, the oldest first, the one that is written to last."""
    found = sorted(path.parent.glob(f"{path.name}*"), reverse=True)
    return [each.read_bytes() for each in found]


@given(st.lists(st.text("ab\n", max_size=12).map(str.encode), max_size=30))
def test_all_that_is_written_is_in_the_files_in_order(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    """Whatever the pieces are; a file longer than its limit is a long line, or holds one."""
    path = tmp_path_factory.mktemp("log") / "log"
    log = Log(str(path), most_bytes=10, most_files=9)
    for chunk in chunks:
        log.write(chunk)
    log.close()
    total, files = b"".join(chunks), read(path)
    if len(files) < 10:
        assert b"".join(files) == total
    assert total.endswith(b"".join(files))
    assert all(b"\n" not in file[10:-1] for file in files)


def test_only_so_many_files_are_kept(tmp_path: Path) -> None:
    """The oldest goes."""
    log = Log(str(tmp_path / "log"), most_bytes=2, most_files=2)
    for text in (b"1\n", b"2\n", b"3\n", b"4\n"):
        log.write(text)
    log.close()
    assert read(tmp_path / "log") == [b"2\n", b"3\n", b"4\n"]


def test_a_file_that_cannot_be_renamed_goes_on_growing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that somebody has open on Windows; later it is rotated."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "open elsewhere")

    log = Log(str(tmp_path / "log"), most_bytes=4, most_files=2)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        for text in (b"1111", b"\n", b"2\n", b"3\n"):
            log.write(text)
    assert read(tmp_path / "log") == [b"1111\n2\n3\n"]
    log.write(b"4\n")
    log.write(b"5\n")
    log.close()
    assert b"".join(read(tmp_path / "log")) == b"1111\n2\n3\n4\n5\n"
    assert len(read(tmp_path / "log")) > 1


def test_what_a_full_disk_has_no_room_for_is_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once there is room again; nobody who writes hears of it."""

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    log = Log(str(tmp_path / "log"))
    log.write(b"before\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        log.write(b"lost\n")
        log.write(b"too\n")
    log.write(b"after\n")
    log.close()
    before, _, missing, after = (tmp_path / "log").read_text().splitlines()
    assert (before, after) == ("before", "after")
    assert missing.endswith("svcctl.host: 9 bytes are missing here: the log could not be written")


def test_a_log_in_no_folder_and_no_log_at_all_stop_nobody(tmp_path: Path) -> None:
    """What cannot be written is gone."""
    for path in (str(tmp_path / "none" / "log"), ""):
        log = Log(path, most_bytes=1)
        log.write(b"gone\n")
        log.rotate_if_full()
        log.close()
        with pytest.raises(OSError, match="cannot be opened"):
            log.fileno()


def test_lines_of_the_host_stand_alone(tmp_path: Path) -> None:
    """Also after half a line of the application's."""
    log = Log(str(tmp_path / "log"))
    log.write(b"half")
    log.note("info", "it has ended")
    log.close()
    half, said = (tmp_path / "log").read_text().splitlines()
    assert half == "half"
    assert said.endswith(" info    svcctl.host: it has ended")


def test_a_full_log_is_rotated_before_others_write_to_it(tmp_path: Path) -> None:
    """One that is not full stays."""
    path = tmp_path / "log"
    path.write_bytes(b"1234")
    Log(str(path), most_bytes=5).rotate_if_full()
    assert read(path) == [b"1234"]
    Log(str(path), most_bytes=4).rotate_if_full()
    assert read(path) == [b"1234", b""]
