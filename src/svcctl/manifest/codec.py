"""The manifest as canonical JSON, which is what its digest is taken of."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from svcctl.errors import Problem, ProblemsError
from svcctl.manifest.model import SCHEMA_VERSION, ApplicationInfo, Manifest, Origin, ServiceNode
from svcctl.records.reading import from_plain
from svcctl.records.text import parse, to_text

#: Hexadecimal digits; enough to tell versions of one application apart.
FINGERPRINT_LENGTH = 16


def encode(manifest: Manifest) -> str:
    """Return a manifest as canonical JSON: sorted names, no floats, no blanks, no newline at the end.

    Raises:
        ProblemsError: A value is not of its field's type.
    """
    return to_text(manifest)


def decode(text: str) -> Manifest:
    """Return the manifest that a JSON text holds.

    Types and names are checked here, their sense by :func:`svcctl.manifest.validation.validate`.

    Args:
        text: At most 4 MiB, and at most 200 levels deep.

    Raises:
        ProblemsError: It holds none, or one of another version of the model; collects every problem, up to 200.
    """
    values = parse(text)
    version = values.get("schema", SCHEMA_VERSION) if isinstance(values, dict) else SCHEMA_VERSION
    if type(version) is int and version != SCHEMA_VERSION:
        problem = Problem("schema", f"expected version {SCHEMA_VERSION} of the manifest, not {version}")
        raise ProblemsError(
            "this is no Manifest", (problem,), hint="use the same version of svcctl to describe and to read"
        )
    return from_plain(values, Manifest)


def fingerprint(manifest: Manifest) -> str:
    """Return a digest of what units are made from: name, listeners, identity, needs and limits.

    Two descriptions of one application with the same fingerprint need the same units, even if its file has changed.

    Returns:
        16 hexadecimal digits.
    """
    tree = ServiceNode(path="", kind="", class_name="", listeners=manifest.listeners())
    origin = Origin(kind=manifest.origin.kind, digest="")
    application = ApplicationInfo(name=manifest.application.name)
    needs = replace(manifest.needs, settings=())  # units name no defaults
    essence = replace(manifest, application=application, tree=tree, origin=origin, needs=needs)
    return digest(essence)[:FINGERPRINT_LENGTH]


def digest(manifest: Manifest) -> str:
    """Return the SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(encode(manifest).encode()).hexdigest()
