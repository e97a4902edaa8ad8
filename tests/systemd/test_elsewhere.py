"""Installing for another system's tree, and where no systemd runs."""

from __future__ import annotations

from tests.systemd.apps import TOUCHED, on, put
from tests.systemd.machine import Machine

#: The newest one: units for the oldest differ from those that it would get.
pytestmark = on("trixie")
#: Runs a command in a mount namespace where systemd's folder is empty, as on a machine without it.
WITHOUT_SYSTEMD = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run/systemd && exec "$@"', "sh")


def test_without_systemd_installing_is_refused_with_two_ways_out(machine: Machine) -> None:
    """The hint names --root, and running as a daemon."""
    app = put(machine, "echo")
    before = machine.files(*TOUCHED)
    result = machine.run([*WITHOUT_SYSTEMD, "svcctl", "install", app.path], check=False)
    assert result.returncode != 0
    assert "--root" in result.stderr
    assert "--daemonize" in result.stderr
    assert "Traceback" not in result.stderr
    assert machine.files(*TOUCHED) == before


def test_root_installs_into_a_tree_and_leaves_the_machine_alone(machine: Machine) -> None:
    """The units are written below that folder only, also where no systemd runs."""
    app = put(machine, "echo")
    machine.run(["mkdir", "-p", "/srv/image/etc/systemd/system", "/srv/image/srv/app", "/srv/image/opt"])
    machine.run(["cp", app.path, f"/srv/image{app.path}"])
    before = machine.files("/etc", "/var/lib")
    given = ["--root", "/srv/image", "--systemd", str(machine.suite.systemd), "--enable"]
    machine.run([*WITHOUT_SYSTEMD, "svcctl", "install", *given, app.path])
    assert machine.files("/etc", "/var/lib") == before
    written = machine.run(["find", "/srv/image/etc/systemd"]).stdout.splitlines()
    assert f"/srv/image/etc/systemd/system/{app.service}" in written
    assert f"/srv/image/etc/systemd/system/sockets.target.wants/{app.socket}" in written
    machine.run(
        [*WITHOUT_SYSTEMD, "svcctl", "uninstall", "--root", "/srv/image", "--purge", "--yes", app.name]
    )
    left = machine.run(["find", "/srv/image"]).stdout
    assert app.service not in left
    assert app.socket not in left


def test_a_tree_without_systemd_gets_units_for_the_oldest_and_is_left_as_it_was(machine: Machine) -> None:
    """Not for the version of the machine that it is made on; of the folders that were made, none stays."""
    app = put(machine, "echo")
    root = f"/srv/{app.name}-image"
    machine.run(["mkdir", "-p", f"{root}/etc", f"{root}/srv/app"])
    machine.run(["cp", app.path, f"{root}{app.path}"])
    before = machine.files(root)
    said = machine.run(["svcctl", "install", "--root", root, "--enable", f"{root}{app.path}"]).stderr
    assert f"note: --systemd: no systemd was found below {root}, so the units are for systemd 252" in said
    assert "RestartSteps" not in machine.read(f"{root}/etc/systemd/system/{app.service}")
    machine.run(["svcctl", "uninstall", "--root", root, "--yes", app.name])
    assert machine.files(root) == before
