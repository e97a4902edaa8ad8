"""``systemctl reload``: by signal on systemd 257, by a command on 252."""

from __future__ import annotations

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine, wait_until


def test_reload_reaches_the_services_and_restarts_nothing(machine: Machine) -> None:
    """The same process answers with the new settings."""
    app = installed(machine, "reloading", "--now")
    process = app.property("MainPID")
    assert app.ask("?") == "nothing"
    _reload(app, "new")
    assert wait_until(lambda: app.ask("?") == "new")
    assert app.property("MainPID") == process
    machine.wait_for_property(app.service, "ActiveState", "active")


def test_a_failed_reload_is_reported_and_the_service_goes_on_as_it_was(machine: Machine) -> None:
    """The old settings stay in force, the journal names the service and the reason."""
    app = installed(machine, "reloading", "--now")
    _reload(app, "good")
    assert wait_until(lambda: app.ask("?") == "good")
    _reload(app, "")
    assert wait_until(lambda: "the settings are empty" in machine.journal(app.service))
    assert f"{app.name}/settings" in machine.journal(app.service)
    assert app.ask("?") == "good"
    machine.wait_for_property(app.service, "ActiveState", "active")


def _reload(app: App, settings: str) -> None:
    """Write settings and reload; on 252 systemctl returns before the service has done it."""
    app.machine.write(f"/var/lib/private/{app.name}/settings", settings)
    app.machine.systemctl("reload", app.name)
