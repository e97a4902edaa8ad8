"""Log files that several threads write to, rotate and open again at once: an application may use one without a handler."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.logfile import LogFile

WRITERS, LINES, SIZE, ROUNDS = 4, 3000, 20_000, 100


@pytest.fixture(autouse=True)
def turns() -> Iterator[None]:
    """Let threads take turns after each few instructions, so that whatever can come between two of them does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_no_line_is_lost_torn_or_doubled(tmp_path: Path) -> None:
    """Whoever else rotates or opens it again meanwhile."""
    log = LogFile("log", str(tmp_path), rotateLength=SIZE, maxRotatedFiles=None)

    def write(writer: int) -> None:
        for number in range(LINES):
            log.write(f"{writer} {number} {'x' * 60}\n")

    def renew() -> None:
        for _ in range(ROUNDS):
            log.renew()
            log.reopen()
            log.flush()

    writers = [threading.Thread(target=write, args=(each,)) for each in range(WRITERS)]
    renewer = threading.Thread(target=renew)
    for each in (*writers, renewer):
        each.start()
    for each in (*writers, renewer):
        each.join()
    log.close()
    found: dict[int, list[int]] = {each: [] for each in range(WRITERS)}
    for path in tmp_path.iterdir():
        for line in path.read_text().splitlines():
            writer, number, rest = line.split(" ")
            assert rest == "x" * 60
            found[int(writer)].append(int(number))
    assert {each: sorted(numbers) for each, numbers in found.items()} == {
        each: list(range(LINES)) for each in range(WRITERS)
    }
    assert log.rotation_error is None
