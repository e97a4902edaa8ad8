"""The types that a setting can have: how its text is read, what it looks like in words, how a default is written."""

from __future__ import annotations

import enum
import math
import os
import re
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from svcctl.application.credentials import Secret
from svcctl.errors import UsageError

#: Mark numbers that may be written with a unit.
DURATION, SIZE = "duration", "size"

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_SECONDS = {"": 1.0, "s": 1.0, "ms": 0.001, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_OF_UNION = (Union, types.UnionType)


class Kind(NamedTuple):
    """How one type is read.

    Attributes:
        expects: What a value looks like, in words.
        read: From the text to the value; raises ``ValueError``.
        write: From a value to its text, for a default.
        empty: What stands for a value that is not known; ``None`` for a text that says so.
        secret: Its value is not shown.
    """

    expects: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    empty: Callable[[], Any] | None = None
    secret: bool = False

    def placeholder(self, variable: str) -> Any:  # noqa: ANN401 (of its type)
        """Return what stands for the value of a variable that is not known yet."""
        text = f"<{variable} is not set>"
        if self.secret:
            return Secret(f"${variable}", text)
        return text if self.empty is None else self.empty()


def kind_of(hint: Any, where: str) -> Kind:  # noqa: ANN401 (an annotation)
    """Return how a field of this type is read.

    Args:
        hint: The annotation of the field.
        where: Class and field, for the error.

    Raises:
        UsageError: It cannot be read.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin in _OF_UNION and len(arguments) == 2 and type(None) in arguments:  # noqa: PLR2004 (X | None)
        return kind_of(next(each for each in arguments if each is not type(None)), where)
    if origin is Annotated:
        marked = next((_MARKED[each] for each in arguments[1:] if each in (DURATION, SIZE)), None)
        return marked or kind_of(arguments[0], where)
    if origin is list or (origin is tuple and len(arguments) == 2 and arguments[1] is ...):  # noqa: PLR2004 (tuple[X, ...])
        return _several(origin, kind_of(arguments[0], where), where)
    found = _one_of({str(each): each for each in arguments}) if origin is Literal else _of_class(hint)
    if found is None:
        raise UsageError(
            f"{where}: a setting cannot be of the type {getattr(hint, '__name__', None) or hint}",
            hint="use str, int, float, bool, Literal, Enum, Path, Duration, Size, Secret, or a list of these",
        )
    return found


def _of_class(hint: Any) -> Kind | None:  # noqa: ANN401 (an annotation)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _one_of(dict(hint.__members__))
    if isinstance(hint, type) and issubclass(hint, os.PathLike):
        path: Any = hint
        return Kind("a path", path, str, lambda: path("/nonexistent"))
    return None


def shown(kind: Kind, default: Any) -> str:  # noqa: ANN401 (of its type)
    """Return the text that stands for a default; empty for none and for a secret."""
    return "" if default is None or kind.secret else kind.write(default)


def _one_of(members: dict[str, Any]) -> Kind:
    def read(text: str) -> Any:  # noqa: ANN401 (a member)
        if text not in members:
            raise ValueError(text)
        return members[text]

    def write(value: object) -> str:
        return next((name for name, member in members.items() if member is value or member == value), "")

    first = next(iter(members.values()))
    return Kind(f"one of {', '.join(members)}", read, write, lambda: first)


def _several(make: type, one: Kind, where: str) -> Kind:
    if one.secret:
        raise UsageError(f"{where}: a list cannot hold secrets", hint="give each a field of its own")

    def read(text: str) -> Any:  # noqa: ANN401 (a list or a tuple)
        return make(one.read(each.strip()) for each in text.split(",")) if text.strip() else make()

    return Kind(
        f"a list, separated by commas, of which each is {one.expects}",
        read,
        lambda values: ",".join(one.write(each) for each in values),
        make,
    )


def _bool(text: str) -> bool:
    lower = text.strip().lower()
    if lower not in (*_TRUE, *_FALSE):
        raise ValueError(text)
    return lower in _TRUE


def _int(text: str) -> int:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(text)
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _amount(text: str, units: dict[str, Any]) -> float:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or found[2] not in units:
        raise ValueError(text)
    return float(found[1]) * float(units[found[2]])


def _number(value: float) -> str:
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _size(text: str) -> int:
    value = _amount(text, _BYTES)
    if value != int(value):
        raise ValueError(text)
    return int(value)


_MARKED = {
    DURATION: Kind("a time such as 30, 1.5s, 100ms, 5min, 2h or 1d", lambda text: _amount(text, _SECONDS), _number, float),
    SIZE: Kind("a size such as 4096, 64K, 1M or 2G", _size, str, int),
}  # fmt: skip
_PLAIN: dict[Any, Kind] = {
    str: Kind("a text", str),
    Secret: Kind("a secret text", str, secret=True),
    int: Kind("a whole number", _int, str, int),
    float: Kind("a number", _float, _number, float),
    bool: Kind("true or false", _bool, lambda value: "true" if value else "false", bool),
}
