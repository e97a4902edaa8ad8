"""Records to JSON text and back. The text is canonical (RFC 8785; no number has a fraction, all names are ASCII)."""

from __future__ import annotations

import json
import re
from typing import NoReturn, TypeVar

from svcctl.errors import Problem, ProblemsError
from svcctl.records.reading import MAX_DEPTH, from_plain, problems_of_plain, shown, to_plain

MAX_BYTES = 4 * 2**20

_Record = TypeVar("_Record")
_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


def to_text(record: object) -> str:
    """Return a record as canonical JSON: sorted names, no blanks, no newline at the end.

    Raises:
        ProblemsError: ``from_text`` would refuse it: a value is not of its field's type, or the text is too large.
    """
    plain = to_plain(record)
    problems = problems_of_plain(plain, type(record))
    if problems:
        raise ProblemsError(f"this {type(record).__name__} cannot be written", problems)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    if len(text.encode()) > MAX_BYTES:
        _refuse("the text", f"longer than {MAX_BYTES} bytes")
    return text


def from_text(text: str, kind: type[_Record]) -> _Record:
    """Return the record that a JSON text holds.

    Args:
        text: At most 4 MiB, and at most 200 levels deep.
        kind: The record's class.

    Raises:
        ProblemsError: It is not JSON, or not such a record; holds every problem, up to 200.
    """
    return from_plain(parse(text), kind)


def parse(text: str) -> object:
    """Return the values of a JSON text, before they are held against a record.

    Raises:
        ProblemsError: It is too large, too deep, not JSON, or has a name twice in one object.
    """
    if len(text) > MAX_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        _refuse("the text", f"longer than {MAX_BYTES} bytes")
    if _depth(text) > MAX_DEPTH:
        _refuse("the text", f"nested deeper than {MAX_DEPTH} levels")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        _refuse(f"line {error.lineno}, column {error.colno}", error.msg)
    except ValueError as error:  # of our hooks, and of Python for a number of too many digits
        _refuse("the text", str(error))


def _depth(text: str) -> int:
    deepest = depth = 0
    for match in _STRUCTURE.finditer(text):
        if match[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in pairs:
        if name in values:
            message = f"the name {shown(name)} stands twice in one object"
            raise ValueError(message)
        values[name] = value
    return values


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _refuse(where: str, message: str) -> NoReturn:
    raise ProblemsError("this is not the JSON that is read and written here", (Problem(where, message),))
