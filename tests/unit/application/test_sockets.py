"""Listening sockets: inherited or bound here, and given back."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.servers import sockets
from svcctl.application.servers.sockets import Inherited, hand_over, open_socket
from svcctl.endpoints.rare import Haproxy, Stdio, Tls
from svcctl.endpoints.values import Ssl, Systemd, Tcp, Tcp6, Udp, Unix, descriptor_name
from svcctl.errors import EX_UNAVAILABLE, BindError, MissingSocketError

LOOPBACK = "127.0.0.1"


def tcp() -> socket.socket:
    """Return a listening socket."""
    return socket.create_server((LOOPBACK, 0))


@pytest.fixture
def listeners() -> Iterator[list[socket.socket]]:
    """Return two listening sockets."""
    made = [tcp(), tcp()]
    yield made
    for sock in made:
        sock.close()


def test_a_tcp_socket_listens_and_does_not_block() -> None:
    """On the interface that was asked for."""
    listening = open_socket(Tcp(0, LOOPBACK))
    assert listening.socket.getsockname()[0] == LOOPBACK
    assert listening.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    assert listening.socket.getblocking() is False
    assert listening.socket.get_inheritable() is False
    listening.close()
    assert listening.socket.fileno() == -1


def test_tls_on_every_address_takes_ipv4_too() -> None:
    """There is no other type for that; on one address it takes that alone."""
    listening = open_socket(Tls("/certs", 0))
    try:
        assert listening.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0
        with socket.create_connection(("127.0.0.1", listening.socket.getsockname()[1])):
            listening.socket.setblocking(True)  # noqa: FBT003 (the standard library's signature)
            accepted, peer = listening.socket.accept()
            accepted.close()
        assert peer[0] == "::ffff:127.0.0.1"
    finally:
        listening.close()
    alone = open_socket(Tls("/certs", 0, interface="::1"))
    assert alone.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    alone.close()


def test_what_only_others_hand_over_is_not_bound() -> None:
    """Standard input, for one."""
    with pytest.raises(MissingSocketError):
        open_socket(Stdio())


def test_a_prefix_is_bound_and_inherited_as_what_it_stands_in_front_of() -> None:
    """It has the same name, too."""
    endpoint = Haproxy(Tcp(0, LOOPBACK))
    listening = open_socket(endpoint)
    hand_over(Inherited([(descriptor_name(endpoint), listening.socket)]))
    inherited = open_socket(endpoint)
    assert inherited.inherited
    assert inherited.socket is listening.socket
    inherited.close()
    listening.close()


@pytest.mark.parametrize("endpoint", [Tcp6(0, 50, "::1"), Tcp(0, "::1"), Udp(0, "::1")])
def test_an_ipv6_socket_is_for_ipv6_alone(endpoint: Tcp6 | Tcp | Udp) -> None:
    """So that the same port of IPv4 may have a listener of its own."""
    listening = open_socket(endpoint)
    assert listening.socket.family == socket.AF_INET6
    assert listening.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    listening.close()


def test_a_udp_socket_is_bound() -> None:
    """It has nothing to listen for."""
    listening = open_socket(Udp(0, LOOPBACK))
    assert listening.socket.type == socket.SOCK_DGRAM
    assert listening.socket.getsockname()[1] > 0
    listening.close()


def test_a_port_in_use_is_an_error_that_says_how_to_find_the_owner(listeners: list[socket.socket]) -> None:
    """With the errno of the system and the exit status of the table."""
    port = listeners[0].getsockname()[1]
    with pytest.raises(BindError) as caught:
        open_socket(Tcp(port, LOOPBACK))
    error = caught.value
    assert str(error) == f"cannot listen on tcp:{port}:interface=127.0.0.1: Address already in use"
    assert f"ss -lnp 'sport = :{port}'" in error.hint
    assert (error.errno, error.exit_status) == (errno.EADDRINUSE, EX_UNAVAILABLE)
    assert isinstance(error, OSError)


def test_an_address_of_another_machine_is_an_error_with_a_hint() -> None:
    """Perhaps its network is not up yet."""
    with pytest.raises(BindError) as caught:
        open_socket(Tcp(0, "192.0.2.1"))
    assert "no such address" in caught.value.hint


PRIVILEGED = """
import os
from svcctl.application.servers.sockets import open_socket
from svcctl.endpoints.values import Tcp
from svcctl.errors import BindError
from svcctl.endpoints.grammar import format_endpoint
os.setuid(65534)
try:
    open_socket(Tcp(1, "127.0.0.1"))
except BindError as error:
    print(error, "|", error.hint)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can become somebody who may not"
)
def test_a_privileged_port_is_an_error_that_names_systemd() -> None:
    """Which opens it without privileges for the service."""
    limit = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()
    assert int(limit) > 1
    result = subprocess.run(
        [sys.executable, "-P", "-c", PRIVILEGED], capture_output=True, text=True, check=True
    )
    said, hint = result.stdout.strip().split(" | ")
    assert said == "cannot listen on tcp:1:interface=127.0.0.1: Permission denied"
    assert "`svcctl install` has systemd open the port" in hint


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

    monkeypatch.setattr(sockets, "_listen", refuse)
    with pytest.raises(BindError):
        open_socket(Unix(str(tmp_path / "s")))
    assert list(tmp_path.iterdir()) == []


def test_an_inherited_socket_is_taken_by_name_instead_of_binding(listeners: list[socket.socket]) -> None:
    """D11: each endpoint has its own, whatever the order."""
    first, second = Tcp(80), Unix("/run/web.sock")
    with socket.socket(socket.AF_UNIX) as unix:
        hand_over(Inherited([(descriptor_name(second), unix), (descriptor_name(first), listeners[0])]))
        assert open_socket(first).socket is listeners[0]
        assert open_socket(second).socket is unix
        assert listeners[0].getblocking() is False


