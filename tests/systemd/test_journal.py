"""What a service logs arrives in the journal with its name and its priorities."""

from __future__ import annotations

import json

from tests.systemd.apps import installed
from tests.systemd.machine import Machine, wait_until


def test_lines_in_the_journal_have_the_applications_name_and_a_priority(machine: Machine) -> None:
    """A failure is an error (3), what goes its way is information (6); nothing shows its prefix."""
    app = installed(machine, "collapse", "--set", "Service.Restart=no")
    machine.systemctl("start", app.name, check=False)
    machine.run(["journalctl", "--sync"])
    printed = machine.run(["journalctl", "--output=json", f"SYSLOG_IDENTIFIER={app.name}"]).stdout
    entries = [json.loads(line) for line in printed.splitlines()]
    assert entries
    assert [entry["MESSAGE"] for entry in entries if entry["MESSAGE"].startswith("<")] == []
    failed = [entry for entry in entries if "the database is on fire" in entry["MESSAGE"]]
    assert {entry["PRIORITY"] for entry in failed} == {"3"}
    assert {entry["_SYSTEMD_UNIT"] for entry in entries} == {app.service}


def test_units_that_no_longer_fit_are_told_with_the_command_that_shows_what_to_repeat(
    machine: Machine,
) -> None:
    """It shows all options of the installation, those that only the receipt knows among them."""
    app = installed(machine, "echo", "--now", "--set", "Service.Nice=3")
    text = machine.read(app.path)
    changed = text.replace(f'Application("{app.name}"', f'Application("{app.name}", stop_timeout=3')
    machine.write(app.path, changed)
    machine.run(["svcctl", "restart", app.name])
    assert wait_until(lambda: f"`svcctl status {app.name}` shows" in machine.journal(app.service))
    shown = machine.run(["svcctl", "status", app.name]).stdout
    assert f"hint: svcctl install {app.path} " in shown
    assert "--set Service.Nice=3" in shown
