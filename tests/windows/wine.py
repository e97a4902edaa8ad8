"""Wine with a prefix of its own: the service manager that these tests have instead of Windows'."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

#: What to make of the registry: the version that programs see, and how long a service may take to answer (ms).
_SETTINGS = (
    ("HKCU\\Software\\Wine", "Version", "REG_SZ", "win10"),
    ("HKLM\\System\\CurrentControlSet\\Control", "ServicesPipeTimeout", "REG_DWORD", "60000"),
)
_LIMIT = 150


def why_not_here() -> str:
    """Return why there is no Wine here; empty if there is one."""
    return "" if shutil.which("wine") and shutil.which("wineserver") else "wine is not installed"


def windows_path(path: Path) -> str:
    """Return a path as programs of Windows see it."""
    return "Z:" + str(path).replace("/", "\\")


class Wine:
    """A prefix, and what runs in it.

    Args:
        prefix: A folder that is not there yet.
    """

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        passed_on = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        # No .NET and no browser: it would ask for them. Without DISPLAY, it needs no screen.
        self._environment = {
            **passed_on,
            "WINEPREFIX": str(prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "LC_ALL": "C.UTF-8",
        }
        self.run("wineboot", "--init")
        for key, name, kind, value in _SETTINGS:
            self.run("wine", "reg", "add", key, "/v", name, "/t", kind, "/d", value, "/f")
        self.close()  # the settings count from the next start on

    def run(self, *command: str) -> str:
        """Run a command and return its output, on which pipes and no files are: Windows' Python takes no others here."""
        done = subprocess.run(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT,
            check=False,
        )
        output = done.stdout.decode(errors="replace")
        assert done.returncode == 0, (
            f"{command}: {done.returncode}\n{output}\n{done.stderr.decode(errors='replace')}"
        )
        return output

    def close(self) -> None:
        """End everything in the prefix."""
        for command in (("wineserver", "--kill"), ("wineserver", "--wait")):
            subprocess.run(command, env=self._environment, check=False, timeout=60)
