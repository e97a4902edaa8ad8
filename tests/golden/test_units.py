"""The exact text of generated files. ``SVCCTL_REWRITE_GOLDEN=1`` writes them anew, for a reader of the difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from svcctl import __version__
from svcctl.generate.systemd.render import render
from svcctl.manifest.codec import digest
from tests.golden.template import UNITS, template_units
from tests.verify.cases import CASES, Case

GOLDEN = Path(__file__).with_name("units")
REWRITE = bool(os.environ.get("SVCCTL_REWRITE_GOLDEN"))
NAMES = (
    "echo",
    "own-port",
    "several",
    "static-user",
    "instances",
    "user-scope",
    "reload",
    "client",
    "saved",
    "everything",
)
EXACT = tuple(case.on(version) for case in CASES if case.name in NAMES for version in (252, 257))


def compare(folder: Path, texts: dict[str, str]) -> None:
    """Check, or write anew, the files of a folder."""
    if REWRITE:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == texts


@pytest.mark.parametrize("case", EXACT, ids=lambda case: f"{case.name}-{case.options.version}")
def test_the_files_are_those_that_were_reviewed(case: Case) -> None:
    """Version and digest, which change without a change of ours, are left open."""
    texts = {}
    for file in render(case.manifest, case.options).files:
        text = file.content.decode().replace(digest(case.manifest), "DIGEST")
        texts[file.path.rpartition("/")[2]] = text.replace(f"svcctl {__version__},", "svcctl VERSION,")
    compare(GOLDEN / f"{case.name}-{case.options.version}", texts)


def test_the_ready_made_template_units_are_what_the_generator_makes() -> None:
    """They have the sandbox of any other application with a network of its own."""
    compare(UNITS, template_units())
