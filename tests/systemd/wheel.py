"""svcctl as its users get it: a wheel, built from this checkout."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.systemd.trees import REPOSITORY, cache, locked

KEPT = 5


def wheel() -> Path:
    """Return the wheel of the checkout as it is now; build it if no session has yet."""
    folder = cache() / "wheels"
    ready = folder / _digest()
    with locked(folder / "wheel"):
        if not ready.exists():
            with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as work:
                made = Path(work) / "made"
                command = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps"]
                subprocess.run([*command, f"--wheel-dir={made}", str(REPOSITORY)], check=True)
                made.rename(ready)
            _keep_newest(folder)
    return next(ready.glob("svcctl-*.whl"))


def _digest() -> str:
    """Return a digest of all that the wheel is made from."""
    digest = hashlib.sha256()
    sources = [path for path in (REPOSITORY / "src").rglob("*") if "__pycache__" not in path.parts]
    for path in sorted(
        [*sources, *(REPOSITORY / name for name in ("pyproject.toml", "README.md", "LICENSE"))]
    ):
        if path.is_file():
            digest.update(f"{path.relative_to(REPOSITORY)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _keep_newest(folder: Path) -> None:
    """Remove all but the newest wheels."""
    built = sorted(
        (path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
    )
    for old in built[:-KEPT]:
        shutil.rmtree(old)
