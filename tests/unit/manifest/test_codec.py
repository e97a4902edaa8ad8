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


def test_a_text_from_before_orders_and_restarts_is_read() -> None:
    """Fields that were added have defaults; the version counts changes of what there was."""
    text = encode(echo_manifest())
    for field in ('"after":null,', '"connections":[],', '"restart":"permanent",', ',"supervision":null'):
        assert text.count(field) == 2
        text = text.replace(field, "")
    assert decode(text) == echo_manifest()


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('"after":null', '"after":"x"', "after"),
        ('"restart":"permanent"', '"restart":"always"', "restart"),
        (
            '"supervision":null',
            '"supervision":{"strategy":"all","restarts":1,"within_ms":1}',
            "supervision.strategy",
        ),
        (
            '"supervision":null',
            '"supervision":{"strategy":"one_for_all","restarts":1}',
            "supervision.within_ms",
        ),
    ],
)
def test_a_wrong_order_or_restart_is_a_problem_of_its_field(old: str, new: str, where: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ProblemsError) as caught:
        decode(encode(echo_manifest()).replace(old, new, 1))
    (problem,) = caught.value.problems
    assert problem.where.endswith(f".{where}")


def test_problems_have_their_path_in_the_tree() -> None:
    """The path can be followed by hand."""
    text = encode(echo_manifest()).replace('"endpoint":"tcp:8007"', '"endpoint":8007,"x":0')
    with pytest.raises(ProblemsError) as caught:
        decode(text)
    assert [problem.where for problem in caught.value.problems] == [
        "tree.children[0].listeners[0]",
        "tree.children[0].listeners[0].endpoint",
    ]
