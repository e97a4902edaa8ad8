"""Control groups of a machine: made before it boots, removed when it has ended."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

MOUNTED = Path("/sys/fs/cgroup")
#: The hierarchies that systemd follows processes in: the unified one, and beside it the named one of older hosts.
HYBRID = ("unified", "systemd")


def unified_hierarchy() -> Path:
    """Return where the unified hierarchy is mounted."""
    return MOUNTED / "unified" if (MOUNTED / "unified").is_dir() else MOUNTED


def make_cgroups(name: str) -> tuple[Path, ...]:
    """Make a control group of that name in each hierarchy that systemd uses here.

    Args:
        name: ``svcctl-PID-NUMBER``, where PID is the process of the tests.
    """
    hierarchies = [MOUNTED / kind for kind in HYBRID if (MOUNTED / kind).is_dir()] or [MOUNTED]
    _sweep(hierarchies)
    made = tuple(hierarchy / name for hierarchy in hierarchies)
    for cgroup in made:
        cgroup.mkdir(exist_ok=True)
    return made


def _sweep(hierarchies: list[Path]) -> None:
    """Remove what tests have left that were killed; their machines died with them."""
    for hierarchy in hierarchies:
        for cgroup in hierarchy.glob("svcctl-*-*"):
            if not Path("/proc", cgroup.name.split("-")[1]).exists():
                with contextlib.suppress(OSError):
                    _remove(cgroup)


def remove_cgroups(cgroups: tuple[Path, ...], *, patience: float = 10.0) -> None:
    """Remove control groups with all below them, once the kernel has cleared their last processes.

    Raises:
        OSError: Something still runs in one of them after ``patience`` seconds.
    """
    end = time.monotonic() + patience
    for cgroup in cgroups:
        while cgroup.exists():
            try:
                _remove(cgroup)
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)


def _remove(cgroup: Path) -> None:
    """Remove one control group, the innermost first."""
    for below in cgroup.iterdir():
        if below.is_dir():
            _remove(below)
    with contextlib.suppress(FileNotFoundError):
        cgroup.rmdir()
