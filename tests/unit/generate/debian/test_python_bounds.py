from __future__ import annotations

import pytest

from svcctl.generate.debian.python_bounds import (
    Bounds,
    allows,
    machine_of,
    minor_of,
    narrowest,
    relations,
    required,
    tagged,
)


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("", Bounds()),
        (">=3.8", Bounds((3, 8))),
        (">= 3.8.1, < 4", Bounds((3, 8))),
        (">=3.8,<3.13", Bounds((3, 8), (3, 13))),
        ("<=3.12", Bounds(None, (3, 13))),
        ("<3.12.4", Bounds(None, (3, 13))),
        ("<3.12.0", Bounds(None, (3, 12))),
        ("~=3.9", Bounds((3, 9))),
        ("~=3.9.2", Bounds((3, 9), (3, 10))),
        ("==3.11.*", Bounds((3, 11), (3, 12))),
        (">=3", Bounds((3, 0))),
        (">=2.7,!=3.0.*", Bounds((2, 7))),
    ],
)
def test_conditions_become_bounds_of_minor_versions(specifier: str, expected: Bounds) -> None:
    """A bound at Python 4 is none: it will not be called python3."""
    assert required(specifier) == expected


@pytest.mark.parametrize(
    ("specifier", "allowed"),
    [
        ("", True),
        (">=3.11", True),
        (">=3.12", False),
        ("<3.11", False),
        ("!=3.11.*", False),
        ("!=3.10.*", True),
    ],
)
def test_a_minor_version_is_allowed_or_not(specifier: str, allowed: bool) -> None:  # noqa: FBT001 (given by pytest)
    """Exclusions count, too."""
    assert allows(specifier, "3.11") is allowed


@pytest.mark.parametrize("specifier", ["3.8", ">=x", ">=3.8 <4", ">= "])
def test_what_is_no_condition_is_an_error(specifier: str) -> None:
    """It is never taken for none."""
    with pytest.raises(ValueError, match="not a condition"):
        required(specifier)


def test_what_is_no_version_is_an_error() -> None:
    """Of the target, that is."""
    assert minor_of("3.11.2") == (3, 11)
    with pytest.raises(ValueError, match="not a version"):
        minor_of("3")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("py3-none-any", Bounds()),
        ("py39-none-any", Bounds((3, 9))),
        ("cp311-cp311-manylinux_2_28_x86_64", Bounds((3, 11), (3, 12))),
        ("cp311-none-manylinux2014_x86_64", Bounds((3, 11), (3, 12))),
        ("cp37-abi3-manylinux1_x86_64", Bounds((3, 7))),
        ("py3-none-linux_x86_64", Bounds()),
        ("cp312-cp312-manylinux_2_28_x86_64", None),
        ("cp312-abi3-manylinux_2_28_x86_64", None),
        ("py312-none-any", None),
        ("cp313-cp313t-manylinux_2_28_x86_64", None),
        ("py2-none-any", None),
        ("cp311-cp311-manylinux_2_28_aarch64", None),
        ("cp311-cp311-musllinux_1_2_x86_64", None),
        ("cp311-cp311-macosx_11_0_arm64", None),
        ("cp311-cp311-win_amd64", None),
        ("pp310-pypy310_pp73-manylinux_2_28_x86_64", None),
    ],
)
def test_a_tag_fits_the_target_or_does_not(tag: str, expected: Bounds | None) -> None:
    """Code for one minor version binds to it; that for the stable ABI to those from then on."""
    assert tagged(tag, "3.11", "amd64") == expected


def test_the_narrowest_bounds_hold_for_all() -> None:
    """The latest beginning, the earliest end."""
    assert narrowest([Bounds((3, 8)), Bounds(), Bounds((3, 9), (3, 13)), Bounds(None, (3, 12))]) == Bounds(
        (3, 9), (3, 12)
    )


def test_bounds_are_written_as_relations() -> None:
    """Pure code does with a python3 of any architecture; one without bounds needs it all the same."""
    assert relations(Bounds((3, 11), (3, 12)), same_architecture=True) == (
        "python3 (>= 3.11~)",
        "python3 (<< 3.12)",
    )
    assert relations(Bounds((3, 9)), same_architecture=False) == ("python3:any (>= 3.9~)",)
    assert relations(Bounds(), same_architecture=False) == ("python3:any",)
    assert relations(Bounds(), same_architecture=True) == ("python3",)


def test_machines_have_another_name_in_tags() -> None:
    """None, if none is known."""
    assert machine_of("amd64") == "x86_64"
    assert machine_of("hurd-i386") == ""
