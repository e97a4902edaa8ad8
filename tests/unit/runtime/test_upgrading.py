"""The old process's side of an upgrade, where real processes cannot be made to be late or early enough."""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from svcctl.application import keeping
from svcctl.application.servers import sockets
from svcctl.runtime import upgrading
from svcctl.runtime.machine import Failed, Machine, Phase
from svcctl.runtime.notify import Notifier
from svcctl.runtime.receiver import parse
from svcctl.runtime.succession import HandedOver, SuccessorReady, UpgradeFailed
from svcctl.runtime.upgrading import Attempt, RefusedUpgradeError, UpgradeError, refusal


class Runner(SimpleNamespace):
    """What an upgrade wants of the process, without a tree."""

    def feed(self, event: object) -> None:
        """Take note of an event."""
        self.events.append(event)


@pytest.fixture
def runner() -> Iterator[Runner]:
    """Give a process that is ready, with an init system that answers nothing."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    yield Runner(
        notifier=Notifier(ours),
        theirs=theirs,
        store=None,
        mode=None,
        sockets=[],
        driver=None,
        watchdog_limit=None,
        application=SimpleNamespace(start_timeout=0.0, stop_timeout=0.1),
        state=Machine(phase=Phase.READY),
        events=[],
    )
    ours.close()
    theirs.close()
    keeping.keep_with(None)
    sockets.leave_to(None)


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop."""

    @functools.wraps(test)
    def run(*arguments: object, **options: object) -> None:
        asyncio.run(test(*arguments, **options))

    return run


def start_sleeper() -> subprocess.Popen[bytes]:
    """Start a process that waits for its end."""
    return subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])


async def attempt(runner: Runner) -> tuple[Attempt, socket.socket]:
    """Return an upgrade whose new process is the test itself, with its end of the connection."""
    runner.loop = asyncio.get_running_loop()
    made = Attempt(cast("Any", runner))
    made._store.hold()
    made._child = start_sleeper()
    runner.loop.add_reader(made._link, made._read)
    return made, made._theirs


@in_loop
async def test_who_is_ready_is_announced_and_told(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """After that this process has nobody to tell anything."""
    monkeypatch.setattr(Notifier, "barrier", lambda *_: True)
    monkeypatch.setattr(Notifier, "address", "@somewhere")
    made, theirs = await attempt(runner)
    theirs.send(b"X_SVCCTL_PID=4711")
    theirs.send(b"STATUS=1/2 ready")
    theirs.send(b"READY=1\nMAINPID=1\nSTATUS=2/2 ready")
    while not runner.events:  # noqa: ASYNC110 - the loop has to turn
        await asyncio.sleep(0.001)
    assert runner.events == [SuccessorReady(4711)]
    assert made._child is not None
    assert made._child.returncode is not None
    runner.state = runner.state.replace(succeeded=True, reload_pending=True)
    made.hand_over()
    assert await made.outcome == 4711
    assert runner.events[1:] == [HandedOver()]
    word = parse(theirs.recv(1000))
    assert word == {"X_SVCCTL_MAIN": "1", "NOTIFY_SOCKET": "@somewhere", "X_SVCCTL_RELOAD": "1"}
    assert not runner.notifier.connected
    runner.loop.remove_reader(made._link)
    made._link.close()
    theirs.close()


@in_loop
async def test_who_ends_as_soon_as_it_is_ready_is_a_failure(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The init system may have noted it as the main process already: it starts the service again."""
    monkeypatch.setattr(Notifier, "barrier", lambda *_: True)
    made, theirs = await attempt(runner)
    theirs.send(b"X_SVCCTL_PID=4711")
    theirs.send(b"READY=1")
    while not runner.events:  # noqa: ASYNC110 - the loop has to turn
        await asyncio.sleep(0.001)
    runner.state = runner.state.replace(succeeded=True)
    theirs.close()
    made.hand_over()
    with pytest.raises(UpgradeError, match="could not take over"):
        await made.outcome
    assert isinstance(runner.events[1], Failed)
    assert runner.events[1].exit_status == 75
    made._link.close()


@in_loop
async def test_who_is_late_is_ended_and_named(runner: Runner) -> None:
    """With what it said last."""
    made, theirs = await attempt(runner)
    theirs.send(b"STATUS=1/2 ready, waiting for shop/db\nEXTEND_TIMEOUT_USEC=1000")
    await asyncio.sleep(0.05)
    assert made._child is not None
    while made._child.poll() is None:  # noqa: ASYNC110 - the loop has to turn
        await asyncio.sleep(0.001)
    theirs.close()
    with pytest.raises(UpgradeError, match=r"not ready after 0.001 s \(1/2 ready, waiting for shop/db\)"):
        await made.outcome
    assert isinstance(runner.events[0], UpgradeFailed)


@in_loop
async def test_hostile_messages_change_nothing(runner: Runner) -> None:
    """Nobody else has the connection; but a version that is not ours may be at its end."""
    made, theirs = await attempt(runner)
    for message in (
        b"\0",
        b"READY=2",
        b"=",
        b"\xff\xfe",
        b"X_SVCCTL_PID=-1",
        b"EXTEND_TIMEOUT_USEC=" + b"9" * 3000,
        b"x" * 4096,
    ):
        theirs.send(message)
    await asyncio.sleep(0.05)
    assert runner.events == []
    made.fail("enough", tell=False)
    with pytest.raises(UpgradeError, match="abandoned: enough"):
        await made.outcome
    assert made._child is not None
    made._child.wait()
    theirs.close()
    await asyncio.sleep(0.05)
    assert runner.events == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": Machine(phase=Phase.STARTING)}, "the application is starting"),
        ({"state": Machine(phase=Phase.READY, succeeded=True)}, "not the main process"),
        ({"notifier": Notifier(None)}, "no init system"),
        ({"mode": SimpleNamespace(bound_to_process=lambda: "it has a pid file")}, "it has a pid file"),
        ({}, ""),
    ],
)
@in_loop
async def test_what_cannot_be_taken_over_is_refused(
    runner: Runner, change: dict[str, Any], reason: str
) -> None:
    """With the reason, before anything is started."""
    runner.__dict__.update(change)
    assert reason in refusal(cast("Any", runner))
    if reason:
        with pytest.raises(RefusedUpgradeError, match=reason):
            await upgrading.upgrade(cast("Any", runner))
    assert runner.events == []


def test_the_environment_is_that_of_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the application has made of it since."""
    monkeypatch.setenv("SVCCTL_TEST_ADDED", "later")
    found = upgrading._first_environment()
    assert b"SVCCTL_TEST_ADDED" not in found
    assert found[b"PATH"] == os.fsencode(found[b"PATH"])
