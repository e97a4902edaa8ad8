"""Sending to an init system, over real sockets."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from svcctl.runtime import notify
from svcctl.runtime.receiver import Receiver


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> tuple[Receiver, notify.Notifier]:
    """Return a receiver and what sends to it."""
    receiver = Receiver()
    monkeypatch.setenv("NOTIFY_SOCKET", receiver.address)
    return receiver, notify.from_environment(os.environ)


def test_a_message_arrives_as_utf8_in_one_datagram(connected: tuple[Receiver, notify.Notifier]) -> None:
    """Text beyond latin-1 is not lost."""
    receiver, notifier = connected
    with receiver:
        assert notifier.connected
        assert notifier.send("READY=1\nSTATUS=Größe, Привет, 日本")
        message = receiver.receive(1)
        notifier.close()
    assert message is not None
    assert message.fields == {"READY": "1", "STATUS": "Größe, Привет, 日本"}


def test_the_variable_is_removed(connected: tuple[Receiver, notify.Notifier]) -> None:
    """Children must not answer in our name."""
    receiver, notifier = connected
    with receiver:
        assert "NOTIFY_SOCKET" not in os.environ
        notifier.close()


def test_a_stamped_message_carries_the_monotonic_time(connected: tuple[Receiver, notify.Notifier]) -> None:
    """In microseconds, in the same message."""
    receiver, notifier = connected
    with receiver:
        before = time.monotonic_ns() // 1000
        notifier.send("RELOADING=1", stamped=True)
        message = receiver.receive(1)
        notifier.close()
    assert message is not None
    assert message.fields["RELOADING"] == "1"
    assert before <= int(message.fields["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000


def test_an_abstract_address_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first character is written as @."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind("")  # Linux chooses an abstract name
        name = server.getsockname()
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name[1:].decode())
        notifier = notify.from_environment(os.environ)
        notifier.send("READY=1")
        assert server.recv(100) == b"READY=1"
        notifier.close()


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_an_address_nothing_is_sent_or_logged(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """A process without an init system is no fault."""
    notifier = notify.from_environment(environ)
    assert not notifier.send("READY=1")
    assert not notifier.barrier(1)
    assert environ == {}
    assert caplog.records == []


@pytest.mark.parametrize("address", ["vsock:2:1234", "relative/path", "/nowhere/at/all", "/" + "x" * 300])
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # sdnotify drops the one that failed
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the same
def test_an_address_that_cannot_be_used_is_logged(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The application goes on without."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notifier = notify.from_environment(os.environ)
    assert not notifier.connected
    assert "NOTIFY_SOCKET" not in os.environ
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_an_init_system_that_went_away_is_logged_once(
    connected: tuple[Receiver, notify.Notifier], caplog: pytest.LogCaptureFixture
) -> None:
    """And breaks nothing."""
    receiver, notifier = connected
    receiver.close()
    with caplog.at_level(logging.INFO):
        assert [notifier.send("STATUS=a"), notifier.send("STATUS=b"), notifier.barrier(1)] == [False] * 3
    notifier.close()
    assert len(caplog.records) == 1


def test_a_barrier_returns_when_everything_before_it_has_been_read(
    connected: tuple[Receiver, notify.Notifier],
) -> None:
    """The reader closes the descriptor that comes with it."""
    receiver, notifier = connected
    read: list[dict[str, str]] = []

    def reader() -> None:
        while (message := receiver.receive(5)) is not None:
            read.append(message.fields)
            if "BARRIER" in message.fields:
                return

    thread = threading.Thread(target=reader)
    thread.start()
    notifier.send("STATUS=last words")
    assert notifier.barrier(5)
    thread.join()
    notifier.close()
    receiver.close()
    assert read == [{"STATUS": "last words"}, {"BARRIER": "1"}]


def test_a_barrier_that_nobody_reads_gives_up(connected: tuple[Receiver, notify.Notifier]) -> None:
    """After its limit."""
    receiver, notifier = connected
    with receiver:
        assert not notifier.barrier(0.01)
        notifier.close()


def test_an_init_system_that_does_not_read_is_given_up(
    connected: tuple[Receiver, notify.Notifier],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A full queue holds a message up for a limited time only."""
    receiver, notifier = connected
    with receiver:
        assert notifier._connection is not None
        notifier._connection.settimeout(0.01)
        while notifier.send("STATUS=again"):
            pass
        notifier.close()
    assert "takes no message" in caplog.text


def test_a_path_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks and letters beyond ASCII are no obstacle."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        path = str(tmp_path / "größe und so")
        server.bind(path)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        notifier = notify.from_environment(os.environ)
        assert notifier.send("READY=1")
        assert server.recv(100) == b"READY=1"
        notifier.close()
