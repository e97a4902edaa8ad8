"""Packages in the throw-away systems of ``svcctl deb --check``: for each release, and for a package with faults."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.host.trial import try_out
from tests.debian.build import REPEATER, Program, build, plain
from tests.systemd.trees import SUITES, Suite
from tests.systemd.wheel import wheel

#: A system is made of packages that come over the network.
LIMIT = 600
pytestmark = [pytest.mark.timeout(LIMIT), pytest.mark.usefixtures("hastily")]
MISSING = "ModuleNotFoundError: No module named 'nothing_like_that'"
PROGRAM = Program(REPEATER, "trial", 8000)
APPLICATION = "/usr/share/trial/trial.tac"
STEPS = [
    "installing what the package depends on",
    "installing the package",
    "loading the application",
    "reinstalling the package",
    "removing the package",
    "installing the removed package",
    "purging the package",
]
#: Lets nobody have further users of their own, for all that runs in this mount namespace.
AS_NOBODY = """
set -e
mount --bind "$1" /etc/subuid
mount --bind "$1" /etc/subgid
shift
cd /
exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
"""
TRY_OUT = f"""
import sys
from svcctl.host.trial import try_out
deb, distribution = sys.argv[1:]
found = try_out(deb, package="trial", application={APPLICATION!r}, distribution=distribution, tell=print)
print(found.problems)
"""
MEMORY = Path("/dev/shm")  # noqa: S108 (its name is the kernel's)
NEEDED = 2 * 1024**3


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder that other users can reach; systems are made in memory if there is enough."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED
    with tempfile.TemporaryDirectory(dir=MEMORY if roomy else None, prefix="trials-") as name:
        folder = Path(name)
        folder.chmod(0o1777)
        monkeypatch.setenv("TMPDIR", name)
        yield folder


def package(suite: Suite, folder: Path) -> Path:
    """Return the package of an application."""
    return build(PROGRAM, folder, plain(suite))


def spoiled(deb: Path) -> Path:
    """Give a package an application that does not load, and a script that leaves and alters files."""
    content = deb.with_name("content")
    subprocess.run(["/usr/bin/dpkg-deb", "--raw-extract", deb, content], check=True)
    application = content / APPLICATION.removeprefix("/")
    application.write_text("import nothing_like_that\n")
    with (content / "DEBIAN/postinst").open("a") as script:
        script.write(f"mkdir -p /var/lib/forgotten\necho >>{APPLICATION}\n")
    subprocess.run(["/usr/bin/dpkg-deb", "--root-owner-group", "--build", content, deb], check=True)
    return deb


def test_a_package_passes(place: Path, tmp_path: Path) -> None:
    """What is being done is told on the way."""
    suite, told = SUITES["bookworm"], list[str]()
    deb = package(suite, tmp_path)
    trial = try_out(
        str(deb), package="trial", application=APPLICATION, distribution="bookworm", tell=told.append
    )
    assert trial.problems == ()
    assert told == ["making a throw-away bookworm system", *STEPS]
    assert list(place.iterdir()) == []


def test_a_package_passes_for_an_ordinary_user(place: Path, tmp_path: Path) -> None:
    """One who has a line in ``/etc/subuid``; nothing of it stays behind."""
    deb = shutil.copy(package(SUITES["trixie"], tmp_path), place)
    shutil.copyfile(wheel(), place / "svcctl.zip")
    with zipfile.ZipFile(place / "svcctl.zip") as archive:
        archive.extractall(place / "svcctl")
    for path in place.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (place / "ids").write_text("nobody:100000:65536\n")
    inside = ("/usr/bin/unshare", "--mount", "/bin/sh", "-c", AS_NOBODY, "sh", str(place / "ids"))
    python = ("/usr/bin/env", f"PYTHONPATH={place}/svcctl", "/usr/bin/python3", "-B", "-c", TRY_OUT)
    before = set(place.iterdir())
    done = subprocess.run(
        [*inside, *python, deb, "trixie"], capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert done.stdout.splitlines() == ["making a throw-away trixie system", *STEPS, "()"], done.stderr
    assert set(place.iterdir()) == before


@pytest.mark.usefixtures("place")
def test_all_faults_of_a_package_are_found(tmp_path: Path) -> None:
    """A module that is missing, a file that is altered, and one that a purge leaves."""
    deb = spoiled(package(SUITES["bookworm"], tmp_path))
    problems = try_out(
        str(deb), package="trial", application=APPLICATION, distribution="bookworm", tell=lambda _: None
    ).problems
    assert [problem.splitlines()[0] for problem in problems] == [
        "a file is not as it was packed",
        f"the application does not load: {APPLICATION}, line 1: {MISSING}",
        "after the purge, the files are not as before",
    ]
    assert APPLICATION in problems[0]
    assert problems[2].splitlines()[1:] == ["  more: ./var/lib/forgotten (drwxr-xr-x root:root)"]
