"""The trees for svcctl's own packages: one of each release to build in, one to install on; and what is built, cached.

``python -m tests.debian.own_trees`` makes all of it ahead of need.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.systemd.mirror import debian_mirror
from tests.systemd.trees import REPOSITORY, SUITES, Suite, bootstrap, cache, configure, kept, locked

TREE = REPOSITORY / "packaging/tree"
#: A system as an administrator has it, what the packages depend on, and what is checked with.
INSTALLED = (
    "dbus",
    "libpam-systemd",
    "lintian",
    "man-db",
    "procps",
    "python3",
    "python3-psutil",
    "python3-sdnotify",
    "python3-typer",
    "systemd",
    "systemd-sysv",
)
KEPT = 3


def build_tree(suite: Suite) -> Path:
    """Return a tree that has what ``debian/control`` wants for a build, and nothing else."""
    control = (REPOSITORY / "debian/control").read_text()
    wanted = re.search(r"^Build-Depends:.*(?:\n .*)*", control, re.MULTILINE)
    assert wanted is not None
    recipe = repr((suite, wanted[0], TREE.read_text()))
    return kept(f"{suite.name}-build", recipe, lambda work: _make_build(suite, work))


def target_tree(suite: Suite) -> Path:
    """Return a tree that systemd boots from, with what the packages depend on but not with them."""
    return kept(f"{suite.name}-target", repr((suite, INSTALLED)), lambda work: _make_target(suite, work))


def run_in(tree: Path, folder: Path, argv: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command as nobody with a tree as the system, and a folder as its ``/srv``; nothing is written to either.

    Not on a machine: a machine shares the processors as one process does, however many others there are.
    """
    mounts = (
        'mount -t tmpfs tmpfs "$1/tmp"; mount -t proc proc "$1/proc"; mount --bind -o ro "$2" "$1/srv"; '
        'tree=$1; shift 2; exec chroot --userspec=nobody:nogroup "$tree" env --chdir=/srv LC_ALL=C.UTF-8 "$@"'
    )
    own = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-euc", mounts, "sh")
    return subprocess.run([*own, str(tree), str(folder), *argv], capture_output=True, text=True, check=False)


def released(suites: list[Suite]) -> Path:
    """Return a folder with what ``packaging/build`` makes of the checkout as it is; build it if nobody has yet."""
    folder = cache() / "released"
    ready = folder / _digest()
    with locked(folder / "build"):
        if not ready.exists():
            with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as work:
                made = Path(work) / "made"
                build(made, suites)
                made.rename(ready)
            _keep_newest(folder)
    return ready


def build(
    output: Path,
    suites: list[Suite],
    *,
    checkout: Path = REPOSITORY,
    caller: tuple[str, ...] = (),
    **environment: str,
) -> None:
    """Run ``packaging/build``.

    Args:
        output: Where it puts what it makes.
        suites: Releases that packages are built for.
        checkout: What is built.
        caller: A command that runs it, such as ``sh -c``.
        environment: Variables besides those of this process.
    """
    trees = [str(build_tree(suite)) for suite in suites]
    _call(*caller, str(checkout / "packaging/build"), str(output), *trees, **environment)


def _make_build(suite: Suite, work: Path) -> Path:
    _call(str(TREE), suite.name, str(work / "root"), debian_mirror())
    return work / "root"


def _make_target(suite: Suite, work: Path) -> Path:
    bootstrap(suite, work / "root", INSTALLED)
    configure(work / "root")
    return work / "root"


def _digest() -> str:
    """Return a digest of all that goes into a release, and of what builds it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    tops = ["pyproject.toml", ".gitignore", *project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]]
    files = (
        path
        for top in tops
        for path in sorted({REPOSITORY / top, *(REPOSITORY / top).rglob("*")})
        if path.is_file()
    )
    digest = hashlib.sha256()
    for path in files:
        if "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(REPOSITORY)}\0{path.stat().st_mode & 0o111}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _keep_newest(folder: Path) -> None:
    built = sorted(
        (path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
    )
    for old in built[:-KEPT]:
        shutil.rmtree(old)


def _call(*command: str, **environment: str) -> None:
    """Run a command that is part of a build; what it says goes to stderr."""
    surroundings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", **environment}
    subprocess.run(command, check=True, env=surroundings, stdin=subprocess.DEVNULL, stdout=sys.stderr)


if __name__ == "__main__":
    for each in SUITES.values():
        target_tree(each)
    released(list(SUITES.values()))
