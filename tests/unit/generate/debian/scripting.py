"""Runs maintainer scripts with recording stand-ins for the system's tools, in folders of the test's own.

The stand-ins write down how they are called; what the real ones do on a booted system is for the tests that boot one.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

_TOOLS = (
    "deb-systemd-helper", "deb-systemd-invoke", "systemctl", "systemd-sysusers", "systemd-tmpfiles", "py3compile",
    "py3clean", "dpkg-maintscript-helper",
)  # fmt: skip
_FOLDERS = ("/run/", "/usr/lib/systemd/system", "/usr/lib/echo", "/var/", "/etc/")


class Machine:
    """A folder that the scripts take for the system's root.

    Attributes:
        root: That folder.
        running: systemd runs.
    """

    def __init__(self, root: Path, *, running: bool = True) -> None:
        self.root = root
        self._bin = root / "tools"
        self._log = root / "calls"
        self._failing = root / "failing"
        for folder in ("run", "usr/lib/systemd/system", "usr/lib/echo", "var/lib/private", "etc"):
            (root / folder).mkdir(parents=True)
        if running:
            (root / "run/systemd/system").mkdir(parents=True)
        self._bin.mkdir()
        self._log.touch()
        for name in _TOOLS:
            self._tool(name, f'[ ! -f "{self._failing}" ] || ! grep -qxF "${{0##*/}} $1" "{self._failing}"')
        self._tool("dpkg-query", f'cat "{root}/listed"', silent=True)

    def _tool(self, name: str, ending: str, *, silent: bool = False) -> None:
        path = self._bin / name
        record = "" if silent else f'echo "${{0##*/}} $*" >>"{self._log}"\n'
        path.write_text(f"#!/bin/sh\n{record}{ending}\n")
        path.chmod(0o755)

    def fails(self, *calls: str) -> None:
        """Let calls fail that begin with a tool and its first argument."""
        self._failing.write_text("".join(f"{call}\n" for call in calls))

    def lacks(self, tool: str) -> None:
        """Take a tool away."""
        (self._bin / tool).unlink()

    def has(self, path: str, status: int) -> None:
        """Let a program lie below the root that ends with a status."""
        self._tool(path.rpartition("/")[2], f"exit {status}")
        program = self.root / path
        program.parent.mkdir(parents=True, exist_ok=True)
        (self._bin / program.name).rename(program)

    def has_units(self, **units: str) -> None:
        """Let exactly these units of the package lie on the machine; ``__`` stands for a full stop."""
        folder = self.root / "usr/lib/systemd/system"
        for old in folder.iterdir():
            old.unlink()
        paths = []
        for name, text in units.items():
            path = folder / name.replace("__", ".")
            path.write_text(text)
            paths.append(f"{path}\n")
        (self.root / "listed").write_text("".join(paths))

    def run(self, script: str, *arguments: str, dpkg_root: str = "") -> subprocess.CompletedProcess[str]:
        """Run a script; the paths that it names lie below the folder of the test."""
        for folder in _FOLDERS:
            # Purged folders are named below $DPKG_ROOT already: that has to be given for them.
            script = script.replace(f'"${{DPKG_ROOT:-}}"{folder}', f'"${{DPKG_ROOT:?}}"@{folder[1:]}')
            script = script.replace(folder, f"{self.root}{folder}").replace(f"@{folder[1:]}", folder)
        environment = {"PATH": f"{self._bin}:/usr/bin:/bin", "LC_ALL": "C"}
        if dpkg_root:
            environment["DPKG_ROOT"] = dpkg_root
        return subprocess.run(
            ["/bin/dash", "-c", script, "script", *arguments],
            env=environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def calls(self, *tools: str) -> list[str]:
        """Return how the tools were called since the last time, all of them if none is named."""
        lines = self._log.read_text().splitlines()
        self._log.write_text("")
        return [line for line in lines if not tools or line.split()[0] in tools]
