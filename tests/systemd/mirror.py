"""Which Debian mirror this machine uses."""

from __future__ import annotations

import subprocess
import sys


class NoMirrorError(RuntimeError):
    """Apt on this machine knows no Debian archive."""


def debian_mirror() -> str:
    """Return the address of the Debian archive that apt is set up with here.

    Raises:
        NoMirrorError: Apt is set up with none.
    """
    if not (known := _debian_archives()):
        # A machine whose package lists were never fetched does not know whose archives it uses.
        subprocess.run(["/usr/bin/apt-get", "update", "-q"], check=True, stdout=sys.stderr)
        known = _debian_archives()
    if not known:
        raise NoMirrorError("apt on this machine is set up with no Debian archive")
    return known[0]


def _debian_archives() -> list[str]:
    """Return the addresses of the Debian archives whose lists apt has."""
    fields = "$(ORIGIN)\t$(LABEL)\t$(COMPONENT)\t$(REPO_URI)"
    command = ["/usr/bin/apt-get", "indextargets", "--format", fields, "Created-By: Packages"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    return [row[3] for row in rows if row[:3] == ["Debian", "Debian", "main"]]
