"""Writes result records as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys


def write(result: object) -> None:
    """Write a record to stdout, its fields under their own names, bytes as text."""
    json.dump(plain(result), sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")


def plain(value: object) -> object:
    """Return a record as what JSON knows: objects, lists, text, numbers.

    Example:
        >>> plain((b"a", frozenset({2, 1})))
        ['a', [1, 2]]
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(item) for name, item in value._asdict().items()}
    if isinstance(value, frozenset):
        return [plain(item) for item in sorted(value)]
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
