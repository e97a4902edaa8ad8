from __future__ import annotations

import itertools
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.generate.debian.naming import (
    debian_version,
    is_package_name,
    is_version,
    propose_package,
    propose_version,
)

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg") is None, reason="there is no dpkg")

#: In Python's order, which is PEP 440's.
ORDERED = (
    "1.0.dev1", "1.0a1.dev2", "1.0a1", "1.0a2", "1.0b1", "1.0rc1", "1.0", "1.0+local.1", "1.0.post1.dev3", "1.0.post1",
    "1.0.1", "1.1", "1.10", "1!0.5",
)  # fmt: skip


@needs_dpkg
@pytest.mark.parametrize(("older", "newer"), tuple(itertools.pairwise(ORDERED)))
def test_dpkg_sorts_translated_versions_as_python_does(older: str, newer: str) -> None:
    """With the real comparison."""
    command = ["dpkg", "--compare-versions", debian_version(older), "lt", debian_version(newer)]
    assert subprocess.run(command, check=False, timeout=20).returncode == 0


@pytest.mark.parametrize("name", ["echo", "python3.11", "g++", "0ad"])
def test_a_name_that_debian_allows_stays(name: str) -> None:
    """And nothing else is proposed."""
    assert is_package_name(name)
    assert propose_package(name) == name


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("Echo", "echo"),
        ("echo_server", "echo-server"),
        ("é", "e-service"),
        ("日", "my-service"),
        ("-x-", "x-service"),
    ],
)
def test_a_name_that_debian_forbids_has_a_proposal(name: str, proposal: str) -> None:
    """The nearest one."""
    assert not is_package_name(name)
    assert propose_package(name) == proposal


@needs_dpkg
@pytest.mark.parametrize("version", ["1", "1.0", "2:1.0~rc1+b-3", "1-2-3", "0~x", "1.0+~local"])
def test_versions_of_debians_form_are_taken(version: str) -> None:
    """As dpkg takes them."""
    assert is_version(version)
    command = ["dpkg", "--validate-version", version]
    assert subprocess.run(command, check=False, timeout=20).returncode == 0


@pytest.mark.parametrize(
    "version", ["", "v1", "1.0-", "1_0", "1 0", "-1", "a:1", "1:", "1\n", "1.0-\n1", ":1"]
)
def test_versions_of_another_form_are_refused(version: str) -> None:
    """Also those that dpkg only warns of."""
    assert not is_version(version)


@given(st.text(max_size=100))
def test_every_proposal_can_be_used(text: str) -> None:
    """Whatever somebody has typed."""
    assert is_package_name(propose_package(text))
    assert is_version(propose_version(text))


@given(
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?", fullmatch=True)
)
def test_every_version_of_python_becomes_one_of_debian(version: str) -> None:
    """Without a proposal."""
    assert is_version(debian_version(version))
