"""The machines themselves: what the other tests of this folder rely on."""

from __future__ import annotations

from pathlib import Path

from tests.systemd.machine import Machine

UNIT = """\
[Service]
Type=notify
ExecStart=/usr/bin/python3 /srv/{name}.py
[Install]
WantedBy=multi-user.target
"""
SERVER = """\
import os, socket
with socket.create_server(("127.0.0.1", {port})) as listener:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(os.environ["NOTIFY_SOCKET"])
        manager.send(b"READY=1")
    while True:
        client, _ = listener.accept()
        with client:
            client.sendall(client.recv(100))
"""


def test_the_machine_runs_the_systemd_of_its_release(machine: Machine) -> None:
    """PID 1 is systemd, of the version the tests are about, on the unified hierarchy."""
    assert machine.systemctl("--version").stdout.startswith(f"systemd {machine.suite.systemd} ")
    assert machine.run(["stat", "-fc", "%T", "/sys/fs/cgroup"]).stdout.strip() == "cgroup2fs"


def test_a_machine_network_is_its_own(machine: Machine) -> None:
    """The machine sees a loopback device and nothing of this host's network."""
    listed = machine.run(["ip", "-o", "link"]).stdout.splitlines()
    assert [line.split()[1] for line in listed] == ["lo:"]
    assert Path("/proc/self/ns/net").stat().st_ino != int(
        machine.run(["stat", "-Lc", "%i", "/proc/self/ns/net"]).stdout
    )


def test_a_unit_written_by_hand_answers_and_is_up_after_a_reboot(machine: Machine) -> None:
    """Writing, starting, asking, rebooting and the journal work."""
    port = machine.free_port()
    machine.write("/etc/systemd/system/byhand.service", UNIT.format(name="byhand"))
    machine.write("/srv/byhand.py", SERVER.format(port=port))
    machine.systemctl("daemon-reload")
    machine.systemctl("enable", "--now", "byhand")
    assert machine.ask(port, b"one") == b"one"
    machine.reboot()
    machine.wait_for_property("byhand.service", "ActiveState", "active")
    assert machine.ask(port, b"two") == b"two"
    assert "Started byhand.service" in machine.journal("byhand.service")
    machine.systemctl("disable", "--now", "byhand")
