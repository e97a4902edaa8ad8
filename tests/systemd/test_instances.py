"""One application, several instances: each with its own port and its own state."""

from __future__ import annotations

import pytest

from tests.systemd.apps import App, put
from tests.systemd.machine import Machine


def test_instances_have_ports_and_state_of_their_own(machine: Machine) -> None:
    """NAME@PORT listens on that port and writes to a folder of that name."""
    app = put(machine, "probe")
    listener = machine.run(["svcctl", "describe", "--json", app.path]).stdout
    assert str(app.port) in listener
    ports = (machine.free_port(), machine.free_port())
    app.install("--instances", "--listen", f"{_descriptor(app.path, machine)}=127.0.0.1:%i")
    for port in ports:
        machine.systemctl("start", f"{app.name}@{port}.service")
        assert machine.ask(port, b"write STATE/kept") == b"ok"
    kept = machine.run(["sh", "-c", f"cd /var/lib/private/{app.name} && ls -d */kept"]).stdout.split()
    assert kept == [f"{port}/kept" for port in ports]
    machine.run(["svcctl", "uninstall", "--purge", "--yes", app.name])
    for port in ports:
        assert machine.property(f"{app.name}@{port}.service", "ActiveState") == "inactive"
        with machine.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0


def test_one_instance_cannot_be_purged_with_all_the_others(machine: Machine) -> None:
    """The hint has the command for the whole, and the one that stops an instance."""
    app, ports = _running(machine)
    before = machine.files("/etc", "/var/lib")
    named = f"{app.name}@{ports[0]}"
    result = machine.run(["svcctl", "uninstall", "--purge", "--yes", named], check=False)
    assert result.returncode == 64
    assert f"svcctl uninstall {app.name} " in result.stderr
    assert f"svcctl stop {named}" in result.stderr
    assert machine.files("/etc", "/var/lib") == before
    assert machine.ask(ports[1], b"write STATE/more") == b"ok"
    machine.run(["svcctl", "uninstall", "--purge", "--yes", app.name])


@pytest.mark.parametrize("needs", ["{}", '{"executable_state": True}'], ids=["dynamic-user", "static-user"])
def test_instances_can_be_installed_again_and_have_their_state(machine: Machine, needs: str) -> None:
    """What systemd made for them is no reason to refuse; a purge then leaves nothing of it."""
    app, ports = _running(machine, needs)
    machine.write(f"/etc/default/{app.name}@{ports[0]}", "A=b\n")
    said = machine.run(["svcctl", "uninstall", "--yes", app.name]).stderr
    assert f"stays: /etc/default/{app.name}@{ports[0]}" in said
    assert (f"stays: user _{app.name}" in said) is ("executable" in needs)
    _install(app)
    for port in ports:
        machine.run(["svcctl", "start", f"{app.name}@{port}"])
        assert machine.ask(port, b"whoami") not in {b"0", b""}
    kept = machine.run(["sh", "-c", f"cat /var/lib/{app.name}/*/kept"]).stdout
    assert kept == "written" * len(ports)
    said = machine.run(["svcctl", "uninstall", "--purge", "--yes", app.name]).stderr
    assert (f"stays: user _{app.name}" in said) is ("executable" in needs)
    left = machine.files("/etc", "/var/lib")
    assert [file for file in left if app.name in file] == []


def _running(machine: Machine, needs: str = "{}") -> tuple[App, tuple[int, int]]:
    """Install an application, start two instances of it and let them write their state."""
    app = put(machine, "probe")
    text = machine.read(app.path)
    machine.write(
        app.path, text.replace(f'Application("{app.name}"', f'Application("{app.name}", needs={needs}')
    )
    ports = (machine.free_port(), machine.free_port())
    _install(app)
    for port in ports:
        machine.run(["svcctl", "start", f"{app.name}@{port}"])
        assert machine.ask(port, b"write STATE/kept") == b"ok"
    return app, ports


def _install(app: App) -> None:
    app.install("--instances", "--listen", f"{_descriptor(app.path, app.machine)}=127.0.0.1:%i")


def _descriptor(path: str, machine: Machine) -> str:
    """Return the name of an application's only descriptor."""
    program = (
        "import json,sys;tree=json.load(sys.stdin)['tree'];print(tree['children'][0]['listeners'][0]['name'])"
    )
    described = machine.run(["svcctl", "describe", "--json", path]).stdout
    return machine.run(["python3", "-c", program], text=described).stdout.strip()