def can_bind(sock: socket.socket, address: tuple[str, int]) -> bool:
    """Try to bind a socket."""
    try:
        sock.bind(address)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("shared", [False, True])
def test_others_may_have_an_inherited_udp_port_only_if_it_is_shared(shared: bool) -> None:  # noqa: FBT001 (a table)
    """With systemd they may in any case; who came later would get what is sent to the service."""
    endpoint = Udp(53, shared=shared)
    with socket.socket(type=socket.SOCK_DGRAM) as inherited, socket.socket(type=socket.SOCK_DGRAM) as other:
        for each in (inherited, other):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        inherited.bind((LOOPBACK, 0))
        hand_over(Inherited([(descriptor_name(endpoint), inherited)]))
        open_socket(endpoint)
        assert can_bind(other, inherited.getsockname()) is shared


def test_an_inherited_socket_is_never_closed_and_its_path_never_removed(tmp_path: Path) -> None:
    """The init system keeps a copy for the next process."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        unix.listen()
        endpoint = Unix(path)
        hand_over(Inherited([(descriptor_name(endpoint), unix)]))
        listening = open_socket(endpoint)
        assert listening.inherited
        listening.close()
        assert unix.fileno() != -1
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)


def test_sockets_of_one_name_are_given_to_one_service_each(listeners: list[socket.socket]) -> None:
    """D11: duplicate names do not collapse; and what was given back can be taken again."""
    name = Systemd("INET", name="web")
    hand_over(Inherited([("web", listeners[0]), ("web", listeners[1])]))
    first, second = open_socket(name), open_socket(name)
    assert [first.socket, second.socket] == listeners
    with pytest.raises(MissingSocketError, match="another service listens on the socket named web already"):
        open_socket(name)
    first.close()
    assert open_socket(name).socket is listeners[0]


def test_of_several_sockets_with_one_name_the_one_that_fits_is_taken(listeners: list[socket.socket]) -> None:
    """One unit may listen on IPv4, IPv6 and a path under one name."""
    with socket.socket(socket.AF_UNIX) as unix, socket.socket(socket.AF_INET6) as six:
        hand_over(Inherited([("web", unix), ("web", listeners[0]), ("web", six)]))
        assert open_socket(Systemd("INET6", name="web")).socket is six
        assert open_socket(Systemd("INET", name="web")).socket is listeners[0]
        assert open_socket(Systemd("UNIX", name="web")).socket is unix


def test_an_inherited_socket_is_taken_by_its_position(listeners: list[socket.socket]) -> None:
    """Names do not matter then."""
    inherited = Inherited([("unknown", listeners[0]), ("unknown", listeners[1])])
    hand_over(inherited)
    assert open_socket(Systemd("INET", 1)).socket is listeners[1]
    assert inherited.unused() == ("unknown",)


def test_what_nobody_took_is_known_by_name(listeners: list[socket.socket]) -> None:
    """A socket that was given back has been used."""
    inherited = Inherited([("a", listeners[0]), ("b", listeners[1])])
    assert inherited.unused() == ("a", "b")
    hand_over(inherited)
    open_socket(Systemd("INET", name="b")).close()
    assert inherited.unused() == ("a",)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (Systemd("INET6", name="web"), "is AF_INET SOCK_STREAM, not AF_INET6 SOCK_STREAM"),
        (Systemd("UNIX", 0), "is AF_INET SOCK_STREAM, not AF_UNIX SOCK_STREAM"),
    ],
)
def test_a_socket_of_another_type_is_refused(
    listeners: list[socket.socket], endpoint: Systemd, message: str
) -> None:
    """The unit and the application do not agree."""
    hand_over(Inherited([("web", listeners[0])]))
    with pytest.raises(MissingSocketError, match=message) as caught:
        open_socket(endpoint)
    assert "svcctl install" in caught.value.hint


def test_a_stream_is_not_taken_for_datagrams(listeners: list[socket.socket]) -> None:
    """Whatever its name says."""
    hand_over(Inherited([(descriptor_name(Udp(53)), listeners[0])]))
    with pytest.raises(MissingSocketError, match="SOCK_STREAM, not AF_INET SOCK_DGRAM"):
        open_socket(Udp(53))


@pytest.mark.parametrize("endpoint", [Tcp(0, LOOPBACK), Ssl(0, interface=LOOPBACK), Udp(0, LOOPBACK)])
def test_a_socket_that_must_be_inherited_is_not_bound_instead(endpoint: Tcp | Ssl | Udp) -> None:
    """A changed address shows as a missing socket, with the way out."""
    hand_over(Inherited([], unit="shop.service"))
    with pytest.raises(MissingSocketError, match=r"there is: no socket at all") as caught:
        open_socket(endpoint)
    assert "start the sockets of shop.service" in caught.value.hint
    assert isinstance(caught.value, LookupError)


def test_without_that_demand_what_is_missing_is_bound_here(listeners: list[socket.socket]) -> None:
    """As on a developer's machine."""
    hand_over(Inherited([("other", listeners[0])]))
    listening = open_socket(Tcp(0, LOOPBACK))
    assert not listening.inherited
    listening.close()


@pytest.mark.parametrize("endpoint", [Systemd("INET", name="web"), Systemd("INET", 0)])
def test_a_systemd_endpoint_needs_an_init_system(endpoint: Systemd) -> None:
    """It has no address of its own."""
    with pytest.raises(MissingSocketError, match="no socket named") as caught:
        open_socket(endpoint)
    assert "through its socket unit" in caught.value.hint
