"""The fake init of ``svcctl.testing``, as others use it; what it has in common with systemd is tested beside that."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from svcctl.errors import BindError, EndpointError, UsageError
from svcctl.testing import events
from svcctl.testing.failure import ExpectationError
from svcctl.testing.init import FakeInit, Options, fake_init
from svcctl.testing.unit import Limits
from tests.contract.running import ECHO, HEAD

#: A program that says it is ready, and then does what its argument says.
PROGRAM = """
import os, signal, socket, subprocess, sys, time
def notify(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.connect(os.environ["NOTIFY_SOCKET"])
        connection.send(text.encode())
exec(sys.argv[1])
notify("READY=1")
while True:
    signal.pause()
"""


def program(text: str = "", **options: typing.Unpack[Options]) -> FakeInit:
    """Return a service that runs a text before it is ready."""
    return FakeInit([sys.executable, "-c", PROGRAM, text], **options)


def application(folder: Path, text: str = "") -> Path:
    """Write an application and return its path."""
    path = folder / "shop.tac"
    path.write_text(HEAD + text)
    return path


def test_an_application_serves_on_the_sockets_it_is_handed(tmp_path: Path) -> None:
    """By the name that its units would give them, on a port that nobody has to know."""
    tac = application(tmp_path, ECHO.replace("TCPServer(0", "TCPServer(8007"))
    sockets = {"tcp-8007-127.0.0.1": "tcp:0:interface=127.0.0.1", "other": f"unix:{tmp_path / 'sock'}"}
    with fake_init(tac, sockets=sockets) as service:
        with service.connect("tcp-8007-127.0.0.1") as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"hello"
        assert service.holds("tcp-8007-127.0.0.1")
        assert not service.holds("other")
        assert service.address("other") == str(tmp_path / "sock")
        assert service.stop().code == 0
    assert not (tmp_path / "sock").exists()
    assert service.sent("STATUS")[-1] == "stopped"
    assert [type(event) for event in service.events][:2] == [events.Launched, events.Changed]


def test_a_start_that_fails_is_an_error_that_shows_everything(tmp_path: Path) -> None:
    """The transcript, and what was written to stderr; it is an assertion for the tests' reports."""
    with (
        pytest.raises(AssertionError, match="the service ended with status 65") as caught,
        fake_init(application(tmp_path, "1 / 0")),
    ):
        pass
    text = str(caught.value)
    assert "STATUS=" in text
    assert "ZeroDivisionError" in text
    assert "failed: exit-code" in text


def test_a_wait_ends_with_the_patience() -> None:
    """And says what it waited for."""
    with program() as service:
        service.patience = 0.2
        with pytest.raises(ExpectationError, match=r"waited 0.2 s for STATUS=never"):
            service.wait_for("STATUS", "never")


def test_a_wait_ends_with_the_service() -> None:
    """Long before the patience does."""
    with program() as service:
        service.signal(signal.SIGKILL)
        with pytest.raises(ExpectationError, match="was killed by SIGKILL"):
            service.wait_for("STATUS")


def test_nothing_survives_it() -> None:
    """Neither what has left its session and lost its parent, nor what ignores every signal that can be."""
    text = (
        "if os.fork() == 0:\n os.setsid()\n signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        " if os.fork(): os._exit(0)\n notify('X_LEFT=1')\n open('left', 'w').write(str(os.getpid()))\n time.sleep(600)\n"
        "while not os.path.exists('left') or not open('left').read(): time.sleep(0.01)"
    )
    with program(text) as service:
        left = int((service.folder / "left").read_text())
        assert psutil.pid_exists(left)
        assert left != service.pid
    assert not psutil.pid_exists(left)
    assert not service.folder.exists()


def test_nothing_survives_the_tests_themselves(tmp_path: Path) -> None:
    """Not even if they are killed."""
    script = (
        "import sys\nfrom svcctl.testing.init import FakeInit\n"
        "service = FakeInit([sys.executable, '-c', 'import time; time.sleep(600)'], notify=False)\n"
        "service.start()\nprint(service.pid, service.folder, flush=True)\nimport time\ntime.sleep(600)\n"
    )
    tests = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert tests.stdout is not None
    with tests.stdout as stdout:
        pid = int(stdout.readline().split()[0])
        process = psutil.Process(pid)
        tests.kill()
        tests.wait()
    process.wait(timeout=30)
    assert not process.is_running()


def test_it_has_what_a_unit_gives_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the tests are not the service's."""
    monkeypatch.setenv("SECRET_OF_THE_TESTS", "1")
    text = (
        "import json; json.dump({**os.environ, 'pid': os.getpid(), 'sid': os.getsid(0)}, open('seen', 'w'))"
    )
    options: Options = {
        "environment": {"OWN": "1", "LANG": None},
        "limits": Limits(watchdog=100.0),
        "store": 7,
        "directories": ("state", "runtime"),
        "credentials": {"db-password": "secret"},
        "folder": tmp_path,
    }
    with program(text, **options) as service:
        seen = json.loads((tmp_path / "seen").read_text())
        secret = tmp_path / "credentials" / "db-password"
        assert secret.read_text() == "secret"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o400
        (tmp_path / "state" / "kept").touch()
        (tmp_path / "runtime" / "gone").touch()
        service.restart()
        assert (tmp_path / "state" / "kept").exists()
        assert not (tmp_path / "runtime" / "gone").exists()
    assert set(seen) - {"PATH", "LC_CTYPE", "pid", "sid"} == {
        *(
            "OWN",
            "INVOCATION_ID",
            "SYSTEMD_EXEC_PID",
            "NOTIFY_SOCKET",
            "WATCHDOG_USEC",
            "WATCHDOG_PID",
            "FDSTORE",
        ),
        *("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY"),
    }
    assert seen["WATCHDOG_PID"] == seen["SYSTEMD_EXEC_PID"] == str(seen["pid"])
    assert seen["sid"] == seen["pid"]
    assert (seen["WATCHDOG_USEC"], seen["FDSTORE"]) == ("100000000", "7")


def test_nothing_but_what_is_handed_over_is_open() -> None:
    """No descriptor of the tests, nor of what is between."""
    text = "open('seen', 'w').write(' '.join(sorted(os.listdir('/proc/self/fd'))))"
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        program(text, sockets=[("a", one), ("a", one)]) as service,
    ):
        assert (
            service.folder / "seen"
        ).read_text() == "0 1 2 3 4 5 6"  # the file, and the folder that is listed


