"""What outlives a process under an init system with a descriptor store, and what a new process takes over."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from svcctl.testing.init import FakeInit, fake_init

TAC = """
import asyncio, gc, os, socket, sys
from svcctl.application import internet
from svcctl.application.service import Application, Service
from svcctl.errors import SvcctlError
application = Application("shop", stop_timeout=5.0)

class Till(Service):
    name = "till"
    def startService(self):
        self.coins = self.kept("coins") or b"none"
        pair = self.kept("pair")
        if pair is not None:
            self.coins += pair.recv(10)
            pair.close()
            self.drop("pair")

async def answer(reader, writer):
    verb, _, rest = (await reader.readline()).decode().strip().partition(" ")
    if verb == "pid":
        said = os.getpid()
    elif verb == "keep":
        said = till.keep("coins", rest.encode())
    elif verb == "pair":
        ours, till.theirs = socket.socketpair()
        till.theirs.send(rest.encode())
        said = till.keep("pair", ours)
        ours.close()
    elif verb == "coins":
        said = till.coins.decode()
    elif verb == "open":
        said = sorted(os.listdir("/proc/self/fd"))
    elif verb == "stop":
        said = await server.disownServiceParent()
    elif verb == "children":
        said = os.popen("ls -l /proc/self/fd").read().replace("\\n", ";")
    elif verb == "upgrade":
        from svcctl.runtime import runner, upgrading
        process = next(each for each in gc.get_objects() if isinstance(each, runner.Process))
        try:
            said = await upgrading.upgrade(process)
        except SvcctlError as error:
            said = error
    writer.write(f"{said}\\n".encode())

till = Till()
till.setServiceParent(application)
server = internet.TCPServer(PORT, answer, interface="127.0.0.1")
server.setServiceParent(application)
internet.UNIXServer("shop.sock", answer, wantPID=1).setServiceParent(application)
"""


@pytest.fixture
def port() -> int:
    """Return a port that nobody has at this moment."""
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def service(tmp_path: Path, port: int) -> Iterator[FakeInit]:
    """Give the application under an init system that keeps six descriptors."""
    (tmp_path / "shop.tac").write_text(TAC.replace("PORT", str(port)))
    with fake_init(tmp_path / "shop.tac", store=6, working_directory=tmp_path, folder=tmp_path) as started:
        yield started


def ask(port: int, request: str) -> str:
    """Send a line and return the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(f"{request}\n".encode())
        with client.makefile() as reader:
            return reader.readline().strip()


