"""Scripts that run the reactor themselves, as processes, and by hand."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from svcctl.application import reactor
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo
from svcctl.errors import LifecycleError, ServiceFailedError, StartError
from tests.fakes import loop as jumping
from tests.unit.application.reacting import LOOPBACK, fresh_reactor  # noqa: F401 (a fixture)

SCRIPT = """
from svcctl.application import reactor
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo

port = reactor.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1")
reactor.callWhenRunning(lambda: print(port.getHost()[1], flush=True))
reactor.addSystemEventTrigger("before", "shutdown", print, "bye", flush=True)
reactor.run()
print("end", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_script_serves_until_a_signal(tmp_path: Path, number: int) -> None:
    """It goes on after run(), when everything has stopped."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.create_connection((LOOPBACK, port), 10) as client:
            client.sendall(b"hello")
            assert client.recv(10) == b"hello"
        process.send_signal(number)
        assert process.stdout.read() == "bye\nend\n"
    assert process.returncode == 0


def test_a_stop_ends_run() -> None:
    """In order: what is to be called before the shutdown is."""
    log: list[str] = []
    reactor.addSystemEventTrigger("before", "shutdown", log.append, "before")
    reactor.callLater(0, reactor.stop)
    reactor.run()
    assert log == ["before"]


def test_run_can_be_called_again() -> None:
    """With what was recorded since; signals are as they were before."""
    log: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    for name in ("one", "two"):
        reactor.callWhenRunning(log.append, name)
        reactor.callWhenRunning(reactor.stop)
        reactor.run(installSignalHandlers=name == "one")
    assert log == ["one", "two"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_port_in_use_ends_run_with_an_error() -> None:
    """It is the failure of a start, with its path."""
    with socket.create_server((LOOPBACK, 0)) as other:
        reactor.listenTCP(other.getsockname()[1], Factory.forProtocol(Echo), interface=LOOPBACK)
        with pytest.raises(StartError, match=r"/reactor/TCPServer\[0\] failed to bind: cannot listen on"):
            reactor.run()


def test_a_failure_ends_run_with_an_error() -> None:
    """Everything has been stopped then."""
    log: list[str] = []

    def broken() -> None:
        raise ValueError("no")

    reactor.callWhenRunning(broken)
    reactor.addSystemEventTrigger("after", "shutdown", log.append, "stopped")
    with pytest.raises(ServiceFailedError, match="/reactor failed: ValueError: no"):
        reactor.run()
    assert log == ["stopped"]


def test_an_exit_in_a_call_ends_run_in_order() -> None:
    """Its status is the caller's."""
    log: list[str] = []
    reactor.callLater(0, sys.exit, 7)
    reactor.addSystemEventTrigger("after", "shutdown", log.append, "stopped")
    with pytest.raises(SystemExit) as caught:
        reactor.run()
    assert caught.value.code == 7
    assert log == ["stopped"]


def test_run_is_refused_where_a_loop_runs() -> None:
    """It is svcctl that runs it."""

    async def main() -> None:
        with pytest.raises(LifecycleError, match="runs already") as caught:
            reactor.run()
        assert "leave run() out" in caught.value.hint

    jumping.run(main())
