"""The form of the manifest for other programs: a JSON Schema made from the model's fields."""

from __future__ import annotations

from types import NoneType
from typing import Literal, get_args, get_origin

from svcctl.manifest.model import SCHEMA_VERSION, Manifest
from svcctl.records.fields import fields_of, is_record, options_of
from svcctl.records.reading import MAX_INTEGER

_SCALARS: dict[object, dict[str, object]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER},
    NoneType: {"type": "null"},
}


def json_schema() -> dict[str, object]:
    """Return the JSON Schema, draft 2020-12, that every text of ``manifest.codec.encode`` fulfils.

    It says what :func:`svcctl.manifest.codec.decode` says: names and types. The rules of
    :func:`svcctl.manifest.validation.validate` go further than a schema can.
    """
    definitions: dict[str, object] = {}
    _define(Manifest, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:svcctl:manifest:{SCHEMA_VERSION}",
        "title": "svcctl manifest",
        "$ref": f"#/$defs/{Manifest.__name__}",
        "properties": {"schema": {"const": SCHEMA_VERSION}},
        "$defs": definitions,
    }


def _define(kind: type, definitions: dict[str, object]) -> dict[str, object]:
    """Put a record's schema under ``definitions`` and return a reference to it."""
    if kind.__name__ not in definitions:
        properties: dict[str, object] = {}
        definitions[kind.__name__] = {
            "type": "object",
            "properties": properties,
            "required": [field.name for field in fields_of(kind) if field.required],
            "additionalProperties": False,
        }
        properties.update((field.name, _schema_of(field.hint, definitions)) for field in fields_of(kind))
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _schema_of(hint: object, definitions: dict[str, object]) -> dict[str, object]:
    options = options_of(hint)
    if len(options) > 1:
        return {"anyOf": [_schema_of(option, definitions) for option in options]}
    if is_record(hint):
        return _define(hint, definitions)
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _schema_of(get_args(hint)[0], definitions)}
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    return dict(_SCALARS[hint])
