"""Wine with a prefix of its own: the service manager that these tests have instead of Windows'.

A prefix takes seconds to make, so a fresh one is kept and copied. ``python -m tests.windows.wine`` makes it ahead of need.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.systemd.trees import kept

#: What to make of the registry: the version that programs see, and how long a service may take to answer (ms).
_SETTINGS = (
    ("HKCU\\Software\\Wine", "Version", "REG_SZ", "win10"),
    ("HKLM\\System\\CurrentControlSet\\Control", "ServicesPipeTimeout", "REG_DWORD", "60000"),
)
_LIMIT = 250


def why_not_here() -> str:
    """Return why there is no Wine here; empty if there is one."""
    return "" if shutil.which("wine") and shutil.which("wineserver") else "wine is not installed"


def windows_path(path: Path) -> str:
    """Return a path as programs of Windows see it."""
    return "Z:" + str(path).replace("/", "\\")


class Wine:
    """A prefix, and what runs in it.

    Args:
        prefix: A folder; one that is not there yet is a fresh prefix afterwards.
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
        if not prefix.exists():
            subprocess.run(("cp", "--archive", "--reflink=auto", str(fresh()), str(prefix)), check=True)  # noqa: S607 (coreutils')

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Keep Windows up meanwhile: its services end with the last other process."""
        with subprocess.Popen(
            (str(shutil.which("wine")), "cmd", "/q"),
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as idle:
            try:
                yield
            finally:
                assert idle.stdin is not None
                idle.stdin.close()

    def run(self, *command: str) -> str:
        """Run a command and return its output, on which pipes and no files are: Windows' Python takes no others here."""
        done = self.outcome(*command)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def silently(self, *command: str) -> None:
        """Run a command that may start services: they would keep a pipe open on which its output is."""
        subprocess.run(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT,
            check=True,
        )

    def outcome(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command, however it ends."""
        return subprocess.run(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LIMIT,
            check=False,
        )

    def close(self) -> None:
        """End everything in the prefix."""
        for command in (("wineserver", "--kill"), ("wineserver", "--wait")):
            subprocess.run(command, env=self._environment, check=False, timeout=60)


def fresh() -> Path:
    """Return a prefix in which nothing has happened yet; it is only to be copied."""
    wine = shutil.which("wine")
    version = subprocess.run((str(wine), "--version"), check=True, capture_output=True).stdout
    return kept("wine-prefix", repr((version, Path(__file__).read_text())), _make)


def _make(work: Path) -> Path:
    prefix = work / "prefix"
    prefix.mkdir()
    wine = Wine(prefix)
    wine.run("wineboot", "--init")
    for key, name, kind, value in _SETTINGS:
        wine.run("wine", "reg", "add", key, "/v", name, "/t", kind, "/d", value, "/f")
    wine.close()  # the settings count from the next start on
    return prefix


if __name__ == "__main__":
    fresh()
