"""``systemctl reload``: by signal on systemd 257, by a command on 252; done by all services or by none."""

from __future__ import annotations

import pytest

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine, Result

#: From this version on systemd waits by itself, and has no way to be told that a reload has failed.
BY_SIGNAL = 253


def test_reload_returns_when_it_is_done_and_restarts_nothing(machine: Machine) -> None:
    """The same process answers with the new settings, also if they take their time."""
    app = installed(machine, "reloading", "--now")
    process = app.property("MainPID")
    assert app.ask("?") == "nothing"
    for settings in ("new", "slow and new"):
        assert _reload(app, settings).returncode == 0
        assert app.property("StatusText") == "reloaded, 4/4 ready"
        assert app.ask("?") == settings
    assert app.property("MainPID") == process
    assert app.property("ActiveState") == "active"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("", "NAME/settings refuses to reload: ValueError: the settings are empty"),
        (
            "bad",
            "NAME/user failed to reload: ValueError: the settings do not work; as before again: NAME/settings",
        ),
    ],
    ids=["refused", "failed"],
)
def test_a_reload_that_fails_keeps_the_old_configuration_and_says_so(
    machine: Machine, settings: str, reason: str
) -> None:
    """In the status, in the journal, and, where systemd can be told, by the status of the command."""
    app = installed(machine, "reloading", "--now")
    reason = reason.replace("NAME", app.name)
    assert _reload(app, "good").returncode == 0
    process = app.property("MainPID")
    done = _reload(app, settings)
    assert done.returncode == (0 if machine.suite.systemd >= BY_SIGNAL else 1)
    assert app.property("StatusText") == f"reload failed, going on as before: {reason}"
    journal = machine.journal(app.service)
    assert reason in journal
    assert f"{app.path}" in journal  # the frames of the application's own fault
    assert app.ask("?") == "good"
    assert (app.property("ActiveState"), app.property("MainPID")) == ("active", process)
    assert _reload(app, "better").returncode == 0
    assert app.ask("?") == "better"


def test_a_reload_that_hangs_is_given_up_before_systemd_loses_patience(machine: Machine) -> None:
    """The start limit is systemd's limit for it, so that the service itself can say who hung."""
    app = installed(machine, "reloading", "--now")
    done = _reload(app, "stuck")
    assert done.returncode == (0 if machine.suite.systemd >= BY_SIGNAL else 1)
    status = app.property("StatusText")
    assert status.startswith(f"reload failed, going on as before: {app.name}/user failed to reload")
    assert "it was not done within 7 s" in status
    assert "timed out" not in machine.journal(app.service)
    assert app.ask("?") == "nothing"


def test_reloads_work_in_instances_too(machine: Machine) -> None:
    """Each has a folder of its own, by which the command finds its process."""
    app = installed(machine, "reloading", "--instances")
    port = machine.free_port()
    unit = f"{app.name}@{port}.service"
    machine.systemctl("start", unit)
    machine.write(f"/var/lib/private/{app.name}/{port}/settings", "new")
    machine.systemctl("reload", unit)
    assert machine.ask(port, b"?") == b"new"
    assert machine.property(unit, "StatusText") == "reloaded, 4/4 ready"


def _reload(app: App, settings: str) -> Result:
    """Write settings and reload."""
    app.machine.write(f"/var/lib/private/{app.name}/settings", settings)
    return app.machine.systemctl("reload", app.name, check=False)
