"""What pip writes into a tree when it installs svcctl there, kept apart as a layer that lies above the tree.

``python -m tests.systemd.equipped`` makes what most tests use ahead of need.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.systemd.trees import SUITES, Suite, kept, tree
from tests.systemd.twisted_environment import environment
from tests.systemd.wheel import wheel

#: Installs a distribution that has all that it depends on.
PIP = ("/opt/svcctl/bin/pip", "install", "--quiet", "--no-index", "--no-deps")
#: Installs a wheel into each environment of the trees $1, where what is written goes to $2.
INSTALL = f"""
set -eu
mkdir -m 755 "$2/written" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/written,workdir=$2/work" "$2/root"
cp "$3" "$2/root/root"
for pip in "$2"/root/opt/*/bin/pip; do
    env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
        chroot "$2/root" "${{pip#"$2/root"}}" {" ".join(PIP[1:])} "/root/${{3##*/}}"
done
"""


def equipped(suite: Suite, *layers: Path) -> Path:
    """Return the layer that a user of the checkout's wheel has above a suite's tree and layers that lie above it."""
    lower, built = (*layers, tree(suite)), wheel()
    recipe = repr((suite, lower, str(built), Path(__file__).read_text()))
    return kept(
        f"{suite.name}-equipped", recipe, lambda work: _install(":".join(map(str, lower)), work, built)
    )


def _install(lower: str, work: Path, built: Path) -> Path:
    argv = ["unshare", "--mount", "sh", "-c", INSTALL, "sh", lower, str(work), str(built)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    shutil.rmtree(work / "work")
    return work / "written"


if __name__ == "__main__":
    for each in SUITES.values():
        equipped(each)
        equipped(each, environment(each))
