"""The list of what is bundled, in CycloneDX's JSON form: the same bytes for the same input.

Source: CycloneDX 1.5 specification; package URL specification, type ``pypi``.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

from svcctl import __version__
from svcctl.generate.debian.licences import is_expression
from svcctl.generate.debian.model import Bundle, Component, DebianOptions
from svcctl.generate.text import one_line
from svcctl.manifest.codec import digest
from svcctl.manifest.model import Manifest


def sbom(manifest: Manifest, options: DebianOptions, bundle: Bundle) -> str:
    """Return the document, with the digests of the manifest and of the application's file as properties.

    Args:
        manifest: The application.
        options: With version, licence and homepage as they are in the package.
        bundle: What it is bundled with.
    """
    components = sorted(bundle.components, key=lambda one: (_normal(one.name), one.version))
    document: dict[str, object] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": _metadata(manifest, options),
        "components": [_component(one) for one in components],
        "dependencies": [{"ref": _reference(options), "dependsOn": [_purl(one) for one in components]}],
    }
    serial = hashlib.sha256(_text(document).encode()).hexdigest()
    # A name-based identifier of RFC 9562, version 8: our own digest.
    parts = (serial[:8], serial[8:12], f"8{serial[13:16]}", f"8{serial[17:20]}", serial[20:32])
    document["serialNumber"] = f"urn:uuid:{'-'.join(parts)}"
    return _text(document)


def _text(document: dict[str, object]) -> str:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _metadata(manifest: Manifest, options: DebianOptions) -> dict[str, object]:
    when = datetime.fromtimestamp(options.source_date_epoch, UTC)
    subject: dict[str, object] = {
        "type": "application",
        "bom-ref": _reference(options),
        "name": one_line(manifest.application.name),
        "version": options.version,
        "purl": _reference(options),
        "properties": [
            {"name": "svcctl:manifest", "value": digest(manifest)},
            {"name": f"svcctl:origin:{manifest.origin.kind}", "value": manifest.origin.digest},
        ],
    }
    if options.synopsis:
        subject["description"] = options.synopsis
    if options.licence:
        subject["licenses"] = _licences(options.licence.name)
    if options.homepage:
        subject["externalReferences"] = [{"type": "website", "url": options.homepage}]
    tool = {"type": "application", "name": "svcctl", "version": __version__}
    return {
        "timestamp": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "tools": {"components": [tool]},
        "component": subject,
    }


def _reference(options: DebianOptions) -> str:
    return f"pkg:deb/debian/{_escaped(options.package)}@{_escaped(options.version)}?distro={options.distribution}"


def _component(component: Component) -> dict[str, object]:
    purl = _purl(component)
    entry: dict[str, object] = {
        "type": "library",
        "bom-ref": purl,
        "name": one_line(component.name),
        "version": one_line(component.version),
        "purl": purl,
    }
    if component.summary:
        entry["description"] = one_line(component.summary)
    if component.sha256:
        entry["hashes"] = [{"alg": "SHA-256", "content": one_line(component.sha256)}]
    if component.licence:
        entry["licenses"] = _licences(component.licence)
    if component.homepage:
        entry["externalReferences"] = [{"type": "website", "url": one_line(component.homepage)}]
    return entry


def _licences(name: str) -> list[dict[str, object]]:
    return [{"expression": name}] if is_expression(name) else [{"license": {"name": one_line(name)}}]


def _purl(component: Component) -> str:
    return f"pkg:pypi/{_escaped(_normal(component.name))}@{_escaped(component.version)}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _escaped(text: str) -> str:
    plain = re.compile(r"[A-Za-z0-9.\-_~:]", re.ASCII)
    return "".join(
        char if plain.fullmatch(char) else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in one_line(text)
    )
