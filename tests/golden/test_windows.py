"""The exact text of what is generated for Windows. ``SVCCTL_REWRITE_GOLDEN=1`` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from svcctl import __version__
from svcctl.generate.windows.render import render
from svcctl.manifest.codec import digest
from tests.golden.test_units import compare
from tests.unit.generate.windows.cases import CASES, Case

GOLDEN = Path(__file__).with_name("windows")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_files_are_those_that_were_reviewed(case: Case) -> None:
    """Version, digest and what follows from the rest are left open; line ends are those of this system."""
    texts = {}
    for file in render(case.manifest, case.options).files:
        text = file.content.decode("utf-8-sig").replace(digest(case.manifest), "DIGEST").replace("\r\n", "\n")
        text = re.sub(r"(svcctl_version\W+)[\d.]+", r"\1VERSION", text)
        text = re.sub('<Product Id="[^"]+"', '<Product Id="CONTENT"', text)
        texts[file.path.removeprefix("/")] = text.replace(f"svcctl {__version__},", "svcctl VERSION,")
    compare(GOLDEN / case.name, texts)
