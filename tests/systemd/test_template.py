"""The ready-made units that run any file by its instance name."""

from __future__ import annotations

import pytest

from tests.systemd.apps import App, named
from tests.systemd.machine import Machine
from tests.systemd.trees import REPOSITORY

UNITS = ("svcctl@.service", "svcctl@.socket")
#: The units name the system's Python; svcctl is in an environment here, so that an administrator would edit them.
EDITED = """\
[Service]
ExecStart=
ExecStart=/opt/svcctl/bin/python3 -P -m svcctl.runtime /etc/svcctl/%i.tac
"""


@pytest.fixture
def units(machine: Machine) -> tuple[str, ...]:
    """Put the units on the machine and give their paths."""
    for name in UNITS:
        machine.write(f"/etc/systemd/system/{name}", (REPOSITORY / "units" / name).read_bytes())
    machine.write("/etc/systemd/system/svcctl@.service.d/override.conf", EDITED)
    machine.systemctl("daemon-reload")
    return tuple(f"/etc/systemd/system/{name}" for name in UNITS)


def test_systemd_accepts_the_ready_made_units(machine: Machine, units: tuple[str, ...]) -> None:
    """Verify has nothing to say."""
    machine.run(["mkdir", "-p", "/run/verify"])
    for path in units:
        machine.run(["cp", path, f"/run/verify/{path.rpartition('/')[2].replace('@', '@1')}"])
    verify = ["systemd-analyze", "verify", "--recursive-errors=one", "--man=no"]
    result = machine.run(
        [*verify, "/run/verify/svcctl@1.service", "/run/verify/svcctl@1.socket"], check=False
    )
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


@pytest.mark.usefixtures("units")
def test_an_instance_runs_the_file_of_its_name(machine: Machine) -> None:
    """It listens itself, runs unprivileged and keeps its state in a folder of its own."""
    app = _file(machine, "probe")
    machine.systemctl("start", f"svcctl@{app.name}.service")
    assert app.ask("whoami") != "0"
    assert app.ask("write STATE/kept") == "ok"
    assert app.ask("write /etc/written") in {"EROFS", "EACCES"}
    assert machine.read(f"/var/lib/private/svcctl-apps/{app.name}/kept") == "written"


@pytest.mark.usefixtures("units")
def test_an_instance_of_the_socket_starts_it_on_the_first_connection(machine: Machine) -> None:
    """The connection that starts it is answered."""
    app = _file(machine, "handed")
    machine.systemctl("start", f"svcctl@{app.name}.socket")
    assert machine.property(f"svcctl@{app.name}.service", "ActiveState") == "inactive"
    assert machine.ask_unix(f"/run/svcctl/{app.name}.sock", b"hello") == b"hello"
    machine.wait_for_property(f"svcctl@{app.name}.service", "ActiveState", "active")


def _file(machine: Machine, source: str) -> App:
    """Put an application where the units look for it."""
    app = named(machine, source, folder="/etc/svcctl")
    app.replace(source)
    machine.applications.append(f"svcctl@{app.name}")
    return app
