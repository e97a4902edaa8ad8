"""The trees for svcctl's own packages: one of each release to build in, one to install on; and what is built, cached.

``python -m tests.debian.own_trees SUITE...`` builds the trees ahead of need.
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
from collections.abc import Callable
from pathlib import Path

from tests.systemd.mirror import debian_mirror
from tests.systemd.trees import ATTEMPTS, MASKED, REPOSITORY, SUITES, Suite, cache, locked

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
OPTIONS = (
    "--variant=minbase",
    "--mode=root",
    "--quiet",
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    "--dpkgopt=force-unsafe-io",
)
JOURNAL = "[Journal]\nForwardToConsole=yes\nMaxLevelConsole=debug\n"
KEPT = 3


def build_tree(suite: Suite) -> Path:
    """Return a tree that has what ``debian/control`` wants for a build, and nothing else."""
    control = (REPOSITORY / "debian/control").read_text()
    wanted = re.search(r"^Build-Depends:.*(?:\n .*)*", control, re.MULTILINE)
    assert wanted is not None
    return _tree(f"{suite.name}-build", (wanted[0], TREE.read_text()), lambda root: _make_build(suite, root))


def target_tree(suite: Suite) -> Path:
    """Return a tree that systemd boots from, with what the packages depend on but not with them."""
    recipe = (repr((INSTALLED, OPTIONS, MASKED)), JOURNAL)
    return _tree(f"{suite.name}-target", recipe, lambda root: _make_target(suite, root))


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


def _tree(name: str, recipe: tuple[str, ...], make: Callable[[Path], None]) -> Path:
    """Return a tree by its recipe; make it if it is not there. A mirror that fails is asked again."""
    folder = cache() / "own-trees"
    ready = folder / f"{name}-{hashlib.sha256(repr(recipe).encode()).hexdigest()[:16]}"
    with locked(folder / name):
        for attempt in range(1, ATTEMPTS + 1):
            if ready.exists():
                break
            with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as work:
                try:
                    make(Path(work) / "root")
                except subprocess.CalledProcessError:
                    if attempt == ATTEMPTS:
                        raise
                else:
                    (Path(work) / "root").rename(ready)
                    _forget(folder, name, ready)
    return ready


def _forget(folder: Path, name: str, ready: Path) -> None:
    """Remove trees of older recipes."""
    for old in folder.glob(f"{name}-*"):
        if old != ready:
            shutil.rmtree(old)


def _make_build(suite: Suite, root: Path) -> None:
    _call(str(TREE), suite.name, str(root), debian_mirror())


def _make_target(suite: Suite, root: Path) -> None:
    _call("mmdebstrap", *OPTIONS, f"--include={','.join(INSTALLED)}", suite.name, str(root), debian_mirror())
    root.chmod(0o755)
    (root / "etc/hostname").write_text("debian\n")
    (root / "etc/resolv.conf").write_text("")
    journald = root / "etc/systemd/journald.conf.d"
    journald.mkdir(parents=True)
    (journald / "console.conf").write_text(JOURNAL)
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")


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
    for wanted in sys.argv[1:] or SUITES:
        build_tree(SUITES[wanted])
        target_tree(SUITES[wanted])
