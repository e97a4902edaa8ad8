"""What becomes of a service when its package is installed, upgraded, removed and purged, on a booted system."""

from __future__ import annotations

import pytest

from tests.debian.apps import App, everything
from tests.systemd.machine import wait_until

RUNNING = ("active", "active")
ENABLED = ("enabled", "enabled")


def test_a_package_installs_without_a_network_and_its_service_answers(app: App) -> None:
    """As a user without rights, at once and after each boot, with nothing changed that dpkg wrote."""
    links = app.machine.run(["ip", "-o", "link"]).stdout.splitlines()
    assert [line.split(": ")[1] for line in links] == ["lo"]
    installed = app.apt("install", app.build())
    assert (app.states(), app.enabled()) == (RUNNING, ENABLED)
    assert app.ask("version") == "1.0.0"
    user = app.machine.run(["stat", "-c", "%u", f"/proc/{app.property('MainPID')}"]).stdout
    assert app.property("DynamicUser") == "yes"
    assert int(user) >= 61184  # systemd.exec(5): the lowest number of a dynamic user
    assert app.dpkg("--verify", app.name).stdout == ""
    assert "failed" not in installed.stderr


def test_bytecode_is_there_when_the_service_starts(app: App) -> None:
    """It was made by the system's own Python, and is gone after a removal."""
    app.install(app.build())
    folder = f"/usr/lib/{app.name}/lib/python{app.machine.suite.python}/site-packages/svcctl/__pycache__"
    assert app.exists(f"{folder}/errors.cpython-{app.machine.suite.python.replace('.', '')}.pyc")
    app.dpkg("--remove", app.name)
    assert not app.exists(f"/usr/lib/{app.name}")


def test_upgrade_downgrade_and_reinstallation_run_what_is_installed(app: App) -> None:
    """The main process changes each time, the socket stays open, and dpkg has nothing to complain of."""
    first, second = app.build("1.0.0"), app.build("1.0.1")
    app.install(first)
    opened = app.machine.property(app.socket, "ActiveEnterTimestampMonotonic")
    for path, version in ((second, "1.0.1"), (first, "1.0.0"), (first, "1.0.0")):
        before = app.ask("pid")
        said = app.install(path)
        assert app.ask("version") == version
        assert app.ask("pid") != before
        assert (app.states(), app.enabled()) == (RUNNING, ENABLED)
        assert "did not start" not in said.stderr
    assert app.machine.property(app.socket, "ActiveEnterTimestampMonotonic") == opened
    assert app.dpkg("--verify", app.name).stdout == ""
    assert not app.exists(f"/run/{app.name}.upgrade")


def test_an_edited_conffile_is_kept_and_dpkg_asks_only_when_both_have_changed(app: App) -> None:
    """What is new then lies beside it."""
    conffile = f"/etc/default/{app.name}"
    app.install(app.build("1.0.0"))
    app.machine.write(conffile, "GREETING=hello\n")
    app.install(app.build("1.0.1"))
    assert app.machine.read(conffile) == "GREETING=hello\n"
    changed = app.build("1.0.2", ('"GREETING"', '"GREETING", "FAREWELL"'))
    asked = app.install(changed, check=False)
    assert asked.returncode != 0
    assert "conffile prompt" in asked.stderr
    assert app.ask("version") == "1.0.1"
    app.install(changed, "--force-confold")
    assert app.ask("version") == "1.0.2"
    assert app.machine.read(conffile) == "GREETING=hello\n"
    assert "FAREWELL" in app.machine.read(f"{conffile}.dpkg-dist")


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
def test_a_removal_keeps_state_and_configuration_and_a_purge_leaves_nothing(
    app: App,
    static: bool,  # noqa: FBT001 (given by pytest)
) -> None:
    """But the user, if there is one, who can no longer do anything."""
    changes = ((f'"{app.name}",', f'"{app.name}", uid="{app.name}",'),) if static else ()
    path = app.build("1.0.0", *changes)
    before = everything(app.machine)
    app.install(path)
    app.machine.run(["touch", f"/var/lib/{app.name}/notes"])
    app.machine.write(f"/etc/default/{app.name}", "GREETING=hello\n")
    app.dpkg("--remove", app.name)
    with app.machine.socket() as client:
        assert client.connect_ex(("127.0.0.1", app.program.port)) != 0
    assert app.states() == ("inactive", "inactive")
    assert app.exists(f"/etc/default/{app.name}")
    app.install(path)
    assert app.exists(f"/var/lib/{app.name}/notes")
    assert (app.states(), app.enabled()) == (RUNNING, ENABLED)
    app.dpkg("--purge", app.name)
    left = {line.split(" ", 3)[3] for line in everything(app.machine) ^ before}
    # Who makes a user keeps the files of users as they were.
    assert left <= (
        {f"/etc/{file}-" for file in ("passwd", "group", "shadow", "gshadow")} if static else set()
    )
    shadow = app.machine.run(["getent", "shadow", app.name], check=False).stdout
    assert shadow.split(":")[1:2] == (["!*"] if static else [])


