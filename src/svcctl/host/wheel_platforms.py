"""What installers call a Debian system in the tags of wheels (PEP 600)."""

from __future__ import annotations

import platform

from svcctl.generate.debian.python_bounds import machine_of

#: The first version of the C library in tags, and the older names of some.
_OLDEST = {"amd64": 5, "i386": 5}
_OLDEST_ELSEWHERE = 17
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_UV_KNOWS = (17, 28, *range(31, 41))
_MACHINES_HERE = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "armhf",
    "i686": "i386",
    "ppc64le": "ppc64el",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "loongarch64": "loong64",
}


def here() -> str:
    """Return Debian's name of the architecture that this process runs on; empty if none is known."""
    return _MACHINES_HERE.get(platform.machine(), "")


def platforms(architecture: str, glibc: str) -> tuple[str, ...]:
    """Return the platforms whose wheels run on a target, the best first.

    Args:
        architecture: Debian's name of it.
        glibc: Version of its C library, such as ``2.36``.

    Example:
        >>> platforms("arm64", "2.17")
        ('manylinux_2_17_aarch64', 'manylinux2014_aarch64', 'linux_aarch64')
    """
    machine = machine_of(architecture)
    newest = int(glibc.split(".")[1])
    found = []
    for minor in range(newest, _OLDEST.get(architecture, _OLDEST_ELSEWHERE) - 1, -1):
        found.append(f"manylinux_2_{minor}_{machine}")
        if minor in _LEGACY:
            found.append(f"{_LEGACY[minor]}_{machine}")
    return (*found, f"linux_{machine}")


def uv_platform(architecture: str, glibc: str) -> str:
    """Return what uv calls a target, such as ``x86_64-manylinux_2_36``: the newest C library that it has a name for."""
    minor = max((each for each in _UV_KNOWS if each <= int(glibc.split(".")[1])), default=_UV_KNOWS[0])
    return f"{machine_of(architecture)}-manylinux_2_{minor}"
