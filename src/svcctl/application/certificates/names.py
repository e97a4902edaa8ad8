"""The host names of a certificate.

The standard library decodes only certificates that a peer has shown and that were verified, so the few fields that
matter are looked up here. Source: RFC 5280, section 4.1 (the structure) and 4.2.1.6 (subjectAltName); X.690 (DER).
"""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE, _VERSION, _EXTENSIONS, _DNS_NAME = 0x30, 0xA0, 0xA3, 0x82
_SUBJECT_ALT_NAME = bytes.fromhex("551d11")  # 2.5.29.17
_COMMON_NAME = bytes.fromhex("550403")  # 2.5.4.3
#: Position of the subject after serial number, algorithm, issuer and validity.
_SUBJECT = 4
_LONG_FORM = 0x80


def host_names(certificate: bytes) -> tuple[str, ...]:
    """Return the host names of a certificate, in lower case: those of subjectAltName, else its common name.

    Args:
        certificate: The certificate in DER.

    Raises:
        ValueError: It is no certificate, or its names are malformed.
    """
    try:
        fields = [item for item in _items(_inside(_inside(certificate))) if item[0] != _VERSION]
        names = tuple(_alternative_names(fields)) or tuple(_common_names(fields[_SUBJECT][1]))
    except (IndexError, ValueError) as error:
        raise ValueError("its structure is broken") from error
    return tuple(name.decode("utf-8", "replace").lower() for name in names)


def _alternative_names(fields: list[tuple[int, bytes]]) -> Iterator[bytes]:
    for tag, content in fields:
        if tag != _EXTENSIONS:
            continue
        for _, extension in _items(_inside(content)):
            parts = list(_items(extension))
            if parts[0][1] == _SUBJECT_ALT_NAME:
                yield from (name for kind, name in _items(_inside(parts[-1][1])) if kind == _DNS_NAME)


def _common_names(subject: bytes) -> Iterator[bytes]:
    for _, relative_name in _items(subject):
        for _, attribute in _items(relative_name):
            (_, kind), (_, value), *_ = _items(attribute)
            if kind == _COMMON_NAME:
                yield value


def _inside(data: bytes) -> bytes:
    """Return the content of the one sequence that is first in the data."""
    tag, content = next(_items(data), (0, b""))
    if tag != _SEQUENCE:
        raise ValueError(f"expected a sequence, not an item of type {tag}")
    return content


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each item."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length >= _LONG_FORM:
            size = length - _LONG_FORM
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        yield tag, data[at : at + length]
        at += length
