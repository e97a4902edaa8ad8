"""What would have been right in a description that does not parse; imported only then, since it costs time."""

from __future__ import annotations

import difflib

from svcctl.endpoints.values import TYPES, Endpoint

ESCAPE = r"a ':' in a value is written '\:'"
_PORT_DIGITS = 5
_LONGEST_WORD = 40


def type_expected(word: str, value: str) -> str:
    """Return what should stand in front of the first colon.

    Args:
        word: The first argument up to its ``=``, or all of it.
        value: What follows its ``=``, or all of it.
    """
    if value.isascii() and value.isdigit() and len(value) <= _PORT_DIGITS:
        return f"a type first: 'tcp:{value}'"
    if word.startswith(("/", "./")):
        return "a type first, as in 'unix:/run/web.sock'"
    if word.lower() in TYPES:
        return f"'{word.lower()}': types are written in lower case"
    return f"one of the types {', '.join(TYPES)}{_did_you_mean(word, tuple(TYPES))}"


def name_expected(type_name: str, name: str | None) -> str:
    """Return which argument should stand where an unknown name, or one positional argument too many, does."""
    fields = TYPES[type_name]._fields
    known = f"{type_name} takes {', '.join(fields)}"
    if name is None:
        return f"no further argument: {known} ({ESCAPE})"
    by_case = {field.lower(): field for field in fields}
    if name.lower() in by_case:
        return f"'{by_case[name.lower()]}': the case of letters counts"
    return f"another name: {known}{_did_you_mean(name, fields)}"


def old_spelling(kind: type[Endpoint], value: str, following: str | None) -> str:
    """Return the right spelling of ``index:0``, which early documents of the framework show; empty if it is not that.

    Args:
        kind: The type of the endpoint.
        value: A positional argument that its place cannot take.
        following: The positional argument after it; ``None`` if there is none.
    """
    if following is None or value not in kind._fields:
        return ""
    return f"'{value}={following[:_LONGEST_WORD]}', with '=' instead of ':'"


def _did_you_mean(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word[:_LONGEST_WORD], known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
