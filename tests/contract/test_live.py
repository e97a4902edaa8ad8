"""What commands learn from a running application, and from one that does not answer."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from svcctl.host import varlink
from svcctl.host.usage import usage_of
from svcctl.operations import live
from tests.contract.controlled import INTERFACE, controlled


@contextmanager
def answering(path: Path, *answers: bytes) -> Iterator[str]:
    """Listen on a path, and give each client one answer, whatever it says; an empty one is none at all."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        held = []

        def serve() -> None:
            for answer in answers:
                client, _ = listener.accept()
                client.recv(65536)
                client.sendall(answer)
                if answer:
                    client.close()
                else:
                    held.append(client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield str(path)
        thread.join()
        for client in held:
            client.close()


def test_a_running_application_tells_its_tree(tmp_path: Path) -> None:
    """And the system what its process uses."""
    with controlled(tmp_path) as shop:
        found = live.look(shop.path, shop.init.process.pid)
    assert (found.problem, found.phase, found.ready, found.total) == ("", "ready", 4, 4)
    web = found.services[-1]
    assert (web.path, web.state, web.kind, web.connections) == ("shop/web", "ready", "stream-server", 0)
    assert web.listeners[0].startswith("127.0.0.1:")
    assert found.usage is not None
    assert found.usage.memory > 1_000_000
    assert found.usage.processes == 1


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "no answer from"),
        (b"hello\0", "answers what is no reply"),
        (b"[]\0", "answers what is no reply"),
        (b'{"parameters":1}\0', "answers what is no reply"),
        (b'{"error":1}\0', "answers what is no reply"),
        (b'{"parameters":{}}\0', "a form that this version does not know"),
        (b'{"parameters":{"application":1}}\0', "a form that this version does not know"),
        (b'{"error":"a.b","parameters":{"x":1}}\0', "a.b (x: 1)"),
        (b'{"parameters"', "closed the connection"),
    ],
)
def test_an_answer_that_is_none_is_told(
    tmp_path: Path, answer: bytes, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In time."""
    monkeypatch.setattr(live, "PATIENCE", 0.2)
    with answering(tmp_path / "control", answer) as path:
        assert problem in live.look(path, os.getpid()).problem


def test_a_socket_that_is_not_there_is_told() -> None:
    """With what that may mean."""
    problem = live.look("/nowhere/control", os.getpid()).problem
    assert problem.startswith("no answer from /nowhere/control: No such file or directory")


def test_a_process_that_is_gone_uses_nothing() -> None:
    """Its number may be anybody's later."""
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    assert usage_of(process) is None


def test_a_stream_ends_with_the_service(tmp_path: Path) -> None:
    """Or when it says that it ends; one that answers nothing at all is an error."""
    events = [json.dumps({"parameters": {"n": n}, "continues": n < 2}).encode() + b"\0" for n in range(3)]
    with answering(tmp_path / "a", b"".join(events)) as path:
        assert [each["n"] for each in varlink.stream(path, f"{INTERFACE}.Watch")] == [0, 1, 2]
    with answering(tmp_path / "b", events[0] + events[1][:5]) as path:
        assert [each["n"] for each in varlink.stream(path, f"{INTERFACE}.Watch")] == [0]
    with answering(tmp_path / "c", b"\0"[:0] + b"{") as path, pytest.raises(varlink.NoAnswerError):
        next(varlink.stream(path, f"{INTERFACE}.Watch"))


def test_a_silent_stream_is_given_up(tmp_path: Path) -> None:
    """After the time that the caller gives."""
    with answering(tmp_path / "a", b"") as path, pytest.raises(varlink.SlowAnswerError):
        next(varlink.stream(path, f"{INTERFACE}.Watch", silence=0.1))
