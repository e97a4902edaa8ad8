"""A service whose event loop is blocked is killed and started again."""

from __future__ import annotations

from tests.systemd.apps import installed
from tests.systemd.machine import Machine, wait_until


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
