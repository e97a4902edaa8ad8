"""Giving up root, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import json, os, sys
from svcctl.errors import SvcctlError
from svcctl.runtime.privileges import drop
try:
    drop(*json.loads(sys.argv[1]))
    try:
        os.setuid(0)
        back = True
    except PermissionError:
        back = False
    print(json.dumps({"uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(), "back": back}))
except SvcctlError as error:
    print(json.dumps({"error": error.code, "status": error.exit_status}))
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")


def drop(user: str | int | None, group: str | int | None = None) -> dict[str, Any]:
    """Have a process become somebody else; return who it is then."""
    command = [sys.executable, "-P", "-c", PROGRAM, json.dumps([user, group])]
    result: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return result


@needs_root
@pytest.mark.parametrize("user", ["nobody", 65534, "65534"])
def test_root_becomes_the_user_for_good(user: str | int) -> None:
    """By name or number, with the user's own group, without a way back."""
    result = drop(user)
    assert result["uid"] == [65534] * 3
    assert len(set(result["gid"])) == 1
    assert 0 not in {*result["gid"], *result["groups"]}
    assert not result["back"]


@needs_root
def test_a_group_alone_leaves_the_user() -> None:
    """Supplementary groups are given up."""
    result = drop(None, 65534)
    assert result["uid"] == [0] * 3
    assert result["gid"] == [65534] * 3
    assert result["groups"] == [65534]


@pytest.mark.parametrize(("user", "group"), [("no-such-user", None), (None, "no-such-group")])
def test_an_unknown_name_is_a_configuration_error(user: str | None, group: str | None) -> None:
    """It has to be created on this machine first."""
    assert drop(user, group) == {"error": "configuration", "status": 78}


def test_becoming_who_one_is_needs_no_right() -> None:
    """As under an init system that has set the user already."""
    assert drop(os.geteuid(), os.getegid())["uid"] == [os.geteuid()] * 3
