"""Has systemd-analyze look at units before systemd does."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from svcctl.errors import CommandError
from svcctl.host import commands
from svcctl.host.machine import Machine
from svcctl.plan.model import File

_TOOL = "systemd-analyze"
_SCORE = re.compile(r"exposure level for .*: (\d+\.\d+) ")
_A_UNIT = re.compile(r"\.(service|socket|target|slice|mount|automount|device|path|timer|swap|scope)\b")


def is_unit(path: str) -> bool:
    """Return whether a file of this path is one that systemd loads as a unit."""
    return path.endswith((".service", ".socket"))


def available() -> bool:
    """Return whether there is a systemd-analyze."""
    return commands.available(_TOOL)


def verify(files: Sequence[File], machine: Machine) -> tuple[str, ...]:
    """Return what systemd has to say against the units among these files; nothing if it accepts them.

    They are looked at in a folder of their own, where they come before those of the same name that are installed.
    Complaints about other units of the machine, which these only refer to, are left out. Status 0 alone proves
    nothing: unknown directives are ignored with a message. Source: systemd-analyze(1).

    Raises:
        CommandError: The tool could not do its work.
    """
    units = [file for file in files if is_unit(file.path)]
    if not units or not available():
        return ()
    with _written(units) as paths:
        return _verify(paths, machine)


def exposure(file: File) -> float | None:
    """Return systemd's score of a service's sandbox, 0 (best) to 10; ``None`` without a tool that can tell.

    Source: ``systemd-analyze security --offline=true``, since systemd 250.
    """
    if not available():
        return None
    with _written((file,)) as paths:
        done = commands.run((_TOOL, "security", "--no-pager", "--offline=true", *paths), accept=None)
    found = _SCORE.search(done.stdout)
    return float(found[1]) if found else None


@contextmanager
def _written(units: Sequence[File]) -> Iterator[tuple[str, ...]]:
    """Write units into a folder of their own and yield their paths.

    A template becomes an instance named 1: the name that systemd-analyze would give it is no port.
    """
    with tempfile.TemporaryDirectory(prefix="svcctl-") as folder:
        paths = []
        for unit in units:
            path = Path(folder, Path(unit.path).name.replace("@.", "@1."))
            path.write_bytes(unit.content)
            paths.append(str(path))
        yield tuple(paths)


def _verify(paths: Sequence[str], machine: Machine) -> tuple[str, ...]:
    scope = ("--user",) if machine.scope == "user" else ()
    command = (_TOOL, *scope, "verify", "--man=no", "--recursive-errors=one", *paths)
    done = commands.run(command, accept=None)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    names = tuple(Path(path).name for path in paths)
    ours = tuple(_without_folder(line, paths) for line in said if any(name in line for name in names))
    if done.status != 0 and not ours and not any(_A_UNIT.search(line) for line in said):
        raise CommandError(command, done.status, "; ".join(said))
    return ours


def _without_folder(line: str, paths: Sequence[str]) -> str:
    for path in paths:
        line = line.replace(f"{Path(path).parent}/", "")
    return line.strip()
