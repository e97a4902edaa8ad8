"""The fake init of ``svcctl.testing`` does what systemd does: the same services, with the same outcome, on both."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.systemd.machine import Machine
from tests.systemd.simulated import Outcome, World, faked, real
from tests.systemd.simulated_cases import CASES, Case


def carry_out(case: Case, world: World) -> Outcome:
    """Do what is done in a case, and return how the service is in the end."""
    world.start()
    for step in case.steps:
        step(world)
    return world.outcome()


def expected(case: Case, outcome: Outcome) -> Outcome:
    """Return what is expected; the status text of a service that has ended is nobody's business."""
    return case.outcome if outcome.state == "active" else case.outcome._replace(status=outcome.status)


@pytest.mark.parametrize("name", CASES)
def test_the_fake_init_does_what_is_expected(name: str, tmp_path: Path) -> None:
    """Each case."""
    case = CASES[name]
    with faked(case.program, case.setting, tmp_path) as world:
        outcome = carry_out(case, world)
        assert outcome == expected(case, outcome), world.service.transcript + world.service.stderr


@pytest.mark.parametrize("name", CASES)
def test_systemd_does_the_same(name: str, machine: Machine) -> None:
    """Each case, with the same outcome."""
    case = CASES[name]
    outcome = carry_out(case, real(machine, case.program, case.setting, restarts=case.restarts))
    assert outcome == expected(case, outcome)
