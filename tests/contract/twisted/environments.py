"""Virtual environments with real applications of Twisted's, made once and kept outside of the repository."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.systemd.trees import cache, locked

#: What has to be in ``PYTHONPATH`` so that they find the svcctl of this repository.
SOURCES = str(Path(__file__).resolve().parents[3] / "src")

#: What is installed for each application, at the versions that the tests were written for.
REQUIREMENTS = {
    "buildbot": ("buildbot==4.3.0", "buildbot-worker==4.3.0"),
    "scrapyd": ("scrapyd==1.6.0",),
    "carbon": ("carbon==1.1.10", "whisper==1.1.10"),
    "mailbox": ("magic-wormhole-mailbox-server==0.8.0", "magic-wormhole==0.24.0"),
    "ldap": ("ldaptor==21.2.0",),
}
#: What svcctl needs at run time.
OURS = ("sdnotify",)


def python_with(application: str) -> Path:
    """Return the interpreter of the environment of an application; svcctl itself is in :data:`SOURCES`."""
    wanted = "\n".join((*REQUIREMENTS[application], *OURS, sys.version))
    name = f"{application}-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"
    folder = cache() / "environments" / name
    with locked(folder):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder, (*REQUIREMENTS[application], *OURS))
    return folder / "bin" / "python"


def _make(folder: Path, requirements: tuple[str, ...]) -> None:
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    command = [python, "-m", "pip", "install", "-q", "--retries", "5", *requirements]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (folder / "ready").touch()
