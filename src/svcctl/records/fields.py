"""What a record is made of.

Types that its fields may have: ``str``, ``int``, ``bool``, ``None``, ``Literal`` of texts, ``tuple[X, ...]``, other
records, and unions of these with at most one record and one tuple in each.
"""

from __future__ import annotations

import dataclasses
import functools
from types import UnionType
from typing import NamedTuple, TypeGuard, Union, get_args, get_origin, get_type_hints


class Field(NamedTuple):
    """One field of a record.

    Attributes:
        name: Its name, in Python as in JSON.
        hint: Its type.
        required: It has no default.
    """

    name: str
    hint: object
    required: bool


def is_record(kind: object) -> TypeGuard[type]:
    """Return whether this is a class whose instances are written as objects."""
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or hasattr(kind, "_field_defaults"))


@functools.cache
def fields_of(kind: type) -> tuple[Field, ...]:
    """Return the fields of a record class, in order."""
    hints = get_type_hints(kind)
    if not dataclasses.is_dataclass(kind):
        defaults = getattr(kind, "_field_defaults", {})
        return tuple(Field(name, hint, name not in defaults) for name, hint in hints.items())
    missing = dataclasses.MISSING
    return tuple(
        Field(field.name, hints[field.name], field.default is missing and field.default_factory is missing)
        for field in dataclasses.fields(kind)
    )


@functools.cache
def options_of(hint: object) -> tuple[object, ...]:
    """Return the members of a union; any other type alone."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