def test_it_can_be_used_within_a_loop() -> None:
    """What waits is called in a thread, and the loop goes on."""

    async def main() -> int:
        service = program()
        try:
            await asyncio.to_thread(service.start)
            ticks = asyncio.create_task(asyncio.sleep(0))
            ended = await asyncio.to_thread(service.stop)
            await ticks
        finally:
            service.close()
        assert ended.code is not None
        return ended.code

    assert asyncio.run(main()) == -signal.SIGTERM


def test_a_reload_returns_the_message_that_ended_it(tmp_path: Path) -> None:
    """With its status."""
    with fake_init(application(tmp_path)) as service:
        assert service.reload().fields["READY"] == "1"
        service.stop()
        with pytest.raises(UsageError, match="inactive is not reloaded"):
            service.reload()


def test_a_reload_that_is_not_heeded_fails_at_the_limit() -> None:
    """As `systemctl reload` does, and the service goes on."""
    text = "signal.signal(signal.SIGHUP, lambda *_: None)"
    with program(text, limits=Limits(start=0.5)) as service:
        with pytest.raises(ExpectationError, match="the reload failed: it took longer than the limit"):
            service.reload()
        assert service.state == "active"


def test_a_crash_is_a_failure_and_a_start_brings_it_back() -> None:
    """Each run has a result of its own."""
    with program() as service:
        first = service.pid
        assert service.crash().code == -signal.SIGKILL
        assert (service.state, service.result, service.pid) == ("failed", "signal", 0)
        service.start()
        assert (service.state, service.result) == ("active", "success")
        assert service.pid != first
        with pytest.raises(UsageError, match="runs already"):
            service.start()


def test_what_is_no_program_fails_as_it_does_under_systemd() -> None:
    """Status 203, and the name on stderr."""
    with FakeInit(["/does/not/exist"], block=False) as service:
        assert service.wait().code == 203
        assert service.stderr == "cannot execute /does/not/exist: No such file or directory\n"


def test_an_observer_is_told_at_once_and_its_error_reaches_whoever_waits() -> None:
    """Nobody waits for ever for what a broken thread would have seen."""
    seen: list[events.Event] = []
    with program(observer=seen.append) as service:
        service.stop()
    assert tuple(seen) == service.events

    def broken(event: events.Event) -> None:
        if str(event).startswith("<"):
            raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"), program(observer=broken):
        pass


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"sockets": {"web": "nonsense:80"}}, EndpointError),
        ({"sockets": {"a:b": "tcp:0"}}, UsageError),
        ({"sockets": {"web": "tcp:0:interface=192.0.2.1"}}, BindError),
        ({"directories": ("home",)}, UsageError),
        ({"credentials": {"../x": "y"}}, UsageError),
    ],
)
def test_what_cannot_be_given_is_refused_before_anything_is_started(
    options: Options, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing stays behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(error):
        program(**options)
    assert list(tmp_path.iterdir()) == []


def test_a_socket_that_is_not_there_is_named_with_those_that_are() -> None:
    """Whoever mistypes a name sees it."""
    with (
        program(sockets={"web": "tcp:0:interface=127.0.0.1"}) as service,
        pytest.raises(UsageError) as caught,
    ):
        service.listener("wbe")
    assert caught.value.hint == "there are: web"


def parameters(function: Callable[..., object]) -> set[str]:
    """Return the names that a function takes by keyword alone."""
    found = inspect.signature(function).parameters.values()
    return {each.name for each in found if each.kind is each.KEYWORD_ONLY}


def test_the_short_way_takes_all_options() -> None:
    """And each is described."""
    assert set(Options.__annotations__) == parameters(FakeInit.__init__)
    assert all(f"        {name}: " in (FakeInit.__doc__ or "") for name in Options.__annotations__)


def test_it_starts_what_svcctl_run_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path counts from where the tests are; the rest is the runner's."""
    application(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert fake_init_command("shop.tac")[-1] == str(tmp_path / "shop.tac")
    assert fake_init_command("echo", "--port", "0")[-3:] == ["echo", "--port", "0"]
    assert fake_init_command("package.module:name")[-1] == "package.module:name"


def fake_init_command(*arguments: str) -> list[str]:
    """Return the command of a service that is never started."""
    service = fake_init(*arguments)
    service.close()
    return service.command


def test_files_stay_where_a_folder_was_named(tmp_path: Path) -> None:
    """What it wrote is there to be read when it is over."""
    with program("print('out', flush=True); os.write(2, b'err')", folder=tmp_path) as service:
        pass
    assert (service.stdout, service.stderr) == ("out\n", "err")
    assert os.listdir(tmp_path)  # noqa: PTH208 (names)
