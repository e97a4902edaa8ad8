"""An application whose packages are installed on a machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tests.debian.build import Program, build, plain
from tests.systemd.machine import Machine, Result

#: Folders that are there only while the machine runs, and what systems write down for themselves.
PASSING = (
    "/dev", "/proc", "/run", "/sys", "/tmp", "/root", "/var/log", "/var/cache", "/var/lib/dpkg", "/var/lib/apt",  # noqa: S108 (nothing of it is used)
    "/var/lib/systemd",
)  # fmt: skip


class App(NamedTuple):
    """An application and the machine that its packages are for.

    Attributes:
        machine: The machine.
        program: The application, as its first version is.
        folder: Where packages are built.
    """

    machine: Machine
    program: Program
    folder: Path

    @property
    def name(self) -> str:
        """Name of the package and its units."""
        return self.program.name

    @property
    def service(self) -> str:
        """Name of its service unit."""
        return f"{self.name}.service"

    @property
    def socket(self) -> str:
        """Name of its socket unit."""
        return f"{self.name}.socket"

    def build(
        self,
        version: str = "1.0.0",
        *changes: tuple[str, str],
        port: int | None = None,
        **given: Any,  # noqa: ANN401 (options of several types)
    ) -> str:
        """Make a package of a version and put it on the machine; return its path there."""
        program = replace(self.program, version=version, changes=changes, port=port or self.program.port)
        deb = build(program, self.folder, plain(self.machine.suite), **given)
        path = f"/root/{deb.name}"
        self.machine.write(path, deb.read_bytes())
        return path

    def install(self, path: str, *options: str, check: bool = True) -> Result:
        """Install a package with dpkg."""
        return self.dpkg(*options, "--install", path, check=check)

    def dpkg(self, *arguments: str, check: bool = True) -> Result:
        """Run dpkg; nobody answers what it asks."""
        return self._debian("dpkg", *arguments, check=check)

    def apt(self, *arguments: str, check: bool = True) -> Result:
        """Run apt-get; it answers itself what it asks."""
        return self._debian("apt-get", "--quiet", "--yes", *arguments, check=check)

    def _debian(self, *command: str, check: bool) -> Result:
        variables = {"DEBIAN_FRONTEND": "noninteractive"}
        return self.machine.run(command, check=check, timeout=120.0, environment=variables)

    def ask(self, request: str) -> str:
        """Send a line to its port and return the line that comes back."""
        return self.machine.ask(self.program.port, request.encode()).decode()

    def states(self) -> tuple[str, str]:
        """Return whether the socket and the service are active."""
        shown = self.machine.systemctl("is-active", self.socket, self.service, check=False)
        first, second = shown.stdout.split()
        return first, second

    def enabled(self) -> tuple[str, str]:
        """Return whether the socket and the service are enabled."""
        shown = self.machine.systemctl("is-enabled", self.socket, self.service, check=False)
        first, second = shown.stdout.split()
        return first, second

    def property(self, name: str) -> str:
        """Return a property of its service unit."""
        return self.machine.property(self.service, name)

    def exists(self, path: str) -> bool:
        """Return whether something is at a path, be it a link to nothing."""
        return self.machine.run(["find", path, "-maxdepth", "0"], check=False).returncode == 0


#: Prints all that stays on a system: kind, mode, owner and path.
LIST = (
    "find", "/", *(word for folder in PASSING for word in ("-path", folder, "-prune", "-o")),
    "-printf", r"%y %m %u %p\n",
)  # fmt: skip


def everything(machine: Machine) -> set[str]:
    """Return all that is on a machine and stays there."""
    return set(machine.run(LIST).stdout.splitlines())
