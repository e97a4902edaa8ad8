"""JSON values, once parsed, to records and back."""

from __future__ import annotations

from types import NoneType
from typing import Literal, TypeVar, cast, get_args, get_origin

from svcctl.errors import Problem, ProblemsError
from svcctl.records.fields import fields_of, is_record, options_of

MAX_DEPTH = 200
MAX_INTEGER = 2**53 - 1  # RFC 7493: larger ones change in readers that have only doubles
MAX_PROBLEMS = 200  # more of them help nobody, and a hostile text could hold millions

_Record = TypeVar("_Record")
_LONGEST_SHOWN = 80


class _Changeable:
    """Stands for a list or a dictionary in a record's field: JSON has them, but a record must not."""


_KINDS: dict[object, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    float: "a number with a fraction",
    NoneType: "null",
    list: "a list",
    tuple: "a list",
    dict: "an object",
    _Changeable: "a Python list or dictionary, which can be changed",
}


def to_plain(value: object, depth: int = 1) -> object:
    """Return a record as JSON values; what JSON has not stays, to be refused by ``problems_of``.

    Args:
        value: A record, or what a field of one holds.
        depth: On which level it stands, the outermost being 1.

    Raises:
        ProblemsError: It is nested deeper than 200 levels.
    """
    if depth > MAX_DEPTH:
        raise ProblemsError(
            "this cannot be written", (Problem("the record", f"nested deeper than {MAX_DEPTH} levels"),)
        )
    kind: type = type(value)
    if is_record(kind):
        return {name: to_plain(getattr(value, name), depth + 1) for name, _, _ in fields_of(kind)}
    if isinstance(value, tuple):
        return [to_plain(item, depth + 1) for item in value]
    return _Changeable() if isinstance(value, list | dict) else value


def from_plain(value: object, kind: type[_Record]) -> _Record:
    """Return the record that parsed JSON values make.

    Raises:
        ProblemsError: They do not; holds every problem, up to 200.
    """
    problems: list[Problem] = []
    record = _read(value, kind, "", problems)
    if problems:
        raise ProblemsError(f"this is no {kind.__name__}", tuple(problems))
    return cast("_Record", record)


def problems_of(record: object) -> tuple[Problem, ...]:
    """Return where values of a record in memory are not of their fields' types, up to 200 places."""
    try:
        plain = to_plain(record)
    except ProblemsError as error:
        return error.problems
    return problems_of_plain(plain, type(record))


def problems_of_plain(plain: object, kind: type) -> tuple[Problem, ...]:
    """Return why JSON values make no record of that class, up to 200 reasons."""
    problems: list[Problem] = []
    _read(plain, kind, "", problems)
    return tuple(problems)


def joined(path: str, name: str) -> str:
    """Return the path of a field below ``path``, which is empty for the record itself."""
    return f"{path}.{name}" if path else name


def shown(value: object) -> str:
    """Return a value for a message: on one line, without control characters, shortened."""
    text = ascii(value[:_LONGEST_SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def _read(value: object, hint: object, path: str, problems: list[Problem]) -> object:
    if len(problems) >= MAX_PROBLEMS:
        return None
    for option in options_of(hint):
        if is_record(option) and isinstance(value, dict):
            return _read_record(value, option, path, problems)
        if get_origin(option) is tuple and isinstance(value, list):
            kind = get_args(option)[0]
            return tuple(_read(item, kind, f"{path}[{place}]", problems) for place, item in enumerate(value))
        if get_origin(option) is Literal and isinstance(value, str) and value in get_args(option):
            return value
        if type(value) is option and _is_sound(value):
            return value
    problems.append(Problem(path or "the record", f"expected {_expected(hint)}, not {_found(value)}"))
    return None


def _read_record(value: dict[str, object], kind: type, path: str, problems: list[Problem]) -> object:
    known = fields_of(kind)
    names = {field.name for field in known}
    for name in value:
        if name not in names and len(problems) < MAX_PROBLEMS:
            problems.append(Problem(path or "the record", f"has no field {shown(name)}"))
    arguments = {}
    for name, hint, required in known:
        if name in value:
            arguments[name] = _read(value[name], hint, joined(path, name), problems)
        elif required and len(problems) < MAX_PROBLEMS:
            problems.append(Problem(joined(path, name), "is missing"))
    return None if problems else kind(**arguments)


def _is_sound(value: object) -> bool:
    """Return whether UTF-8 can hold a text, and every reader of JSON a number."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return True
    return not isinstance(value, int) or abs(value) <= MAX_INTEGER


def _expected(hint: object) -> str:
    names: list[str] = []
    for option in options_of(hint):
        if get_origin(option) is Literal:
            names.extend(f"'{value}'" for value in get_args(option))
        else:
            names.append(_KINDS[dict if is_record(option) else get_origin(option) or option])
    return " or ".join(names)


def _found(value: object) -> str:
    if type(value) is str:
        return shown(value) if _is_sound(value) else f"{shown(value)}, which UTF-8 cannot hold"
    if type(value) is int:
        return shown(value) if _is_sound(value) else "a number beyond 9007199254740991"
    return _KINDS.get(type(value), f"a {type(value).__qualname__}")
