"""An environment with applications of Twisted's, as they are published, for the machines of this folder.

``python -m tests.systemd.twisted_environment`` makes one for each release ahead of need.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.contract.twisted.environments import OURS, REQUIREMENTS
from tests.systemd.trees import SUITES, Suite, download, kept, tree

#: Where it is on a machine.
WHERE = "/opt/twisted"
#: Distributions that publish no wheel: they are built here, being pure Python.
SOURCE_ONLY = ("carbon==1.1.10", "whisper==1.1.10", "txAMQP==0.8.2")
_WANTED = tuple(sorted({each for group in REQUIREMENTS.values() for each in group} | set(OURS)))


def environment(suite: Suite) -> Path:
    """Return a tree with nothing but the environment, for a suite's Python; svcctl is not in it."""
    recipe = repr((suite, _WANTED, SOURCE_ONLY, tree(suite).name, Path(__file__).read_text()))
    return kept(f"{suite.name}-twisted", recipe, lambda work: _build(suite, work))


def _build(suite: Suite, work: Path) -> Path:
    """Make the environment in a copy of the suite's tree."""
    root, wheels = work / "root", work / "root/opt/wheels"
    _call("cp", "--archive", str(tree(suite)), str(root))
    _call(sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", f"--wheel-dir={wheels}", *SOURCE_ONLY)
    download(suite, wheels, _WANTED)
    _call("chroot", str(root), "python3", "-m", "venv", WHERE)
    pip = (f"{WHERE}/bin/pip", "install", "--quiet", "--no-index", "--find-links=/opt/wheels")
    _call("chroot", str(root), *pip, *_WANTED)
    place = work / f"made{WHERE}"
    place.parent.mkdir(parents=True)
    Path(f"{root}{WHERE}").rename(place)
    return work / "made"


def _call(*command: str) -> None:
    """Run a command that is part of a build; what it says goes to stderr."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


if __name__ == "__main__":
    for each in SUITES.values():
        environment(each)
