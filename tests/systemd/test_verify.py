"""systemd's own verdict on the generated units, on each machine's version."""

from __future__ import annotations

import re

import pytest

from svcctl.generate.systemd.render import render, unit_names
from tests.systemd.machine import Machine
from tests.verify.cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verify_has_nothing_to_say_and_the_exposure_is_reached(machine: Machine, case: Case) -> None:
    """Neither an ignored line nor a warning, and a score within the limit."""
    case = case.on(machine.suite.systemd)
    folder = f"/run/verify/{case.name}"
    names = unit_names(case.manifest, case.options)
    for file in render(case.manifest, case.options).files:
        if file.path.startswith(case.options.unit_directory):
            machine.write(f"{folder}/{_instance(file.path.rpartition('/')[2])}", file.content)
    machine.run(["mkdir", "-p", *case.options.exec_paths, "/opt/echo"])
    units = [f"{folder}/{_instance(name)}" for name in (names.service, *names.sockets)]
    verified = machine.run(
        [
            "systemd-analyze",
            f"--{case.options.scope}",
            "verify",
            "--recursive-errors=one",
            "--man=no",
            *units,
        ],
        check=False,
        environment={"XDG_RUNTIME_DIR": "/run"},
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    if case.options.scope == "system":
        assert _exposure(machine, units[0]) <= case.exposure / 10


def _instance(unit: str) -> str:
    """Return the name of a unit, for a template that of an instance: templates themselves cannot be verified."""
    return unit.replace("@.", "@1.")


def _exposure(machine: Machine, unit: str) -> float:
    """Return the score of a unit's file."""
    printed = machine.run(["systemd-analyze", "security", "--no-pager", "--offline=true", unit], check=False)
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", printed.stdout)
    assert found, printed
    return float(found[1])
