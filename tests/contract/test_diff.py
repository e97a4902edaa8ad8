"""``svcctl diff`` and ``svcctl install --check`` as commands, on an application that is really described."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import svcctl

SOURCE = """from svcctl.application import internet, service

application = service.Application("shop")
internet.TCPServer(8007, lambda: None).setServiceParent(application)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a folder that an unprivileged child can read, with an application and the tree of a system in it."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    folder.chmod(0o755)
    (folder / "root/etc/systemd/system").mkdir(parents=True)
    (folder / "root/srv").mkdir()
    (folder / "root/srv/shop.tac").write_text(SOURCE)
    code = Path(svcctl.__file__).parent
    shutil.copytree(code, folder / "code/svcctl", ignore=shutil.ignore_patterns("__pycache__"))
    yield folder
    shutil.rmtree(folder)


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the tree."""
    command, *rest = arguments
    where = ["--root", str(place / "root")]
    described = ["--env", f"PYTHONPATH={place / 'code'}", "--python", python()]
    return subprocess.run(
        [
            *(sys.executable, "-m", "svcctl", command),
            *(described if command == "install" else ()),
            *where,
            *rest,
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "200"},
    )


def python() -> str:
    """Return an interpreter that everybody may run."""
    for each in ("/usr/bin/python3", "/usr/local/bin/python3"):
        check = [each, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if Path(each).exists() and subprocess.run(check, check=False).returncode == 0:
            return each
    return sys.executable


def files(place: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file below the root with its content and when it was written."""
    found = (each for each in (place / "root").rglob("*") if each.is_file())
    return {str(each): (each.read_bytes(), each.stat().st_mtime_ns) for each in found}


def test_the_whole_way_from_nothing_to_a_change_and_back(place: Path) -> None:
    """1 as long as something is to be done, 0 afterwards; neither command touches a file."""
    app = place / "root/srv/shop.tac"
    before = files(place)
    fresh = run(place, "install", "--check", str(app))
    assert (fresh.returncode, files(place)) == (1, before), fresh.stderr
    assert "+ /etc/systemd/system/shop.service" in fresh.stdout
    assert run(place, "diff", "shop").returncode == 64
    assert run(place, "install", "--yes", str(app)).returncode == 0
    installed = files(place)
    same = run(place, "install", "--check", str(app))
    assert (same.returncode, run(place, "diff", "shop").returncode) == (0, 0), same.stdout
    app.write_text(SOURCE.replace("8007", "8008"))
    changed = files(place)
    different = run(place, "diff", "shop")
    assert different.returncode == 1
    assert "-ListenStream=0.0.0.0:8007" in different.stdout.splitlines()
    assert "+ListenStream=0.0.0.0:8008" in different.stdout.splitlines()
    assert run(place, "install", "--check", str(app)).returncode == 1
    app.write_text("raise RuntimeError('oh dear')\n")
    broken = run(place, "diff", "shop")
    assert (broken.returncode, broken.stdout) == (65, "")
    assert "RuntimeError: oh dear" in broken.stderr
    app.write_text(SOURCE)
    assert run(place, "diff", "shop").stdout == "shop is installed as its application is\n"
    left = {path: content for path, (content, _) in files(place).items()}
    assert left == {path: content for path, (content, _) in installed.items()}
    assert {path for path in changed if changed[path] != installed[path]} == {str(app)}
