"""The new process's side of an upgrade: what it believes, and what it does not."""

from __future__ import annotations

import os
import socket

import pytest

from svcctl.runtime import notify, succeeding


@pytest.mark.parametrize("value", ["", "x", "0", "2", "-4", "+4", "\u0664", "99999", "9" * 40])
def test_a_variable_that_names_no_connection_is_reported(
    value: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The process then tells nobody how it is."""
    environ = {notify.UPGRADE: value, "NOTIFY_SOCKET": "/run/systemd/notify"}
    assert succeeding.predecessor(environ) is None
    assert environ == {}
    assert "SVCCTL_UPGRADE is not used" in caplog.text


def test_another_kind_of_descriptor_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """It is somebody else's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        assert succeeding.predecessor({notify.UPGRADE: str(ours.fileno())}) is None
        os.fstat(ours.fileno())
    assert "SVCCTL_UPGRADE is not used" in caplog.text


def test_a_connection_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed on exec, and messages go there as they would to the init system."""
    monkeypatch.setattr(succeeding, "_link", None)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.set_inheritable(True)
    with theirs:
        notifier = notify.from_environment({notify.UPGRADE: str(ours.detach())})
        assert notifier.provisional
        assert notifier.send("READY=1\nMAINPID=7")
        assert notifier.send("STATUS=here")
        assert (theirs.recv(100), theirs.recv(100)) == (b"READY=1\nMAINPID=7", b"STATUS=here")
        assert succeeding._link is not None
        assert not succeeding._link.get_inheritable()
        notifier.turn_to(None)
        assert notifier.send("STATUS=nobody") is False
        succeeding._link.close()
