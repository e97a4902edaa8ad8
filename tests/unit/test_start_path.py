"""The way from the start of a process to readiness is short: what it imports is counted here, module by module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: Each costs more than several modules of ours, or has no business in production.
HEAVY = {
    "argparse",
    "dataclasses",
    "importlib.metadata",
    "json",
    "pathlib",
    "pickle",
    "psutil",
    "rich",
    "subprocess",
    "typer",
}

TREE = [
    "svcctl",
    "svcctl.application",
    "svcctl.application.tree",
    "svcctl.application.tree.binding",
    "svcctl.application.interfaces",
    "svcctl.application.lifecycle",
    "svcctl.application.tree.record",
    "svcctl.application.tree.root",
    "svcctl.application.tree.starting",
    "svcctl.application.service",
    "svcctl.errors",
]
SERVERS = [
    "svcctl.application.internet",
    "svcctl.application.servers",
    "svcctl.application.servers.listening",
    "svcctl.application.servers.sockets",
    "svcctl.endpoints",
    "svcctl.endpoints.values",
    "svcctl.value",
]
RUNNER = [
    "svcctl.runtime",
    "svcctl.runtime.__main__",
    "svcctl.runtime.environment",
    "svcctl.runtime.logs",
    "svcctl.runtime.machine",
    "svcctl.runtime.notify",
    "svcctl.runtime.runner",
    "svcctl.value",
]


def imported(program: str) -> set[str]:
    """Return the modules that a process has loaded at the end of a program."""
    program += "\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-P", "-c", program]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """Return what the two things import that a runner cannot do without."""
    return imported("import asyncio, sdnotify")


START_AND_STOP = """
import asyncio
from svcctl.application import internet, lifecycle, service

async def echo(reader, writer):
    writer.write(await reader.read(100))

application = service.Application("echo")
internet.TCPServer(0, echo, interface="127.0.0.1").setServiceParent(application)

async def main():
    await lifecycle.start(application)
    STOP

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("program", "ours"),
    [
        ("import svcctl.application.service", TREE),
        ("import svcctl.application.internet", TREE + SERVERS),
        ("import svcctl.runtime.__main__", TREE + RUNNER),
        (
            START_AND_STOP.replace("STOP", "import os, sys; print(*sys.modules, flush=True); os._exit(0)"),
            [*TREE, *SERVERS, "svcctl.application.servers.handler"],
        ),
        (
            START_AND_STOP.replace("STOP", "await lifecycle.stop(application)"),
            [
                *TREE,
                *SERVERS,
                "svcctl.application.servers.handler",
                "svcctl.application.tree.budget",
                "svcctl.application.tree.stopping",
            ],
        ),
    ],
    ids=["tree", "servers", "runner", "ready", "stopped"],
)
def test_exactly_these_modules_of_ours_are_loaded(bare: set[str], program: str, ours: list[str]) -> None:
    """Whoever adds one says so here; none of them brings a heavy one along."""
    new = imported(program) - bare
    assert sorted(name for name in new if name.partition(".")[0] == "svcctl") == sorted(ours)
    assert new & HEAVY == set()


def test_what_is_not_ours_is_there_already(bare: set[str]) -> None:
    """The runner adds next to nothing to what asyncio and sdnotify import themselves."""
    new = {
        name for name in imported("import svcctl.runtime.__main__") - bare if not name.startswith("svcctl")
    }
    assert new <= {"__future__", "gc", "unicodedata"}  # the last is built into Debian's Python


def test_an_application_that_does_not_use_twisted_never_imports_it(bare: set[str], tmp_path: Path) -> None:
    """Nor anything of what runs those that do, although it is installed."""
    file = tmp_path / "app.tac"
    file.write_text("from svcctl.application.service import Application\napplication = Application('shop')\n")
    new = imported(f"from svcctl.loading.tac import load_tac\nload_tac({str(file)!r})") - bare
    assert not [name for name in new if name.startswith(("twisted", "zope", "svcctl.interop"))]
