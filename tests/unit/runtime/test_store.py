"""What is kept in the init system's store, message by message."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from svcctl.application import keeping
from svcctl.application.servers import sockets
from svcctl.endpoints.values import Tcp, Udp
from svcctl.runtime.notify import MOST_DESCRIPTORS, Notifier
from svcctl.runtime.receiver import parse
from svcctl.runtime.store import Store, open_store


class Desk:
    """A store, and the init system at the other end of its connection."""

    def __init__(self, limit: int, left: list[tuple[str, int]], *, borrowed: bool = False) -> None:
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.theirs.settimeout(0)
        self.serving = False
        self.store = Store(Notifier(self.ours), limit, left, lambda: self.serving, borrowed=borrowed)

    def told(self) -> list[str]:
        """Return what was sent since the last time, a word a message."""
        found: list[str] = []
        while True:
            try:
                data, descriptors, _, _ = socket.recv_fds(self.theirs, 4096, 10)
            except BlockingIOError:
                return found
            fields = parse(data)
            assert len(descriptors) == ("FDSTORE" in fields)
            for descriptor in descriptors:
                os.close(descriptor)
            found.append(("+" if "FDSTORE" in fields else "-") + fields["FDNAME"])


@pytest.fixture
def desks() -> Iterator[list[Desk]]:
    """Close everything at the end."""
    made: list[Desk] = []
    yield made
    for desk in made:
        desk.ours.close()
        desk.theirs.close()
    keeping.keep_with(None)
    sockets.leave_to(None)
    sockets.own.clear()


def pipe_end() -> int:
    """Return a descriptor that nobody else has."""
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def put(desk: Desk, key: str) -> bool:
    """Keep something new."""
    descriptor = pipe_end()
    try:
        return desk.store.put(key, descriptor)
    finally:
        os.close(descriptor)


def test_a_new_value_is_there_before_the_old_one_goes(desks: list[Desk]) -> None:
    """So a crash in between loses nothing."""
    desks.append(desk := Desk(3, []))
    assert put(desk, "keep/a/x")
    assert put(desk, "keep/a/x")
    assert desk.told() == ["+keep/a/x~0", "+keep/a/x~1", "-keep/a/x~0"]
    desk.store.remove("keep/a/x")
    assert desk.told() == ["-keep/a/x~1"]


def test_the_same_file_is_removed_first(desks: list[Desk]) -> None:
    """The init system takes no file twice, and would have none in the end."""
    desks.append(desk := Desk(3, []))
    descriptor = pipe_end()
    assert desk.store.put("keep/a/x", descriptor)
    assert desk.store.put("keep/a/x", descriptor)
    os.close(descriptor)
    assert desk.told() == ["+keep/a/x~0", "-keep/a/x~0", "+keep/a/x~1"]


def test_a_full_store_takes_no_more_but_changes_what_it_has(
    desks: list[Desk], caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once."""
    desks.append(desk := Desk(1, []))
    assert put(desk, "keep/a/x")
    assert not put(desk, "keep/a/y")
    assert not put(desk, "keep/a/z")
    assert put(desk, "keep/a/x")
    assert desk.told() == ["+keep/a/x~0", "-keep/a/x~0", "+keep/a/x~1"]
    assert caplog.text.count("no room") == 1


def test_of_two_values_with_one_key_the_later_one_is_meant(desks: list[Desk]) -> None:
    """As a crash between the two messages leaves them; the other one is removed."""
    first, second = pipe_end(), pipe_end()
    desks.append(desk := Desk(4, [("keep/a/x~12", second), ("keep/a/x~9", first)]))
    assert desk.store.get("keep/a/x") == second
    desk.store.begin()
    assert desk.told() == ["-keep/a/x~9"]


def test_what_was_not_asked_for_is_removed_at_the_beginning(desks: list[Desk]) -> None:
    """But not before the tree is up: a start that fails may be repeated."""
    desks.append(desk := Desk(4, [("keep/a/x~0", pipe_end()), ("state/a/y~0", pipe_end())]))
    desk.store.get("state/a/y")
    assert put(desk, "keep/a/z")
    assert desk.told() == ["+keep/a/z~0"]
    desk.store.begin()
    assert desk.told() == ["-keep/a/x~0"]


def test_while_it_is_held_nothing_changes_for_others(desks: list[Desk]) -> None:
    """All that has happened meanwhile is told at once."""
    desks.append(desk := Desk(4, []))
    assert put(desk, "keep/a/x")
    desk.store.hold()
    desk.store.remove("keep/a/x")
    assert put(desk, "keep/a/y")
    assert desk.told() == ["+keep/a/x~0"]
    desk.store.resume()
    assert desk.told() == ["+keep/a/y~0", "-keep/a/x~0"]


def test_what_is_borrowed_is_told_when_it_is_ones_own(desks: list[Desk]) -> None:
    """What the other process had stored is told again, since the init system takes nothing twice."""
    desks.append(desk := Desk(4, [("keep/a/x~3", pipe_end()), ("keep/a/y~0", pipe_end())], borrowed=True))
    desk.store.get("keep/a/x")
    assert put(desk, "keep/a/x")
    desk.store.begin()
    assert desk.told() == []
    desk.store.become_main()
    assert sorted(desk.told()) == ["+keep/a/x~4", "-keep/a/x~3", "-keep/a/y~0"]


def test_listeners_are_stored_once_the_tree_is_up(desks: list[Desk]) -> None:
    """And given up when they are closed while it is up; not before or after."""
    desks.append(desk := Desk(4, []))
    open_store(desk.store)
    first = sockets.open_socket(Tcp(0, "127.0.0.1"))
    assert desk.told() == []
    desk.store.begin()
    desk.serving = True
    assert desk.told() == ["+listen/tcp-0-127.0.0.1"]
    assert not first.stays
    first.close()
    assert desk.told() == ["-listen/tcp-0-127.0.0.1"]
    second = sockets.open_socket(Tcp(0, "127.0.0.1"))
    assert desk.told() == ["+listen/tcp-0-127.0.0.1"]
    desk.serving = False
    assert second.stays
    second.close()
    assert desk.told() == []


def test_a_port_that_the_system_chose_for_datagrams_is_not_kept(desks: list[Desk]) -> None:
    """It is there to talk to others, and may be connected to one of them."""
    desks.append(desk := Desk(4, []))
    open_store(desk.store)
    listening = sockets.open_socket(Udp(0, "127.0.0.1"))
    desk.store.begin()
    assert desk.told() == []
    assert dict(desk.store.contents()) == {}
    listening.close()


def test_too_many_descriptors_are_refused() -> None:
    """The kernel would refuse the message."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs, pytest.raises(ValueError, match="254 descriptors"):
        Notifier(ours).send("FDSTORE=1", descriptors=[0] * (MOST_DESCRIPTORS + 1))
