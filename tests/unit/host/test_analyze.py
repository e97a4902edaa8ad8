from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import CommandError
from svcctl.host import analyze
from svcctl.host.machine import Machine
from svcctl.plan.model import File
from tests.fakes.machines import machine_in

UNIT = File(path="/etc/systemd/system/echo.service", content=b"[Service]\nExecStart=/bin/true\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Give a machine of the system's scope."""
    return machine_in(tmp_path)


def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Make a systemd-analyze that is all there is on the search path."""
    tool = tmp_path / "systemd-analyze"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_without_the_tool_nothing_is_said(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for nor against."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert analyze.verify((UNIT,), machine) == ()
    assert analyze.exposure(UNIT) is None


def test_complaints_about_our_units_count_whatever_the_status(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ignored lines have status 0; the folder of our copy is left out."""
    put(tmp_path, monkeypatch, 'for last; do :; done; echo "$last:3: Unknown key, ignoring" >&2; exit 0')
    assert analyze.verify((UNIT,), machine) == ("echo.service:3: Unknown key, ignoring",)


def test_complaints_about_other_units_do_not_count(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distribution's own faults must not keep anybody from installing."""
    put(tmp_path, monkeypatch, 'echo "/lib/systemd/system/other.socket:5: legacy" >&2; exit 1')
    assert analyze.verify((UNIT,), machine) == ()


def test_a_tool_that_cannot_work_is_an_error(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence about our units would otherwise look like approval."""
    put(tmp_path, monkeypatch, 'echo "Failed to initialize manager" >&2; exit 1')
    with pytest.raises(CommandError, match="Failed to initialize manager"):
        analyze.verify((UNIT,), machine)


def test_templates_are_looked_at_as_an_instance(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name has to do for a port."""
    put(tmp_path, monkeypatch, 'echo "$*" >"${0%/*}/seen"')
    template = replace(UNIT, path="/etc/systemd/system/echo@.service")
    other = File(path="/etc/sysusers.d/echo.conf", content=b"")
    analyze.verify((template, other), replace(machine, scope="user"))
    seen = (tmp_path / "seen").read_text().split()
    assert seen[:4] == ["--user", "verify", "--man=no", "--recursive-errors=one"]
    assert [Path(word).name for word in seen[4:]] == ["echo@1.service"]


@pytest.mark.skipif(not analyze.available(), reason="there is no systemd-analyze")
def test_the_real_tool_is_understood(machine: Machine) -> None:
    """A good unit, a bad one, a score."""
    assert analyze.verify((UNIT,), machine) == ()
    bad = replace(UNIT, content=UNIT.content + b"Nonsense=1\n")
    assert "Nonsense" in analyze.verify((bad,), machine)[0]
    score = analyze.exposure(UNIT)
    assert score is not None
    assert 9 < score <= 10
