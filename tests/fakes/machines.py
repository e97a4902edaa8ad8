"""A machine whose files are in a temporary folder and whose systemd is the fake one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from svcctl.host import machine
from svcctl.host.machine import Machine


def machine_in(root: Path, *, booted: bool = True) -> Machine:
    """Return the machine of a tree; other than a real one below ``--root``, it can be ``booted``."""
    return replace(machine.find("system", str(root), version=252), booted=booted)


def picture(root: Path) -> dict[str, tuple[str, int, bytes]]:
    """Return everything below a folder: path → kind, mode, content or target of a link."""
    found = {}
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode & 0o7777
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", mode, str(path.readlink()).encode())
        elif path.is_dir():
            found[name] = ("folder", mode, b"")
        else:
            found[name] = ("file", mode, path.read_bytes())
    return found
