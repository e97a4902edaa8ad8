"""Minimal Debian trees that systemd boots from, built once and kept outside of the repository.

A tree holds a Debian release with systemd and, in ``/opt/svcctl``, a virtual environment with what svcctl needs;
svcctl itself is added to a session's own copy. ``python -m tests.systemd.trees SUITE...`` builds ahead of need.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.systemd.mirror import debian_mirror

REPOSITORY = Path(__file__).resolve().parents[2]


class Suite(NamedTuple):
    """A Debian release.

    Attributes:
        name: Its code name.
        systemd: Its version of systemd.
        python: Its version of Python.
    """

    name: str
    systemd: int
    python: str


SUITES = {suite.name: suite for suite in (Suite("bookworm", 252, "3.11"), Suite("trixie", 257, "3.13"))}
PACKAGES = (
    "dbus",
    "dbus-user-session",  # user scope: systemd --user wants a bus
    "iproute2",
    "libpam-systemd",  # user scope: a session for user@UID.service
    "passwd",
    "procps",
    "python3",
    "python3-venv",
    "systemd",
    "systemd-sysv",
    "util-linux",
)
#: Distributions that publish no wheel: they are built here, being pure Python.
SOURCE_ONLY = ("sdnotify",)
#: Newer ones load pydantic for each command, more than svcctl itself; the tests outside of the trees run one of these.
LIGHT = "typer<0.28"
OPTIONS = (
    "--variant=minbase",
    "--mode=root",
    "--quiet",
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    "--dpkgopt=force-unsafe-io",
)
WITHOUT_DOCUMENTS = (
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
)
#: Everything that is logged goes to the console too, which outlives the machine.
JOURNAL = "[Journal]\nForwardToConsole=yes\nMaxLevelConsole=debug\n"
#: Background work that would disturb the tests.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
)
ATTEMPTS = 3
UNUSED_DAYS = 3


def cache() -> Path:
    """Return the folder that keeps trees and wheels between sessions."""
    default = Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or default) / "svcctl"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock beside ``path``, so that nobody else builds it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tree(suite: Suite) -> Path:
    """Return the tree of a suite."""
    recipe = repr((suite, PACKAGES, _requirements(), Path(__file__).read_text()))
    return kept(suite.name, recipe, lambda work: _build(suite, work))


def kept(name: str, recipe: str, build: Callable[[Path], Path]) -> Path:
    """Return a tree of the cache; build it if it is not there or was made by another recipe.

    Args:
        name: What it is, such as a release's name.
        recipe: All that it follows from.
        build: Makes it in a folder of its own and returns where it is; called again if a command of its fails.
    """
    folder = cache() / "trees"
    ready = folder / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    with locked(folder / name):
        if not ready.exists():
            _build_with_retries(ready, build)
        os.utime(ready)
        _forget_unused(folder)
    return ready


def _build_with_retries(ready: Path, build: Callable[[Path], Path]) -> None:
    """Build a tree beside its place and move it there; a mirror that fails is asked again."""
    for attempt in range(1, ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(dir=ready.parent, prefix=".building-") as work:
            try:
                build(Path(work)).rename(ready)
            except subprocess.CalledProcessError:
                if attempt == ATTEMPTS:
                    raise
            else:
                return


def _build(suite: Suite, work: Path) -> Path:
    """Build a tree in ``work``."""
    root, wheels = work / "root", work / "wheels"
    bootstrap(suite, root, PACKAGES, *WITHOUT_DOCUMENTS)
    configure(root)
    download(suite, wheels, _requirements())
    shutil.copytree(wheels, root / "opt/wheels")
    _call("chroot", str(root), "python3", "-m", "venv", "/opt/svcctl")
    pip = ("/opt/svcctl/bin/pip", "install", "--quiet", "--no-index", "--find-links=/opt/wheels")
    _call("chroot", str(root), *pip, *_requirements())
    shutil.rmtree(root / "opt/wheels")
    (root / "usr/local/bin/svcctl").symlink_to("/opt/svcctl/bin/svcctl")
    return root


def bootstrap(suite: Suite, root: Path, packages: Iterable[str], *options: str) -> None:
    """Install a release with some packages."""
    include = f"--include={','.join(packages)}"
    _call("mmdebstrap", *OPTIONS, *options, include, suite.name, str(root), debian_mirror())
    root.chmod(0o755)


def configure(root: Path) -> None:
    """Make the tree independent of the machine that built it, and quiet."""
    (root / "etc/hostname").write_text("debian\n")
    (root / "etc/resolv.conf").write_text("")
    journald = root / "etc/systemd/journald.conf.d"
    journald.mkdir(parents=True)
    (journald / "console.conf").write_text(JOURNAL)
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")


def _requirements() -> tuple[str, ...]:
    """Return what svcctl depends on, with what serves HTTP and what encrypts."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return (*project["dependencies"], LIGHT, *extras["web"], *extras["crypto"])


def download(suite: Suite, wheels: Path, requirements: Iterable[str]) -> None:
    """Fetch distributions, and all they need, as wheels for a suite's Python into a folder that is made."""
    pip = (sys.executable, "-m", "pip")
    _call(*pip, "wheel", "-qq", "--no-deps", f"--wheel-dir={wheels}", *SOURCE_ONLY)
    select = ("--only-binary=:all:", f"--python-version={suite.python}", f"--find-links={wheels}")
    _call(*pip, "download", "-qq", *select, f"--dest={wheels}", *requirements)


def _call(*command: str) -> None:
    """Run a command that is part of a build; what it says goes to stderr."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def _forget_unused(folder: Path) -> None:
    """Remove trees of older recipes that nobody has used for a while."""
    for old in folder.iterdir():
        if old.is_dir() and time.time() - old.stat().st_mtime > UNUSED_DAYS * 86_400:
            shutil.rmtree(old)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or SUITES:
        tree(SUITES[wanted])
