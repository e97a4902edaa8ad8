from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import UsageError
from svcctl.generate.debian.archive import archive, file_name, md5sums
from svcctl.generate.debian.model import Package, ProgramFile
from svcctl.manifest.model import Needs
from tests.unit.generate.debian.packages import BUNDLE, EPOCH, NAMED, package_of

ROOT = Path(__file__).parents[4]
LONG = f"/usr/lib/echo/{'x' * 120}/{'é' * 60}.py"


OBJECT = "/usr/lib/echo/a/b.so"


def full_package() -> Package:
    """Return a package with a conffile, an executable, machine code, a long name and one in another script."""
    files = (
        *BUNDLE.files,
        ProgramFile(path="/usr/bin/echo-ctl", content=b"#!/bin/sh\n", mode=0o755),
        ProgramFile(path="/etc/echo/x.conf", content=b"a\n"),
        ProgramFile(path=OBJECT, content=b"\x7fELF\2\1\1"),
        ProgramFile(path=LONG, content=b""),
    )
    return package_of(replace(NAMED, needs=Needs(environment=("X",))), replace(BUNDLE, files=files))


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    """Return a written package."""
    package = full_package()
    path = tmp_path / file_name(package)
    path.write_bytes(archive(package, EPOCH))
    return path


def run(*command: str | Path, **environment: str) -> str:
    """Return what a tool says; it must succeed and complain of nothing."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    done = subprocess.run(
        command,
        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_dpkg_reads_the_fields(deb: Path) -> None:
    """All of them, as they are."""
    assert run("dpkg-deb", "--field", deb, "Package", "Version") == "Package: echo\nVersion: 1.0\n"
    package = full_package()
    assert run("dpkg-deb", "--field", deb) == "".join(f"{name}: {value}\n" for name, value in package.control)


def test_dpkg_reads_the_control_archive(deb: Path, tmp_path: Path) -> None:
    """Scripts are executable, conffiles listed, digests right."""
    info = run("dpkg-deb", "--info", deb)
    assert [line for line in info.splitlines() if "*  postinst" in line]
    run("dpkg-deb", "-e", deb, tmp_path / "control")
    run("dpkg-deb", "-x", deb, tmp_path / "data")
    assert (tmp_path / "control/conffiles").read_text() == "/etc/default/echo\n/etc/echo/x.conf\n"
    sums = (tmp_path / "control/md5sums").read_text()
    assert sums == md5sums(full_package())
    assert "etc/" not in sums
    done = subprocess.run(
        ["/usr/bin/md5sum", "-c", "--quiet", "--strict"],
        input=sums,
        text=True,
        cwd=tmp_path / "data",
        check=False,
        timeout=20,
    )
    assert done.returncode == 0


def test_dpkg_unpacks_the_files(deb: Path, tmp_path: Path) -> None:
    """Contents, modes and times."""
    run("dpkg-deb", "-x", deb, tmp_path / "data")
    for file in full_package().files:
        path = tmp_path / "data" / file.path[1:]
        if file.link:
            assert str(path.readlink()) == file.link
            continue
        assert path.read_bytes() == file.content
        assert stat.S_IMODE(path.stat().st_mode) == file.mode
        assert path.stat().st_mtime == EPOCH


def test_members_are_sorted_and_belong_to_root(deb: Path) -> None:
    """Folders before what lies in them, each once, at the one time, and machine code behind all else."""
    lines = run("dpkg-deb", "--contents", deb).splitlines()
    paths = [line[line.index(" ./") + 1 :].partition(" -> ")[0] for line in lines]
    assert len(paths) == len(set(paths))
    assert paths.pop() == f".{OBJECT}"
    assert [path.rstrip("/") for path in paths] == sorted(path.rstrip("/") for path in paths)
    assert all(" root/root " in line and "2026-09-21 14:13" in line for line in lines)
    assert all(line.startswith(("drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x", "lrwxrwxrwx")) for line in lines)
    assert run("ar", "t", deb).split() == ["debian-binary", "control.tar.xz", "data.tar.xz"]


def test_the_size_is_what_dpkg_would_have_written(deb: Path, tmp_path: Path) -> None:
    """Compared with dpkg-gencontrol on the unpacked files."""
    data = tmp_path / "data"
    run("dpkg-deb", "-x", deb, data)
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian/control").write_text(
        "Source: echo\nMaintainer: Ann <ann@example.org>\n\nPackage: echo\nArchitecture: all\nDescription: x\n y\n"
    )
    (tmp_path / "debian/changelog").write_text(
        "echo (1.0) bookworm; urgency=medium\n\n  * x\n\n -- Ann <ann@example.org>  Mon, 21 Sep 2026 14:13:20 +0000\n"
    )
    done = subprocess.run(
        ["/usr/bin/dpkg-gencontrol", f"-P{data}", "-O"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"Installed-Size: {dict(full_package().control)['Installed-Size']}\n" in done.stdout


SCRIPT = """
import hashlib, locale, os, sys, time
os.umask(int(sys.argv[1], 8))
time.tzset()
from svcctl.generate.debian.archive import archive
from tests.unit.generate.debian.packages import EPOCH
from tests.unit.generate.debian.test_archive import full_package
print(hashlib.sha256(archive(full_package(), EPOCH)).hexdigest())
"""


@pytest.mark.parametrize(
    ("umask", "environment"),
    [
        ("022", {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"}),
        ("002", {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2"}),
        ("077", {"TZ": "Etc/GMT+12", "LC_ALL": "POSIX", "PYTHONHASHSEED": "3", "SOURCE_DATE_EPOCH": "1"}),
    ],
)
def test_the_bytes_are_the_same_everywhere(umask: str, environment: dict[str, str], tmp_path: Path) -> None:
    """In another time zone, locale, umask and folder, with another order of sets, and in this process."""
    here = hashlib.sha256(archive(full_package(), EPOCH)).hexdigest()
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT, umask],
        env={**environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout.strip(), done.stderr) == (here, "")


def test_an_architecture_and_an_epoch_show_in_the_name() -> None:
    """As apt expects it: the epoch is left out."""
    package = package_of(bundle=replace(BUNDLE, architecture="amd64"), version="2:1.0-1")
    assert file_name(package) == "echo_1.0-1_amd64.deb"


@pytest.mark.parametrize("epoch", [-1, 8**11])
def test_a_time_that_archives_cannot_hold_is_refused(epoch: int) -> None:
    """Instead of another one in its place."""
    with pytest.raises(UsageError):
        archive(package_of(), epoch)
