from __future__ import annotations

import dataclasses
import hashlib

import pytest

from svcctl.errors import ProblemsError
from svcctl.manifest.codec import decode, digest, encode
from tests.fakes.manifests import echo_manifest


def test_a_manifest_survives_being_written_and_read() -> None:
    """Every field comes back."""
    assert decode(encode(echo_manifest())) == echo_manifest()


def test_the_digest_is_taken_of_the_canonical_text() -> None:
    """Anybody can compute it from the text."""
    manifest = echo_manifest()
    assert digest(manifest) == hashlib.sha256(encode(manifest).encode()).hexdigest()


def test_a_changed_manifest_has_another_digest() -> None:
    """The digest tells whether files are up to date."""
    changed = dataclasses.replace(echo_manifest(), schema=2)
    assert digest(changed) != digest(echo_manifest())


def test_another_version_of_the_model_is_one_problem() -> None:
    """A newer manifest does not drown the reader in unknown fields."""
    text = encode(echo_manifest()).replace('"schema":1', '"schema":2,"news":1,"more":2')
    with pytest.raises(ProblemsError) as caught:
        decode(text)
    assert [tuple(problem) for problem in caught.value.problems] == [
        ("schema", "expected version 1 of the manifest, not 2")
    ]


def test_problems_have_their_path_in_the_tree() -> None:
    """The path can be followed by hand."""
    text = encode(echo_manifest()).replace('"endpoint":"tcp:8007"', '"endpoint":8007,"x":0')
    with pytest.raises(ProblemsError) as caught:
        decode(text)
    assert [problem.where for problem in caught.value.problems] == [
        "tree.children[0].listeners[0]",
        "tree.children[0].listeners[0].endpoint",
    ]
