from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from svcctl.manifest.codec import encode
from svcctl.manifest.schema import json_schema
from tests.fakes.manifests import echo_manifest


def errors(text: str) -> list[str]:
    """Return where a text breaks the schema."""
    found = Draft202012Validator(json_schema()).iter_errors(json.loads(text))
    return sorted(".".join(str(step) for step in error.absolute_path) for error in found)


def test_the_schema_is_one_of_draft_2020_12() -> None:
    """It fulfils the schema of schemas."""
    Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_schema_accepts_what_is_written() -> None:
    """Texts of the codec fulfil it."""
    assert errors(encode(echo_manifest())) == []


def test_the_schema_describes_every_field() -> None:
    """It is made from the model, so it cannot lag behind."""
    assert json.loads(json.dumps(json_schema())) == json_schema()
    assert '"executable_state"' in json.dumps(json_schema())


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('"schema":1', '"schema":2', "schema"),
        ('"kind":"tac"', '"kind":"zip"', "origin.kind"),
        ('"watchdog_ms":30000', '"watchdog_ms":"30000"', "lifecycle.watchdog_ms"),
        ('"reload":false', '"reload":0', "lifecycle.reload"),
        ('"uid":null', '"uid":[]', "identity.uid"),
        ('"directories":["state"]', '"directories":["tmp"]', "needs.directories.0"),
        ('"name":"tcp-8007"', '"name":"tcp-8007","x":1', "tree.children.0.listeners.0"),
        ('"name":"echo",', "", "application"),
    ],
)
def test_the_schema_refuses_what_the_codec_refuses(old: str, new: str, where: str) -> None:
    """Names, types and the version."""
    text = encode(echo_manifest())
    assert text.count(old) == 1
    assert errors(text.replace(old, new)) == [where]
