from __future__ import annotations

import pytest

from svcctl.generate.systemd.render import render
from tests.golden.template import template_units
from tests.verify.cases import CASES, VERSIONS, Case
from tests.verify.conftest import Analyzer, Verdict

ACCEPTED = Verdict(0, "")


def units(case: Case) -> dict[str, str]:
    """Return the text of the case's units by file name."""
    files = (
        (file.path.rpartition("/")[2], file.content) for file in render(case.manifest, case.options).files
    )
    return {name: content.decode() for name, content in files if not name.endswith(".conf")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_systemd_understands_every_line(case: Case, analyzer: Analyzer) -> None:
    """For each version that this machine's systemd can judge: an older one does not know newer lines."""
    judged = [version for version in VERSIONS if version <= analyzer.version]
    assert judged
    for version in judged:
        assert analyzer.verify(units(case.on(version))) == ACCEPTED


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_exposure_is_not_above_what_the_needs_cost(case: Case, analyzer: Analyzer) -> None:
    """0.2 for sockets that are handed over, 1.1 for a network of its own."""
    for version in VERSIONS:
        text = next(text for name, text in units(case.on(version)).items() if name.endswith(".service"))
        assert analyzer.exposure(text) <= case.exposure


def test_the_ready_made_template_units_are_understood_and_hardened(analyzer: Analyzer) -> None:
    """Their socket is optional and their network their own."""
    texts = template_units()
    assert analyzer.verify(texts) == ACCEPTED
    assert analyzer.exposure(texts["svcctl@.service"]) <= 11
    assert "Requires=" not in texts["svcctl@.service"]


@pytest.mark.parametrize(
    "line",
    [
        "Unknown=yes",
        "MemoryMax=lots",
        "WorkingDirectory=relative",
        "EnvironmentFile=relative",
        "Type=unknown",
    ],
)
def test_the_judge_finds_a_line_that_systemd_would_ignore(line: str, analyzer: Analyzer) -> None:
    """Else its silence would prove nothing."""
    text = units(CASES[0])["echo.service"].replace("[Service]\n", f"[Service]\n{line}\n")
    verdict = analyzer.verify({"echo.service": text, "echo.socket": units(CASES[0])["echo.socket"]})
    assert verdict != ACCEPTED
    assert line.partition("=")[0] in verdict.output or line.partition("=")[2] in verdict.output
