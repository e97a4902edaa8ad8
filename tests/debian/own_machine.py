"""A booted system with svcctl's own packages on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.debian.own_trees import target_tree
from tests.systemd.machine import Machine
from tests.systemd.trees import REPOSITORY, Suite

#: What a package may not leave anything in. Dpkg's own notes and what the system writes by itself are elsewhere.
WATCHED = ("/etc", "/opt", "/srv", "/usr", "/var/lib")
#: Below these the system writes by itself.
PASSING = ("/var/lib/dpkg", "/var/lib/systemd")
ARTEFACTS = "/srv/artefacts"
SOURCE = "/root/source"


@contextmanager
def booted(suite: Suite, folder: Path) -> Iterator[Machine]:
    """Give a machine of a release that has what the packages depend on, but not them."""
    machine = Machine(suite, target_tree(suite), folder)
    machine.boot()
    try:
        yield machine
    finally:
        machine.close()


def put_source(machine: Machine) -> None:
    """Copy what the packages' own tests take from the source."""
    for file in [*(REPOSITORY / "debian/tests").iterdir(), REPOSITORY / "examples/echo.tac"]:
        path = file.relative_to(REPOSITORY)
        machine.write(f"{SOURCE}/{path}", file.read_bytes(), mode=file.stat().st_mode & 0o777)


def content(machine: Machine) -> set[str]:
    """Return all that packages or applications could leave behind: kind, mode, owner and path."""
    return {line for line in machine.files(*WATCHED) if not line.split(" ", 3)[3].startswith(PASSING)}
