"""How long a start may take: an application that goes on gets its time, one that does not ends at the limit."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from svcctl.testing.init import fake_init
from svcctl.testing.unit import Limits
from tests.systemd.apps import APPS, installed
from tests.systemd.machine import Machine

LIMIT = 3.0


class Case(NamedTuple):
    """What goes wrong, and how it ends.

    Attributes:
        hang: What is wrong; the value of the application's variable.
        state: ``ActiveState=`` in the end.
        result: ``Result=``.
        status: What the status text begins with; NAME stands for the application.
    """

    hang: str
    state: str
    result: str
    status: str


CASES = {
    # Six times 1.65 s is more than three times the limit.
    "it goes on": Case("", "active", "success", "7/7 ready"),
    "it stands still": Case("start", "failed", "exit-code", "NAME/3 "),
    "it never begins": Case("load", "failed", "timeout", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_under_the_fake_init(name: str, tmp_path: Path) -> None:
    """With the limits of the units; what stands still is ended by the application itself, in order."""
    case = CASES[name]
    path = tmp_path / "slow.tac"
    path.write_text((APPS / "slow.tac").read_text())
    options = {"HANG": case.hang}
    with fake_init(path, environment=options, limits=Limits(start=LIMIT, stop=6.0), block=False) as service:
        service.wait_until(lambda: service.state in {"active", "failed"})
        assert (service.state, service.result) == (case.state, case.result), (
            service.transcript + service.stderr
        )
        assert service.status.startswith(case.status), service.transcript
        if case.state == "active":
            first, *_, ready = [message.time for message in service.messages if "STATUS" in message.fields]
            assert ready - first > 2 * LIMIT


@pytest.mark.parametrize("name", CASES)
def test_under_systemd(name: str, machine: Machine) -> None:
    """The same, with the units that were made for it."""
    case = CASES[name]
    app = installed(
        machine, "slow", "--set", "Service.Restart=no", "--set", f"Service.Environment=HANG={case.hang}"
    )
    assert app.property("TimeoutStartUSec") == "3s"
    started = machine.systemctl("start", app.name, check=False)
    assert (started.returncode == 0) == (case.state == "active")
    assert (app.property("ActiveState"), app.property("Result")) == (case.state, case.result)
    assert app.property("StatusText").startswith(case.status.replace("NAME", app.name))
