"""The applications that the tests of this folder install, and what is the same for all of them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.systemd.machine import Machine, Result

APPS = Path(__file__).with_name("apps")
#: Where an installation leaves files that the machine did not have before.
TOUCHED = ("/etc", "/usr/local", "/var/lib", "/var/cache", "/var/log", "/run/systemd/system", "/srv")
#: How far the second port of an application is from its first.
SECOND = 10_000
_numbers = itertools.count(1)


def on(release: str) -> pytest.MarkDecorator:
    """Mark tests of what no systemd has a part in: they run on the machine of one release alone."""
    return pytest.mark.parametrize("machine", [release], indirect=True)


class App(NamedTuple):
    """An application on a machine.

    Attributes:
        machine: The machine.
        name: Its name, which is the stem of its file and the name of its units; no other test has it.
        port: The port it listens on.
        path: Its file.
    """

    machine: Machine
    name: str
    port: int
    path: str

    @property
    def service(self) -> str:
        """Name of its service unit."""
        return f"{self.name}.service"

    @property
    def socket(self) -> str:
        """Name of its socket unit."""
        return f"{self.name}.socket"

    def install(self, *options: str, check: bool = True) -> Result:
        """Run ``svcctl install`` on its file."""
        return self.machine.run(["svcctl", "install", self.path, *options], check=check)

    def ask(self, request: str) -> str:
        """Send a line to its port and return the line that comes back."""
        return self.machine.ask(self.port, request.encode()).decode()

    def replace(self, source: str) -> None:
        """Overwrite its file with the text of another application."""
        self.machine.write(self.path, _text(source, self.name, self.port))

    def property(self, name: str) -> str:
        """Return a property of its service unit."""
        return self.machine.property(self.service, name)


def put(machine: Machine, source: str, *, folder: str = "/srv/app") -> App:
    """Put one of the applications of the folder ``apps`` on a machine, under a name of its own."""
    app = named(machine, source, folder=folder)
    app.replace(source)
    return app


def named(machine: Machine, stem: str, *, folder: str = "/srv/app") -> App:
    """Give a name, a port and a path to an application whose file is still to be written."""
    name = f"{stem}{next(_numbers)}"
    machine.applications.append(name)
    return App(machine, name, machine.free_port(), f"{folder}/{name}.tac")


def installed(machine: Machine, source: str, *options: str) -> App:
    """Put an application on a machine and install it."""
    app = put(machine, source)
    app.install(*options)
    return app


def _text(source: str, name: str, port: int) -> str:
    """Return the text of an application with a name, a port, and one for a second port filled in."""
    text = (APPS / f"{source}.tac").read_text()
    return text.replace("NAME", name).replace("8001", str(port + SECOND)).replace("8000", str(port))
