from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise

import pytest

from svcctl.generate.debian.version_order import compare

#: Each is older than the one after it.
ASCENDING = (
    "0~~",
    "0~",
    "0",
    "0.9-1",
    "1.0~~a",
    "1.0~rc1-1",
    "1.0",
    "1.0-1~bpo12+1",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1.1",
    "1.0a",
    "1.0+dfsg-1",
    "1.0.1",
    "1.9",
    "1.10",
    "1.10-9",
    "1.10-10",
    "2",
    "1:0.1",
)


def test_versions_are_ordered_as_the_policy_says() -> None:
    """Tildes before the end, the end before letters, letters before the rest; numbers as numbers; epochs first."""
    for index, version in enumerate(ASCENDING):
        assert [compare(version, other) < 0 for other in ASCENDING[index + 1 :]] == [True] * (
            len(ASCENDING) - index - 1
        )
        assert [compare(version, other) > 0 for other in ASCENDING[:index]] == [True] * index


def test_versions_that_mean_the_same_are_equal() -> None:
    """Leading zeros, an epoch of 0 and a revision of 0 say nothing."""
    assert compare("1.01", "1.1") == 0
    assert compare("0:1.1", "1.1") == 0
    assert compare("1.1-0", "1.1") == 0


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed")
def test_dpkg_orders_them_the_same() -> None:
    """Each against the one after it."""
    for older, newer in pairwise(ASCENDING):
        asked = ["dpkg", "--compare-versions", older, "lt", newer]
        assert subprocess.run(asked, check=False).returncode == 0, (older, newer)
