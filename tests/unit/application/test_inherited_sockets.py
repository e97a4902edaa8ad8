"""Listening sockets that the init system hands over."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.servers.sockets import Inherited, hand_over, open_socket
from svcctl.endpoints.rare import Haproxy, Stdio
from svcctl.endpoints.values import Ssl, Systemd, Tcp, Udp, Unix, descriptor_name
from svcctl.errors import MissingSocketError

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
