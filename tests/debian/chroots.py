"""Trees that commands are run in as they are, without a systemd and without a network."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN = Path(__file__).with_name("chroot.sh")
ALONE = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--ipc", "--uts")
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
}

Result = subprocess.CompletedProcess[str]


class Chroot:
    """A tree, with what was written to it since.

    Args:
        tree: It is not written to.
        folder: Keeps what is written.
        shown: Other folders, by where they are seen inside.
    """

    def __init__(self, tree: Path, folder: Path, shown: dict[str, Path]) -> None:
        mounts = [f"{path}={inside}" for inside, path in shown.items()]
        self._where = [str(tree), str(folder), *mounts, "--"]

    def run(self, *command: str, check: bool = True, timeout: float = 280.0) -> Result:
        """Run a command inside, as root; both its outputs come as one. It must succeed unless told otherwise."""
        done = subprocess.run(
            [*ALONE, "sh", str(RUN), *self._where, *command],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done


@contextmanager
def chroot(tree: Path, folder: Path, **shown: Path) -> Iterator[Chroot]:
    """Give a tree to run commands in; what they write there is gone afterwards.

    Args:
        tree: The tree.
        folder: For what is written; made here, and removed.
        shown: Other folders, by the name in ``/`` that they are seen under.
    """
    folder.mkdir(parents=True)
    yield Chroot(tree, folder, {f"/{name}": path for name, path in shown.items()})
    shutil.rmtree(folder)
