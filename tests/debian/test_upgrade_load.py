"""Packages are upgraded while clients connect without pause."""

from __future__ import annotations

import pytest

from tests.debian.apps import App
from tests.debian.upgrading import upgrades

UPGRADES = 20


@pytest.mark.timeout(280)
def test_twenty_upgrades_lose_no_request_and_make_nobody_wait(app: App) -> None:
    """Each time a new process has taken over from the one that served; systemd has seen no restart."""
    load, starts = upgrades(app, app.build("1.0.0"), app.build("1.0.1"), UPGRADES)
    assert (load.done, load.others) == (UPGRADES, {})
    journal = app.machine.journal(app.service)
    assert journal.count("the new process is the main process") == UPGRADES
    assert app.ask("version") == "1.0.0"
    assert (app.property("NRestarts"), len(starts)) == ("0", 1)  # the one of the installation


@pytest.mark.timeout(280)
def test_twenty_upgrades_that_change_the_unit_lose_no_request(app: App) -> None:
    """The sandbox is another one, so each time it is a restart: clients wait for the start, and nobody is refused."""
    changed = app.build("1.0.1", ('["state"]', '["state", "cache"]'))
    load, starts = upgrades(app, app.build("1.0.0"), changed, UPGRADES)
    assert (load.done, load.others, len(starts)) == (UPGRADES, {}, UPGRADES)
    print(load, starts)  # noqa: T201 - the figures, for whoever asks pytest for them with -rP
    journal = app.machine.journal(app.service)
    assert "the new process is the main process" not in journal
    assert app.ask("version") == "1.0.0"