def ask_path(folder: Path) -> str:
    """Ask over the path who answers."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(folder / "shop.sock"))
        client.sendall(b"pid\n")
        with client.makefile() as reader:
            return reader.readline().strip()


def _ask_until(over: threading.Event, begun: threading.Barrier, question: Callable[[], str]) -> set[str]:
    """Ask once, say so, and ask again and again; return all answers."""
    answers = {question()}
    begun.wait(20)
    while not over.is_set():
        answers.add(question())
    return {*answers, question()}


def names(service: FakeInit) -> list[str]:
    """Return the names in the store without what tells one value or address from another."""
    return sorted(name.partition("~")[0].partition("-")[0] for name in service.stored)


def test_listeners_are_stored_and_taken_back_after_a_crash(
    service: FakeInit, port: int, tmp_path: Path
) -> None:
    """A client that comes meanwhile waits; the path is the same, and nothing is there twice."""
    assert names(service) == ["listen/tcp", "listen/unix"]
    first, path = ask(port, "pid"), (tmp_path / "shop.sock").stat().st_ino
    service.crash()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as waiting:
        waiting.sendall(b"pid\n")
        service.start()
        assert int(waiting.recv(100)) == service.pid != int(first)
    assert ask_path(tmp_path) == str(service.pid)
    assert (tmp_path / "shop.sock").stat().st_ino == path
    assert names(service) == ["listen/tcp", "listen/unix"]


def test_a_restart_leaves_the_listeners_open(service: FakeInit, port: int, tmp_path: Path) -> None:
    """Neither closed nor removed by the process that stops: whoever comes meanwhile waits."""
    first = str(service.pid)
    over, begun = threading.Event(), threading.Barrier(3)
    with ThreadPoolExecutor(2) as pool:
        answers = [
            pool.submit(_ask_until, over, begun, each)
            for each in (lambda: ask(port, "pid"), lambda: ask_path(tmp_path))
        ]
        begun.wait(20)
        service.restart()
        over.set()
        found = [each.result() for each in answers]
    assert found == [{first, str(service.pid)}] * 2


def test_a_path_that_is_gone_is_bound_anew(service: FakeInit, tmp_path: Path) -> None:
    """What was kept leads nowhere then; it is given up."""
    service.crash()
    (tmp_path / "shop.sock").unlink()
    service.start()
    assert ask_path(tmp_path) == str(service.pid)
    assert "does not fit any more" in service.stderr
    assert names(service) == ["listen/tcp", "listen/unix"]


def test_a_listener_that_is_removed_is_given_up_for_good(service: FakeInit, port: int) -> None:
    """Clients are refused at once."""
    ask(port, "stop")
    service.wait_until(lambda: names(service) == ["listen/unix"])
    with pytest.raises(ConnectionRefusedError):
        ask(port, "pid")


def test_the_last_value_of_a_name_is_back(service: FakeInit, port: int) -> None:
    """Bytes and sockets; the one before is not there any more."""
    assert ask(port, "keep one") == "True"
    assert ask(port, "keep two") == "True"
    assert ask(port, "pair three") == "True"
    kept = ["keep/shop/till/pair", "listen/tcp", "listen/unix", "state/shop/till/coins"]
    service.wait_until(lambda: names(service) == kept)
    service.crash()
    service.start()
    assert ask(port, "coins") == "two"  # the other end of the pair is gone, and the pair with it


def test_a_full_store_says_so_and_keeps_what_it_has(service: FakeInit, port: int) -> None:
    """What is there can be replaced all the same."""
    assert ask(port, "keep one") == "True"
    for _ in range(3):
        assert ask(port, "keep more") == "True"
        assert ask(port, "pair x") == "True"
    service.wait_until(lambda: len(service.stored) == 4)


def test_what_no_service_asks_for_is_removed(service: FakeInit, port: int, tmp_path: Path) -> None:
    """And reported."""
    assert ask(port, "keep one") == "True"
    service.crash()
    text = (tmp_path / "shop.tac").read_text()
    (tmp_path / "shop.tac").write_text(
        text.replace('self.kept("coins") or ', "").replace("wantPID=1", "mode=0o600")
    )
    service.start()
    service.wait_until(lambda: names(service) == ["listen/tcp", "listen/unix"])
    assert "no service asks for it" in service.stderr
    assert (tmp_path / "shop.sock").stat().st_mode & 0o777 == 0o600


def test_nothing_kept_leaks_into_child_processes(service: FakeInit, port: int) -> None:
    """Every descriptor is closed on exec, before and after a restart."""
    assert ask(port, "keep one") == "True"
    service.restart()
    listed = ask(port, "children")
    assert "memfd" not in listed
    assert listed.count("socket:") == 0


def test_without_a_store_nothing_is_kept_and_nothing_breaks(tmp_path: Path, port: int) -> None:
    """The service is told."""
    (tmp_path / "shop.tac").write_text(TAC.replace("PORT", str(port)))
    with fake_init(tmp_path / "shop.tac", working_directory=tmp_path, folder=tmp_path) as service:
        assert ask(port, "keep one") == "False"
        service.stop()
        with pytest.raises(ConnectionRefusedError):
            ask(port, "pid")
        assert not (tmp_path / "shop.sock").exists()


def test_an_upgrade_passes_listeners_locks_and_values_on(
    service: FakeInit, port: int, tmp_path: Path
) -> None:
    """Twice in a row; the lock of the path is held all the time."""
    assert ask(port, "keep one") == "True"
    for _ in range(2):
        before = service.pid
        after = ask(port, "upgrade")
        service.wait_until(lambda after=after: str(service.pid) == after)  # type: ignore[misc]
        assert after != str(before)
        assert ask(port, "pid") == ask_path(tmp_path) == after
        assert ask(port, "coins") == "one"
        with pytest.raises(BlockingIOError):
            _lock(tmp_path / "shop.sock.lock")
    assert names(service) == ["listen/tcp", "listen/unix", "state/shop/till/coins"]
    assert service.sent("STOPPING") == []


def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    service: FakeInit, port: int, tmp_path: Path
) -> None:
    """The whole reason goes to whoever asked; another one succeeds later."""
    assert ask(port, "keep one") == "True"
    text = (tmp_path / "shop.tac").read_text()
    (tmp_path / "shop.tac").write_text("import nothing_of_that_name\n")
    said = ask(port, "upgrade")
    assert "nothing_of_that_name" in said
    assert said.endswith("(the new process ended with status 65)")
    failed = "upgrade failed, going on as before: "
    service.wait_until(lambda: service.sent("STATUS")[-1].startswith(failed))
    assert ask(port, "pid") == str(service.pid)
    assert names(service) == ["listen/tcp", "listen/unix", "state/shop/till/coins"]
    (tmp_path / "shop.tac").write_text(text)
    assert ask(port, "upgrade").isdigit()


def test_a_second_upgrade_is_refused_while_one_goes_on(service: FakeInit, port: int, tmp_path: Path) -> None:
    """So is one by a process that is about to end."""
    text = (tmp_path / "shop.tac").read_text()
    (tmp_path / "shop.tac").write_text(f"import os\nwhile not os.path.exists('go'): pass\n{text}")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as first:
        first.sendall(b"upgrade\n")
        service.wait_until(lambda: any("upgrading" in each for each in service.sent("STATUS")))
        assert ask(port, "upgrade") == "no upgrade: another one is under way"
        (tmp_path / "go").touch()
        assert first.recv(100).strip().isdigit()


def test_a_stop_during_an_upgrade_ends_both(service: FakeInit, port: int, tmp_path: Path) -> None:
    """The application stops as ever."""
    (tmp_path / "shop.tac").write_text("import time\ntime.sleep(60)\n")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as first:
        first.sendall(b"upgrade\n")
        service.wait_until(lambda: any("upgrading" in each for each in service.sent("STATUS")))
        assert service.stop().code == 0
        assert b"abandoned" in first.recv(200)


def test_a_reload_during_an_upgrade_is_done_afterwards(service: FakeInit, port: int, tmp_path: Path) -> None:
    """By the new process: the init system waits for somebody to say so."""
    text = (tmp_path / "shop.tac").read_text()
    (tmp_path / "shop.tac").write_text(f"import os\nwhile not os.path.exists('go'): pass\n{text}")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as first:
        first.sendall(b"upgrade\n")
        service.wait_until(lambda: any("upgrading" in each for each in service.sent("STATUS")))
        os.kill(service.pid, 1)
        service.wait_for_output("reload requested")
        (tmp_path / "go").touch()
        assert first.recv(100).strip().isdigit()
    service.wait_for("RELOADING")
    service.wait_for("READY")


def _lock(path: Path) -> None:
    """Try to take the kernel's lock of a file."""
    import fcntl  # noqa: PLC0415 - only here

    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
