"""The Debian target says something about every field of the manifest: itself, by way of the units, or in a diagnostic."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from svcctl.errors import ProblemsError
from svcctl.generate.debian.fields import CARRIED, HONOURED, IGNORED
from svcctl.generate.debian.model import Package
from svcctl.generate.debian.render import render
from svcctl.generate.systemd.render import render as render_units
from svcctl.manifest.codec import digest
from svcctl.manifest.model import Manifest, Needs
from svcctl.plan.model import Rendering
from tests.contract.test_systemd_fields import LISTENING, fields
from tests.contract.test_systemd_fields import VARIANTS as OF_UNITS
from tests.unit.generate.debian.packages import BUNDLE, OPTIONS, content
from tests.verify.cases import ECHO
from tests.verify.cases import OPTIONS as UNIT_OPTIONS

UNITS = render_units(ECHO, UNIT_OPTIONS)

#: As for the units; /bin/sh needs no package, and another class shows without another path and other listeners.
VARIANTS = {
    **OF_UNITS,
    "needs.programs": replace(ECHO, needs=Needs(programs=("/usr/bin/ffmpeg",))),
    "tree.class_name": replace(
        ECHO, tree=replace(ECHO.tree, children=(replace(LISTENING, kind="opaque", class_name="a.B"),))
    ),
}


def made(manifest: Manifest, units: Rendering = UNITS) -> Package | ProblemsError:
    """Return the package, or what kept it from being made; the manifest fills what it can."""
    info = manifest.application
    options = replace(
        OPTIONS,
        version="" if info.version else OPTIONS.version,
        maintainer="" if info.maintainer else OPTIONS.maintainer,
    )
    try:
        return render(manifest, options, BUNDLE, units)
    except ProblemsError as error:
        return error


def shown(manifest: Manifest, units: Rendering = UNITS) -> object:
    """Return what a user sees of a package, but for the manifest's digest and the number that follows from it."""
    package = made(manifest, units)
    if isinstance(package, ProblemsError):
        return package.problems
    marks = re.compile("|".join((digest(manifest), digest(ECHO), "urn:uuid:[0-9a-f-]+")))
    texts = {file.path: marks.sub("", content(package, file.path)) for file in package.files}
    control = [field for field in package.control if field[0] != "Installed-Size"]
    return texts, control, dict(package.scripts), package.conffiles, package.diagnostics


def test_the_target_speaks_of_every_field_and_of_no_other() -> None:
    """A new field of the model fails here until somebody decides about it."""
    assert sorted((*HONOURED, *CARRIED, *IGNORED)) == sorted(fields(Manifest))


def test_there_is_a_variant_of_every_field() -> None:
    """So that the tests below leave none out."""
    assert VARIANTS.keys() == HONOURED | CARRIED | IGNORED.keys()


@pytest.mark.parametrize("field", sorted(HONOURED - {"schema"}))
def test_an_honoured_field_shows_with_the_same_units(field: str) -> None:
    """In a file, in the control file, in a diagnostic or as a problem; the digest does not count."""
    assert shown(VARIANTS[field]) != shown(ECHO)


def test_the_version_of_the_model_shows_in_the_digest() -> None:
    """It says how the manifest is written, nothing about the application."""
    assert made(VARIANTS["schema"]) != made(ECHO)


@pytest.mark.parametrize("field", sorted(CARRIED))
def test_a_carried_field_shows_through_the_units_alone(field: str) -> None:
    """With the units of before, nothing shows."""
    variant = VARIANTS[field]
    assert shown(variant, render_units(variant, UNIT_OPTIONS)) != shown(ECHO)
    assert shown(variant) == shown(ECHO)


@pytest.mark.parametrize("field", sorted(IGNORED))
def test_an_ignored_field_is_named(field: str) -> None:
    """With the sentence that was declared for it, once, and not with the one of the units' target."""
    variant = VARIANTS[field]
    package = made(variant, render_units(variant, UNIT_OPTIONS))
    assert isinstance(package, Package)
    assert [one.message for one in package.diagnostics].count(IGNORED[field]) == 1
    assert [one.subject for one in package.diagnostics].count(
        field.split(".", 2)[0] + "." + field.split(".")[1]
    ) <= 1
    plain = made(ECHO)
    assert isinstance(plain, Package)
    assert IGNORED[field] not in [one.message for one in plain.diagnostics]
