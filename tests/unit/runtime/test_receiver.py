"""The receiving side of sd_notify."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from svcctl.runtime.receiver import Receiver, parse


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"READY=1", {"READY": "1"}),
        (b"READY=1\nSTATUS=a=b\n", {"READY": "1", "STATUS": "a=b"}),
        (b"nonsense\n=x\n\nX_A=", {"X_A": ""}),
        (b"A=1\nA=2", {"A": "1"}),
        (b"STATUS=\xff", {"STATUS": "\\xff"}),
        (b"", {}),
    ],
)
def test_fields_are_read_as_systemd_reads_them(data: bytes, fields: dict[str, str]) -> None:
    """Lines that are no assignments are left out."""
    assert parse(data) == fields


def test_a_message_tells_who_sent_it() -> None:
    """As the kernel says, not as the sender does."""
    with Receiver() as receiver, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(receiver.address)
        sender.send(b"MAINPID=1")
        message = receiver.receive(1)
    assert message is not None
    assert (message.pid, message.uid) == (os.getpid(), os.getuid())


def test_only_this_user_can_reach_it_and_nothing_is_left_behind() -> None:
    """The folder is private and removed."""
    with Receiver() as receiver:
        folder = Path(receiver.address).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_waiting_ends_with_the_limit_or_the_wake_up() -> None:
    """And returns nothing."""
    ours, theirs = os.pipe()
    with Receiver() as receiver:
        assert receiver.receive(0) is None
        os.close(theirs)
        assert receiver.receive(None, wake=ours) is None
    os.close(ours)


def test_a_message_that_is_too_long_is_skipped() -> None:
    """As systemd does, so that our own are kept short enough."""
    with Receiver() as receiver, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(receiver.address)
        sender.send(b"STATUS=" + b"x" * 5000)
        sender.send(b"READY=1")
        assert receiver.receive(1) is None
        message = receiver.receive(1)
    assert message is not None
    assert message.fields == {"READY": "1"}


def test_descriptors_that_come_along_are_closed() -> None:
    """The sender's barrier sees its end."""
    ours, theirs = os.pipe()
    with Receiver() as receiver, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(receiver.address)
        socket.send_fds(sender, [b"FDSTORE=1"], [theirs] * 5)
        os.close(theirs)
        assert receiver.receive(1) is not None
        assert os.read(ours, 1) == b""
    os.close(ours)
