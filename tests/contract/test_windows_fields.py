"""The Windows target says something about every field of the manifest: in its files, or in a diagnostic."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from svcctl.generate.windows.fields import HONOURED, IGNORED
from svcctl.generate.windows.render import render
from svcctl.manifest.codec import digest
from svcctl.manifest.model import Manifest
from tests.contract.test_systemd_fields import LISTENING, VARIANTS, fields
from tests.unit.generate.windows.cases import BUNDLED
from tests.verify.cases import ECHO

#: Another class shows where nothing is known about it.
OPAQUE = replace(
    ECHO, tree=replace(ECHO.tree, children=(replace(LISTENING, kind="opaque", class_name="a.B"),))
)
#: Where a manifest stands as it is, and what is made of all of it.
_EVERYTHING = re.compile(rb'(?m)^\$receipt = .*$|^.*Name="Receipt".*$|<Product Id="[^"]+"')


def shown(manifest: Manifest) -> tuple[object, ...]:
    """Return what a user sees of a manifest, but for what shows every change: its digest, a receipt, an identity."""
    rendering = render(manifest, BUNDLED)
    mark = digest(manifest).encode()
    return (
        *((file.path, _EVERYTHING.sub(b"", file.content.replace(mark, b""))) for file in rendering.files),
        *rendering.diagnostics,
    )


def test_the_target_speaks_of_every_field_and_of_no_other() -> None:
    """A new field of the model fails here until somebody decides about it."""
    assert sorted((*HONOURED, *IGNORED)) == sorted(fields(Manifest))


@pytest.mark.parametrize("field", sorted(HONOURED - {"schema", "tree.path"}))
def test_an_honoured_field_shows(field: str) -> None:
    """In a file or in a diagnostic; the digest does not count."""
    variant = OPAQUE if field == "tree.class_name" else VARIANTS[field]
    assert shown(variant) != shown(ECHO)


def test_a_path_shows_where_something_is_said_about_its_service() -> None:
    """As the subject of a diagnostic."""
    assert shown(VARIANTS["tree.path"]) != shown(ECHO)


def test_the_version_of_the_model_shows_in_the_digest() -> None:
    """It says how the manifest is written, nothing about the application."""
    assert render(VARIANTS["schema"], BUNDLED).files != render(ECHO, BUNDLED).files


@pytest.mark.parametrize("field", sorted(IGNORED))
def test_an_ignored_field_is_named(field: str) -> None:
    """With the sentence that was declared for it, and not where nothing is said."""
    told = [one.message for one in render(VARIANTS[field], BUNDLED).diagnostics]
    assert told.count(IGNORED[field]) == 1
    assert IGNORED[field] not in [one.message for one in render(ECHO, BUNDLED).diagnostics]
