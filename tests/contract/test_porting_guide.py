"""What the porting guide shows is run: the ported files do the same as each other, and its names are there."""

from __future__ import annotations

import importlib
import re
import socket
import sys
from difflib import ndiff
from pathlib import Path

import pytest

from tests.fakes.init import FakeInit

PAGE = Path(__file__).parents[2] / "docs/how-to/port-a-twisted-application.md"
LIMIT = 10.0
BEFORE, *PORTED = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
#: What the steps of the guide are about, each with a mark of its lines.
STEPS = ("import", "async ", "await ", "log", "needs=")


@pytest.mark.parametrize("source", PORTED, ids=["by its imports", "with what asyncio has"])
def test_a_ported_file_of_the_guide_runs(source: str, tmp_path: Path) -> None:
    """Notes hang there for the next visitor, and are in the file when it has stopped."""
    (tmp_path / "board.tac").write_text(source)
    command = [sys.executable, "-P", "-m", "svcctl.runtime", "--inherit", "board.service", "board.tac"]
    server = socket.create_server(("127.0.0.1", 0))
    kept = tmp_path / "kept.txt"
    environ = {"LISTEN_FDNAMES": "tcp-7800", "BOARD_FILE": str(kept)}
    with server, FakeInit(command, tmp_path, environ, (server,)) as init:
        init.wait_for("READY")
        with _visitor(server) as first:
            first.sendall(b"milk\nbre")
            init.wait_for_log("1 notes")
            first.sendall(b"ad\n")
            init.wait_for_log("2 notes")
        with _visitor(server) as second, second.makefile("rb") as seen:
            assert [seen.readline(), seen.readline()] == [b"milk\n", b"bread\n"]
        assert init.stop() == 0
    assert kept.read_bytes() == b"milk\nbread\n"


def _visitor(server: socket.socket) -> socket.socket:
    """Return a connection to the board."""
    return socket.create_connection(server.getsockname(), timeout=LIMIT)


def test_porting_changes_only_the_lines_that_the_steps_are_about() -> None:
    """Both ways: what is gone, and what has come."""
    changed = [line for line in ndiff(BEFORE.splitlines(), PORTED[0].splitlines()) if line[0] in "+-"]
    touched = [line for line in changed if line[2:].strip() and not any(step in line for step in STEPS)]
    assert touched == ["-     def save(self):", '-         return threads.deferToThread(self.write, b"".join(self.notes))',
                       "-     def stopService(self):", "-         return self.save()",
                       '- application = service.Application("board")']  # fmt: skip


NAMES = re.findall(
    r"^\| `[\w.]+`: ([\w, ]+) \| `(svcctl\.application\.\w+)` \|$", PAGE.read_text(), re.MULTILINE
)


@pytest.mark.parametrize(("names", "module"), NAMES, ids=[module for _, module in NAMES])
def test_the_names_of_the_guide_are_where_it_says(names: str, module: str) -> None:
    """Each can be imported from there."""
    there = importlib.import_module(module)
    assert [name for name in names.split(", ") if not hasattr(there, name)] == []


def test_the_guide_has_a_row_for_each_module() -> None:
    """Those that a port imports from."""
    assert {module.rpartition(".")[2] for _, module in NAMES} == {
        *("service", "internet", "strports", "endpoints", "protocol", "wire", "procmon", "reactor"),
        *("log", "logfile", "usage", "sob", "styles"),
    }
