"""The lock beside a socket in the file system."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from svcctl.application.servers.lockfile import LockFile
from svcctl.application.servers.sockets import Listening, open_socket
from svcctl.endpoints.rare import Unixgram
from svcctl.endpoints.values import Unix
from svcctl.errors import BindError


def test_a_lock_is_held_by_one_until_it_is_released(tmp_path: Path) -> None:
    """Nothing is left of it then."""
    path = str(tmp_path / "s")
    lock = LockFile(path)
    assert (tmp_path / "s.lock").stat().st_mode & 0o777 == 0o600
    with pytest.raises(OSError, match="in use") as caught:
        LockFile(path)
    assert caught.value.errno == errno.EADDRINUSE
    lock.release()
    assert list(tmp_path.iterdir()) == []
    LockFile(path).release()


def test_a_lock_ends_with_its_holder_however_that_ends(tmp_path: Path) -> None:
    """D9: what is left of it is no process id that somebody else may have by now."""
    program = "import os, sys; from svcctl.application.servers.lockfile import LockFile; LockFile(sys.argv[1]); os._exit(9)"
    path = str(tmp_path / "s")
    subprocess.run([sys.executable, "-c", program, path], check=False)
    assert (tmp_path / "s.lock").exists()
    LockFile(path).release()


def test_a_lock_that_somebody_has_replaced_is_left_alone(tmp_path: Path) -> None:
    """The name is not ours any more."""
    lock = LockFile(str(tmp_path / "s"))
    (tmp_path / "s.lock").unlink()
    (tmp_path / "s.lock").write_text("theirs")
    lock.release()
    assert (tmp_path / "s.lock").read_text() == "theirs"


def test_of_many_who_find_a_stale_socket_one_replaces_it(tmp_path: Path) -> None:
    """The others are told that it is in use; whoever has it can be reached."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    begin = threading.Barrier(8)
    bound: list[Listening] = []
    refused: list[BindError] = []

    def bind(place: int) -> None:
        begin.wait()
        try:
            bound.append(open_socket(Unix(str(path), lockfile=place % 2 == 0)))
        except BindError as error:
            refused.append(error)

    threads = [threading.Thread(target=bind, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bound) == 1
    assert {error.errno for error in refused} == {errno.EADDRINUSE}
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    bound[0].close()
    assert list(tmp_path.iterdir()) == []


def test_a_server_holds_its_lock_for_as_long_as_it_listens(tmp_path: Path) -> None:
    """Even if its socket is taken away from under it."""
    path = tmp_path / "s"
    listening = open_socket(Unix(str(path)))
    path.unlink()
    with pytest.raises(BindError, match="in use") as caught:
        open_socket(Unix(str(path)))
    assert "holds its lock" in caught.value.hint
    listening.close()
    open_socket(Unix(str(path))).close()


@pytest.mark.parametrize("endpoint", [lambda path: Unix(path, lockfile=False), Unixgram])
def test_without_a_lock_file_it_is_held_while_binding_alone(tmp_path: Path, endpoint: type[Unixgram]) -> None:
    """Nothing of it stays beside the socket."""
    listening = open_socket(endpoint(str(tmp_path / "s")))
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
    listening.close()


def test_a_lock_that_is_no_plain_file_is_a_bind_error_with_advice(tmp_path: Path) -> None:
    """The framework's own lock was a link, which says nothing any more."""
    (tmp_path / "s.lock").symlink_to("12345")
    with pytest.raises(BindError) as caught:
        open_socket(Unix(str(tmp_path / "s")))
    assert "remove it" in caught.value.hint
    assert not (tmp_path / "s").exists()
