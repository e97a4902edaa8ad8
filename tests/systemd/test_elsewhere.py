"""Installing for another system's tree, and where no systemd runs."""

from __future__ import annotations

from tests.systemd.apps import TOUCHED, put
from tests.systemd.machine import Machine

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
