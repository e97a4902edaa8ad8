"""A service that hangs is told of, killed and started again; one that is well is left alone."""

from __future__ import annotations

import json

import pytest

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine, wait_until

#: Seconds by which systemd may be late.
SLACK = 2.0


def test_a_blocked_loop_is_killed_by_the_watchdog_and_the_service_comes_back(machine: Machine) -> None:
    """The silence is noticed, the process is ended, and the next one answers."""
    app = installed(machine, "stuck", "--now")
    assert app.property("WatchdogUSec") == "2s"
    first = app.property("MainPID")
    with machine.socket() as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(b"block\n")
        machine.wait_for_property(app.service, "NRestarts", "1", timeout=30)
    machine.wait_for_property(app.service, "ActiveState", "active")
    assert app.property("MainPID") != first
    assert "Watchdog timeout (limit 2s)!" in machine.journal(app.service)
    assert app.ask("back") == "back"


@pytest.mark.parametrize(
    ("line", "limit", "reason", "frame"),
    [
        ("block", 4.0, "watchdog: the event loop has not answered for ", "in block"),
        ("quiet", 1.0, "watchdog: NAME/worker has given no heartbeat for ", "in Worker.hang"),
    ],
)
def test_what_hangs_is_in_the_journal_in_one_record_before_the_end(
    machine: Machine, line: str, limit: float, reason: str, frame: str
) -> None:
    """Where every task stands, then the kill within the limit, and the next process."""
    app = installed(machine, "beating", "--now")
    first = app.property("MainPID")
    with machine.socket() as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(line.encode() + b"\n")
        machine.wait_for_property(app.service, "NRestarts", "1", timeout=30)
    machine.wait_for_property(app.service, "ActiveState", "active")
    assert app.property("MainPID") != first
    assert app.ask("back") == "back"
    records = _journal(app)
    (begun,) = [each for each in records if each["MESSAGE"].startswith(("standing still", "being quiet"))]
    (told,) = [each for each in records if each.get("SVCCTL_CODE") == "watchdog"]
    (ended,) = [each for each in records if "atchdog" in each["MESSAGE"] and each["_PID"] == "1"][:1]
    message = told["MESSAGE"]
    assert message.startswith(reason.replace("NAME", app.name))
    assert told["PRIORITY"] == "2"
    assert told["_PID"] == first
    assert any(text.startswith(f"  {app.path}:") and text.endswith(frame) for text in message.splitlines())
    assert f"{app.name}/worker: task " in message
    assert _at(begun) < _at(told) <= _at(ended) < _at(begun) + limit + SLACK


def test_a_quiet_service_that_is_well_is_left_alone(machine: Machine) -> None:
    """Nothing but the watchdog's own pings keeps an idle service alive beyond its limit."""
    app = installed(machine, "stuck", "--now")
    pings = {app.property("WatchdogTimestampMonotonic")}

    def three_more() -> bool:
        pings.add(app.property("WatchdogTimestampMonotonic"))
        return len(pings) > 3  # sent at half the limit or later, so that more than the limit has passed

    assert wait_until(three_more)
    assert app.property("NRestarts") == "0"
    assert app.property("ActiveState") == "active"


def _journal(app: App) -> list[dict[str, str]]:
    """Return the records about a service with all their fields."""
    app.machine.run(["journalctl", "--sync"])
    command = ["journalctl", "--output=json", "--all", f"--unit={app.service}"]
    return [json.loads(line) for line in app.machine.run(command).stdout.splitlines()]


def _at(record: dict[str, str]) -> float:
    """Return when a record was made, in seconds since the machine was booted."""
    return int(record["__MONOTONIC_TIMESTAMP"]) / 1e6
