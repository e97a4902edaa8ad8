"""What is there after a reboot."""

from __future__ import annotations

from tests.systemd.apps import installed
from tests.systemd.machine import Machine


def test_an_enabled_service_is_up_after_a_reboot_with_its_state(machine: Machine) -> None:
    """It runs without anybody having asked for it, and finds what it wrote."""
    app = installed(machine, "probe", "--enable", "--now")
    disabled = installed(machine, "echo", "--now")
    assert app.ask("write STATE/kept") == "ok"
    machine.reboot()
    machine.wait_for_property(app.service, "ActiveState", "active")
    assert app.ask("whoami") != "0"
    assert machine.read(f"/var/lib/private/{app.name}/kept") == "written"
    assert disabled.property("ActiveState") == "inactive"
