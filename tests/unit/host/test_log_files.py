"""Log files of services, which may belong to somebody else."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host import log_files
from svcctl.host.log_files import Line


def texts(*paths: Path, count: int = 10) -> list[str]:
    """Return the last lines of files."""
    names = [str(path) for path in paths]
    return [line.text for line in log_files.lines("", names, count=count, follow=False)]


def test_the_files_that_are_written_to_now_are_found(tmp_path: Path) -> None:
    """Neither old ones nor what is no file."""
    for name in (
        *("access.log", "echo.log", "echo.log.1", "echo.log.2.gz", "echo.log.2026_1_31", "echo.log-20260131"),
        *(".echo.log.x8s7", "old.gz"),
    ):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.log").symlink_to("echo.log")
    assert log_files.find("", str(tmp_path)) == (f"{tmp_path}/access.log", f"{tmp_path}/echo.log")
    assert log_files.find("", f"{tmp_path}/none") == ()


@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_the_last_lines_are_given(tmp_path: Path, count: int) -> None:
    """The oldest first; what has no end yet is no line."""
    path = tmp_path / "log"
    path.write_text("one\ntwo\n\nfour\nfi")
    assert texts(path, count=count) == ["one", "two", "", "four"][4 - min(count, 4) :]


def test_long_files_are_read_from_their_end(tmp_path: Path) -> None:
    """However long their lines are."""
    path = tmp_path / "log"
    path.write_text("".join(f"{number} {'x' * 40_000}\n" for number in range(10)))
    assert [text.split()[0] for text in texts(path, count=3)] == ["7", "8", "9"]


def test_bytes_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    """No line is lost."""
    path = tmp_path / "log"
    path.write_bytes(b"a\xff\n")
    assert texts(path) == ["a\\xff"]


def test_files_are_followed_through_rotations_and_cuts(tmp_path: Path) -> None:
    """What was written before each of them, and what comes after."""
    path, other = tmp_path / "log", tmp_path / "other"
    path.write_text("old\none\n")
    other.write_text("")

    def rotate() -> None:
        with path.open("a") as file:
            file.write("last of the old\n")
        path.rename(tmp_path / "log.1")

    def begin() -> None:
        path.write_text("first of the new\n")

    def cut() -> None:
        os.truncate(path, 0)
        path.write_text("cut\n")

    def tell_other() -> None:
        other.write_text("elsewhere\n")

    steps = iter([rotate, begin, lambda: None, cut, tell_other])

    def go_on() -> None:
        next(steps)()

    followed = log_files.lines("", [str(path), str(other)], count=1, follow=True, wait=go_on)
    found = list(itertools.islice(followed, 5))
    followed.close()  # type: ignore[attr-defined]  # it is a generator
    assert found == [
        Line(str(path), "one"),
        Line(str(path), "last of the old"),
        Line(str(path), "first of the new"),
        Line(str(path), "cut"),
        Line(str(other), "elsewhere"),
    ]


def test_a_line_is_given_when_it_is_complete(tmp_path: Path) -> None:
    """Not in pieces."""
    path = tmp_path / "log"
    path.write_text("be")
    pieces = iter(["begin", "begin and end\n"])
    followed = log_files.lines(
        "", [str(path)], count=1, follow=True, wait=lambda: path.write_text(next(pieces))
    )
    assert next(followed).text == "begin and end"
    followed.close()  # type: ignore[attr-defined]  # it is a generator


def test_no_link_is_followed_to_a_file(tmp_path: Path) -> None:
    """A service may have put it there for root to read what it cannot."""
    (tmp_path / "log").symlink_to("/etc/shadow")
    with pytest.raises(PermissionDeniedError, match="cannot read the log file"):
        texts(tmp_path / "log")


def test_a_pipe_is_no_log_file(tmp_path: Path) -> None:
    """And nobody waits for it."""
    os.mkfifo(tmp_path / "log")
    with pytest.raises(ConfigurationError, match="is no log file"):
        texts(tmp_path / "log")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The application may not have been started yet."""
    with pytest.raises(ConfigurationError, match=r"the log file .*/log is not there"):
        texts(tmp_path / "log")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a system's log folder")
def test_root_reads_the_files_of_a_service_in_its_private_folder(tmp_path: Path) -> None:
    """Through the link that systemd makes."""
    (tmp_path / "private/echo").mkdir(parents=True)
    (tmp_path / "private").chmod(0o700)
    (tmp_path / "private/echo/log").write_text("hello\n")
    os.chown(tmp_path / "private/echo", 65534, 65534)
    (tmp_path / "echo").symlink_to("private/echo")
    (path,) = log_files.find("", str(tmp_path / "echo"))
    assert texts(Path(path)) == ["hello"]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Make a folder that a group may write to, as /var/log is where a syslog daemon runs as a user of its own."""
    folder = tmp_path / "logs"
    (folder / "private/echo").mkdir(parents=True)
    (folder / "private").chmod(0o700)
    (folder / "private/echo/log").write_text("hello\n")
    os.chown(folder / "private/echo", 65534, 65534)
    os.chown(folder, 0, 4242)
    folder.chmod(0o2775)
    return folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a system's log folder")
def test_a_group_may_write_to_the_folder_of_all_logs(shared: Path) -> None:
    """Whoever is in it can make neither links nor folders that pass for root's."""
    (shared / "echo").symlink_to("private/echo")
    assert log_files.find("", str(shared / "echo")) == (str(shared / "echo/log"),)
    assert texts(shared / "echo/log") == ["hello"]
    (shared / "own").mkdir()
    (shared / "own/log").write_text("own\n")
    assert texts(shared / "own/log") == ["own"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a system's log folder")
@pytest.mark.parametrize("owner", [4242, 65534])
def test_a_link_that_somebody_of_the_group_has_made_is_refused(shared: Path, owner: int) -> None:
    """It could lead root to what only root may read."""
    (shared / "echo").symlink_to("private/echo")
    os.chown(shared / "echo", owner, 4242, follow_symlinks=False)
    with pytest.raises(PermissionDeniedError, match="a link made by another user"):
        log_files.find("", str(shared / "echo"))
    (shared / "through").mkdir()
    os.chown(shared / "through", owner, 4242)
    (shared / "through/deeper").mkdir()
    with pytest.raises(PermissionDeniedError, match="belongs to another user"):
        log_files.find("", str(shared / "through/deeper"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a system's log folder")
def test_a_folder_that_everybody_may_write_to_is_refused(shared: Path) -> None:
    """As it is everywhere."""
    shared.chmod(0o2777)
    with pytest.raises(PermissionDeniedError, match="can be written by other users"):
        log_files.find("", str(shared / "private"))
