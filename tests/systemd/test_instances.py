"""One application, several instances: each with its own port and its own state."""

from __future__ import annotations

from tests.systemd.apps import put
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


def _descriptor(path: str, machine: Machine) -> str:
    """Return the name of an application's only descriptor."""
    program = (
        "import json,sys;tree=json.load(sys.stdin)['tree'];print(tree['children'][0]['listeners'][0]['name'])"
    )
    described = machine.run(["svcctl", "describe", "--json", path]).stdout
    return machine.run(["python3", "-c", program], text=described).stdout.strip()
