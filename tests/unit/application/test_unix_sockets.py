"""Listening sockets with a path: made here, and removed."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from svcctl.application.servers import paths
from svcctl.application.servers.sockets import open_socket
from svcctl.endpoints.values import Unix
from svcctl.errors import BindError


def test_a_unix_socket_has_exactly_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    """Whatever the umask says."""
    before = os.umask(0o077)
    try:
        listening = open_socket(Unix(str(tmp_path / "s"), 0o620))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o620
    listening.close()
    assert not (tmp_path / "s").exists()


def test_the_path_of_a_unix_socket_is_removed_from_where_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path means the working directory at the time of binding."""
    monkeypatch.chdir(tmp_path)
    listening = open_socket(Unix("s"))
    monkeypatch.chdir("/")
    listening.close()
    assert list(tmp_path.iterdir()) == []


def test_a_stale_unix_socket_is_replaced(tmp_path: Path) -> None:
    """Its owner died without removing it."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
        dead.listen()
    listening = open_socket(Unix(path))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    listening.close()


def test_a_unix_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    """Somebody listens there."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(path)
        alive.listen()
        with pytest.raises(BindError, match="Address already in use") as caught:
            open_socket(Unix(path))
        assert "ss -lxp" in caught.value.hint
        assert Path(path).is_socket()


def test_a_file_in_the_place_of_the_socket_is_never_removed(tmp_path: Path) -> None:
    """The hint says what is in the way."""
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(BindError) as caught:
        open_socket(Unix(str(path)))
    assert path.read_text() == "precious"
    assert "something else than a socket" in caught.value.hint


def test_a_link_in_the_place_of_the_socket_is_not_followed(tmp_path: Path) -> None:
    """Not even if it points at a stale socket."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    (tmp_path / "s").symlink_to("dead")
    with pytest.raises(BindError):
        open_socket(Unix(str(tmp_path / "s")))
    assert (tmp_path / "s").is_symlink()
    assert (tmp_path / "dead").is_socket()


def test_a_datagram_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    """It refuses a stream, but it is not stale."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with pytest.raises(BindError):
            open_socket(Unix(str(path)))
        assert path.is_socket()


def test_a_missing_folder_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """As for a path under a runtime directory that nobody made."""
    with pytest.raises(BindError, match="No such file") as caught:
        open_socket(Unix(str(tmp_path / "no" / "s")))
    assert "the folder of the socket does not exist" in caught.value.hint


def test_a_path_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    """The system's limit is 107 bytes."""
    with pytest.raises(BindError, match="too long"):
        open_socket(Unix(str(tmp_path / ("x" * 120))))


def test_a_path_that_somebody_else_took_meanwhile_is_not_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As the next process does that replaces this one."""
    path = tmp_path / "s"
    listening = open_socket(Unix(str(path)))
    path.rename(tmp_path / "ours")
    path.write_text("theirs")
    listening.close()
    assert path.read_text() == "theirs"
    assert [each.message for each in caplog.records] == ["socket not removed: it is somebody else's now"]


def test_a_path_that_is_gone_already_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The stop goes on; it is logged."""
    path = tmp_path / "s"
    listening = open_socket(Unix(str(path)))
    path.unlink()
    listening.close()
    assert [each.message for each in caplog.records] == ["socket not removed"]


def test_a_failed_bind_leaves_no_path_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if it fails when the path is there already."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(paths, "listen", refuse)
    with pytest.raises(BindError):
        open_socket(Unix(str(tmp_path / "s")))
    assert list(tmp_path.iterdir()) == []
