"""What a service logs arrives in the journal with its name and its priorities."""

from __future__ import annotations

import json

from tests.systemd.apps import installed
from tests.systemd.machine import Machine


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