def test_what_the_administrator_has_disabled_stays_disabled(app: App) -> None:
    """Also over a removal; but what runs all the same is restarted."""
    app.install(app.build("1.0.0"))
    app.machine.systemctl("disable", "--now", app.service, app.socket)
    app.install(app.build("1.0.1"))
    assert app.enabled() == ("disabled", "disabled")
    assert app.states() == ("inactive", "inactive")
    app.machine.systemctl("start", app.service)
    app.install(app.build("1.0.2"))
    assert app.enabled() == ("disabled", "disabled")
    assert app.ask("version") == "1.0.2"
    app.dpkg("--remove", app.name)
    app.install(app.build("1.0.2"))
    assert app.enabled() == ("disabled", "disabled")


def test_a_masked_service_stays_masked_and_disturbs_nobody(app: App) -> None:
    """Dpkg succeeds, and says nothing of a fault."""
    app.install(app.build("1.0.0"))
    app.machine.systemctl("mask", "--now", app.service, app.socket)
    upgraded = app.install(app.build("1.0.1"))
    assert "did not start" not in upgraded.stderr
    assert app.enabled() == ("masked", "masked")
    assert app.states() == ("inactive", "inactive")
    app.dpkg("--remove", app.name)
    app.install(app.build("1.0.1"))
    assert app.enabled() == ("masked", "masked")


def test_nothing_starts_or_restarts_against_the_policy_of_the_system(app: App) -> None:
    """What runs goes on as it was; what is new is enabled for the next boot."""
    first, second = app.build("1.0.0"), app.build("1.0.1")
    policy = "/usr/sbin/policy-rc.d"
    app.machine.write(policy, "#!/bin/sh\nexit 101\n", mode=0o755)
    try:
        app.install(first)
        assert (app.states(), app.enabled()) == (("inactive", "inactive"), ENABLED)
        app.machine.systemctl("start", app.service)
        before = app.ask("pid")
        app.install(second)
        assert app.ask("pid") == before
        assert app.ask("version") == "1.0.0"
    finally:
        app.machine.run(["rm", policy])
    app.install(second)
    assert app.ask("version") == "1.0.1"


def test_a_socket_that_listens_elsewhere_is_opened_anew(app: App) -> None:
    """The old address is free."""
    app.install(app.build("1.0.0"))
    port = app.machine.free_port()
    app.install(app.build("1.0.1", port=port))
    assert app.machine.ask(port, b"version") == b"1.0.1"
    with app.machine.socket() as client:
        assert client.connect_ex(("127.0.0.1", app.program.port)) != 0
    assert app.states() == RUNNING


def test_a_unit_that_the_new_version_does_not_have_is_stopped_and_forgotten(app: App) -> None:
    """The service then opens its port itself; the way back works, too."""
    app.install(app.build("1.0.0"))
    app.install(app.build("1.0.1", sockets=False))
    assert wait_until(lambda: app.states() == ("inactive", "active"))
    assert app.ask("version") == "1.0.1"
    assert not app.exists(f"/etc/systemd/system/sockets.target.wants/{app.socket}")
    app.install(app.build("1.0.0"))
    assert (app.states(), app.enabled()) == (RUNNING, ENABLED)
    assert app.ask("version") == "1.0.0"
