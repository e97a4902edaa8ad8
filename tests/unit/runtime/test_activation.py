"""Taking over sockets from an init system, in a process of its own with real descriptors."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from svcctl.runtime import activation
from tests.fakes.init import FakeInit

PROGRAM = """
import json, logging, os, socket
from svcctl.runtime.activation import close_unused, from_environment
logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
found = from_environment(os.environ)
print(json.dumps({
    "names": [name for name, _ in found],
    "numbers": [each.fileno() for _, each in found],
    "inheritable": [each.get_inheritable() for _, each in found],
    "blocking": [each.getblocking() for _, each in found],
    "kinds": [f"{each.family.name} {each.type.name}" for _, each in found],
    "left": sorted(name for name in os.environ if name.startswith("LISTEN_")),
    "still_open": [number for number in range(3, 8) if os.path.exists(f"/proc/self/fd/{number}")],
}))
"""


@pytest.fixture
def listeners(tmp_path: Path) -> Iterator[dict[str, socket.socket]]:
    """Return listening sockets of several kinds, and things that are none."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.create_connection(tcp.getsockname()) as connection,
    ):
        unix.bind(str(tmp_path / "listener"))
        unix.listen()
        udp.bind(("127.0.0.1", 0))
        yield {"tcp": tcp, "unix": unix, "udp": udp, "connection": connection}


def adopt(
    folder: Path, sockets: Sequence[socket.socket], environ: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], str]:
    """Have a process take over sockets; return what it found and what it logged."""
    with FakeInit([sys.executable, "-P", "-c", PROGRAM], folder, environ, sockets) as init:
        assert init.wait() == 0, init.stderr
        return json.loads((folder / "stdout").read_text()), init.stderr


def test_sockets_come_in_order_with_their_names(tmp_path: Path, listeners: dict[str, socket.socket]) -> None:
    """Of every kind; closed on exec, not blocking, and nothing is left in the environment."""
    sockets = [listeners["udp"], listeners["tcp"], listeners["unix"]]
    found, log = adopt(tmp_path, sockets, {"LISTEN_FDNAMES": "dns:web:local"})
    assert found["names"] == ["dns", "web", "local"]
    assert found["numbers"] == [3, 4, 5]
    assert found["kinds"] == ["AF_INET SOCK_DGRAM", "AF_INET SOCK_STREAM", "AF_UNIX SOCK_STREAM"]
    assert found["inheritable"] == [False] * 3
    assert found["blocking"] == [False] * 3
    assert found["left"] == []
    assert log == ""


@pytest.mark.parametrize(
    ("names", "expected", "logged"),
    [
        (None, ["unknown", "unknown"], "have no names"),
        ("web", ["web", "unknown"], "does not fit"),
        ("web:admin:more", ["web", "admin"], "does not fit"),
        ("web:web", ["web", "web"], "share names"),
        (":", ["unknown", "unknown"], "share names"),
    ],
)
def test_no_socket_is_lost_for_lack_of_a_name(
    tmp_path: Path, listeners: dict[str, socket.socket], names: str | None, expected: list[str], logged: str
) -> None:
    """Absent, fewer, more and repeated names are reported, and every socket is there."""
    environ = {} if names is None else {"LISTEN_FDNAMES": names}
    found, log = adopt(tmp_path, [listeners["tcp"], listeners["unix"]], environ)
    assert found["names"] == expected
    assert logged in log


@pytest.mark.parametrize(
    "number", ["-1", "+1", "1_0", " 1", "one", "", "99999999999999999999", "65537", "\u0661"]
)
def test_a_malformed_number_is_refused(
    tmp_path: Path, listeners: dict[str, socket.socket], number: str
) -> None:
    """With a log line, and without an exception."""
    found, log = adopt(tmp_path, [listeners["tcp"]], {"LISTEN_FDS": number})
    assert found["names"] == []
    assert found["left"] == []
    assert "ERROR LISTEN_FDS is no number" in log


@pytest.mark.parametrize("pid", ["1", "", "self ", "abc", "99999999999999999999"])
def test_descriptors_of_another_process_are_not_touched(
    tmp_path: Path, listeners: dict[str, socket.socket], pid: str
) -> None:
    """They may be files of this one that have nothing to do with it."""
    found, log = adopt(tmp_path, [listeners["tcp"]], {"LISTEN_PID": pid})
    assert (found["names"], found["left"]) == ([], [])
    assert 3 in found["still_open"]
    assert "LISTEN_PID is not this process" in log


def test_another_process_of_the_same_number_is_told_apart(
    tmp_path: Path, listeners: dict[str, socket.socket]
) -> None:
    """By the kernel's identity of it."""
    found, log = adopt(tmp_path, [listeners["tcp"]], {"LISTEN_PIDFDID": "1"})
    assert (found["names"], found["left"]) == ([], [])
    assert "LISTEN_PIDFDID is not this process" in log


def test_the_own_identity_is_accepted() -> None:
    """It is the inode of a descriptor of this process."""
    descriptor = os.pidfd_open(os.getpid())
    inode = str(os.fstat(descriptor).st_ino)
    os.close(descriptor)
    assert activation._meant_for_us(str(os.getpid()), inode)


def test_descriptors_that_are_not_open_are_reported_together(
    tmp_path: Path, listeners: dict[str, socket.socket]
) -> None:
    """One line, however many there are; the good ones are used."""
    found, log = adopt(tmp_path, [listeners["tcp"]], {"LISTEN_FDS": "2000"})
    assert found["names"] == ["unknown"]
    assert log.count("ERROR inherited descriptors cannot be used") == 1


def test_what_is_no_listening_socket_is_refused_and_closed(
    tmp_path: Path, listeners: dict[str, socket.socket]
) -> None:
    """A file, and the connection of a unit that says Accept=yes."""
    with (tmp_path / "file").open("wb") as file:
        given: list[Any] = [file, listeners["connection"], listeners["tcp"]]
        found, log = adopt(tmp_path, given, {"LISTEN_FDNAMES": "stored:connection:web"})
    assert found["names"] == ["web"]
    assert found["still_open"] == [5]
    assert "ERROR inherited descriptors cannot be used" in log


def test_without_variables_nothing_happens(caplog: pytest.LogCaptureFixture) -> None:
    """The usual case outside of socket activation."""
    assert activation.from_environment({}) == []
    assert caplog.records == []


def test_sockets_nobody_listens_on_are_closed_and_named(
    listeners: dict[str, socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    """With the command that mends it; of several with one name none is closed unless all are unused."""
    sockets = [
        ("old", listeners["tcp"].dup()),
        ("web", listeners["unix"].dup()),
        ("web", listeners["udp"].dup()),
    ]
    activation.close_unused(sockets, ("old", "web"), "echo.service")
    assert [each.fileno() == -1 for _, each in sockets] == [True, False, False]
    assert getattr(caplog.records[0], "svcctl_hint") == "`svcctl status echo` shows what to do"  # noqa: B009 (no attribute mypy knows)
    for _, each in sockets:
        each.close()
