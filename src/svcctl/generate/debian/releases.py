"""The releases of Debian that packages are made for, and what each has that a package depends on.

Source: https://www.debian.org/releases/; the versions in their archives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Distribution = Literal["bookworm", "trixie"]


class Release(NamedTuple):
    """One release.

    Attributes:
        name: Its code name.
        python: Minor version of its python3, such as ``3.11``.
        glibc: Version of its C library.
        systemd: Version of its systemd.
        date: Day of its first release, in seconds since 1970.
        policy: Version of Debian's policy that its tools check source packages against.
    """

    name: Distribution
    python: str
    glibc: str
    systemd: int
    date: int
    policy: str


RELEASES: Mapping[Distribution, Release] = {
    "bookworm": Release("bookworm", "3.11", "2.36", 252, 1_686_355_200, "4.6.2"),
    "trixie": Release("trixie", "3.13", "2.41", 257, 1_754_697_600, "4.7.2"),
}
