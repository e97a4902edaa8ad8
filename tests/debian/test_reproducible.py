"""A package is a function of what it is made of."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.debian.build import REPEATER, SITE, Parts, Program, build, plain, with_asgi
from tests.systemd.trees import REPOSITORY, Suite

#: Builds what it is given on stdin, in the folder that it is started in, its inputs in another order.
ELSEWHERE = """
import pathlib, pickle, sys
from tests.debian.build import build
program, parts = pickle.load(sys.stdin.buffer)
build(program, pathlib.Path.cwd(), parts._replace(wheels=parts.wheels[::-1]))
"""
#: Somebody else on another machine; who may read all the same, since the tests may lie in a folder of root's.
OTHER = (
    "unshare", "--uts", "sh", "-c", 'hostname elsewhere && umask 0002 && exec "$@"', "sh",
    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
    "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
)  # fmt: skip
VARIABLES = {
    "HOME": "/nonexistent",
    "LC_ALL": "tr_TR.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "7",
    "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/src",
    "SOURCE_DATE_EPOCH": "86400",
    "TZ": "Pacific/Kiritimati",
}


@pytest.mark.parametrize("kind", ["pure", "binary"])
def test_somebody_else_makes_the_same_package_elsewhere(
    suite: Suite, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    """In another folder, at another time, with other variables, locale, umask, machine and order: not a byte differs."""
    program = Program(REPEATER if kind == "pure" else SITE, "same", 8009)
    parts = plain(suite) if kind == "pure" else with_asgi(suite)
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    first = build(program, here, parts)
    second = _elsewhere(program, parts, there)
    assert second.name == first.name
    assert second.read_bytes() == first.read_bytes()


def _elsewhere(program: Program, parts: Parts, folder: Path) -> Path:
    """Build in another process and return the package."""
    os.chown(folder, 65534, 65534)
    done = subprocess.run(
        [*OTHER, sys.executable, "-c", ELSEWHERE],
        input=pickle.dumps((program, parts)),
        env=VARIABLES,
        cwd=folder,
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    deb = next(folder.glob("*.deb"))
    assert deb.stat().st_uid == 65534
    return deb
