"""The command by which units reload where systemd cannot wait by itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from svcctl.runtime.reload import main
from tests.contract.running import notes, supervise

OURS = str(os.getpid())


@contextmanager
def answering(folder: Path, *parts: bytes) -> Iterator[list[bytes]]:
    """Answer one call on a control socket, in parts, then hang up; gives what was asked."""
    asked: list[bytes] = []

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(connection.recv(1000))
            for part in parts:
                connection.sendall(part)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "control"))
        listener.listen()
        thread = threading.Thread(target=answer)
        thread.start()
        yield asked
        thread.join(20)


def test_it_ends_when_the_application_has_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With status 0, and without a word."""
    with answering(tmp_path, b'{"parame', b'ters":{}}', b"\0") as asked:
        assert main([OURS], {"RUNTIME_DIRECTORY": f"{tmp_path}:/run/other"}) == 0
    assert json.loads(asked[0].rstrip(b"\0"))["method"] == "io.svcctl.Control.Reload"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b'{"error":"io.svcctl.Control.Failed","parameters":{"path":"shop","reason":"no file"}}\0',
            "no file",
        ),
        (b'{"error":"io.svcctl.Control.Odd"}\0', "io.svcctl.Control.Odd"),
        (b'{"error":"io.svcctl.Control.Odd","parameters":{"rea', "the application has ended"),
        (b"", "the application has ended"),
        (b"[]\0", "the application's answer makes no sense"),
        (b'{"error":1,"parameters":[]}\0', "the application's answer makes no sense"),
        (b"\xff\0", "the application's answer makes no sense"),
        (b"x" * 2**21, "the application's answer makes no sense"),
    ],
    ids=["failed", "bare", "half", "nothing", "list", "types", "bytes", "large"],
)
def test_whatever_else_comes_back_is_a_failure_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: bytes, said: str
) -> None:
    """On stderr, for the journal."""

    def tolerant() -> int:
        with answering(tmp_path, answer):
            return main([OURS], {"RUNTIME_DIRECTORY": str(tmp_path)})

    before, threading.excepthook = threading.excepthook, lambda _: None  # it hangs up on what is too large
    try:
        assert tolerant() == 70
    finally:
        threading.excepthook = before
    assert capsys.readouterr().err.startswith(f"svcctl: reload failed: {said}")


@pytest.mark.parametrize("environ", [{}, {"RUNTIME_DIRECTORY": "/nowhere"}], ids=["none", "gone"])
def test_without_a_control_socket_the_signal_is_sent_and_nobody_waits(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As older units do; it says so."""
    received: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: received.append(number))
    try:
        assert main([OURS], environ) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert received == [signal.SIGHUP]
    assert "cannot wait for the end of the reload" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["1", "2"], ["-1"], ["x"], [""]])
def test_a_process_has_to_be_named(arguments: list[str]) -> None:
    """By its number."""
    assert main(arguments, {}) == 64


@pytest.mark.parametrize("bad", [False, True])
def test_it_waits_for_an_application_that_runs(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    bad: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    """Until all of it has reloaded, or has gone back."""
    tac = f"""
async def reload():
    await asyncio.sleep(0.2)
    note("reloaded")
    if {bad}:
        raise ValueError("bad file")
"""
    (tmp_path / "run").mkdir()
    environ = {"RUNTIME_DIRECTORY": str(tmp_path / "run")}
    with supervise(tmp_path, tac, environ=environ) as init:
        init.wait_for("READY")
        assert main([str(init.process.pid)], environ) == (70 if bad else 0)
        assert notes(tmp_path) == ["reloaded"]
        init.wait_for("RELOADING")
        status = init.wait_for("READY")["STATUS"]
        assert init.stop() == 0
    said = capsys.readouterr().err
    if bad:
        assert "shop failed to reload: ValueError: bad file" in said
        assert status.startswith("reload failed, going on as before: shop failed")
    else:
        assert (said, status) == ("", "reloaded, 1/1 ready")
