"""What would have been right in a description that does not parse; imported only then, since it costs time."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from svcctl.endpoints.clients import CLIENT_TYPES
from svcctl.endpoints.grammar import Argument
from svcctl.endpoints.rare import RARE_TYPES
from svcctl.endpoints.values import TYPES
from svcctl.value import Value

ESCAPE = r"a ':' in a value is written '\:'"
_PORT_DIGITS = 5
_LONGEST_WORD = 40


def type_expected(first: Argument, further: Sequence[str] = ()) -> str:
    """Return what should stand in front of the first colon instead of an argument.

    Args:
        first: The argument.
        further: The types that plug-ins have.
    """
    word, value = first.name or first.value, first.value
    if value.isascii() and value.isdigit() and len(value) <= _PORT_DIGITS:
        return f"a type first: 'tcp:{value}'"
    if word.startswith(("/", "./")):
        return "a type first, as in 'unix:/run/web.sock'"
    return _one_of(word, _each_once(*TYPES, *RARE_TYPES, *further))


def client_type_expected(first: Argument, further: Sequence[str] = ()) -> str:
    """Return the same for the description of a client."""
    word = first.name or first.value
    known = _each_once(*CLIENT_TYPES, *further)
    if word.lower() in (*TYPES, *RARE_TYPES):
        return f"a type of clients: {', '.join(known)} (servers alone have {word[:_LONGEST_WORD]})"
    return _one_of(word, known)


def argument_expected(type_name: str, kind: type[Value], argument: Argument, repeated: str | None) -> str:
    """Return what should stand instead of an argument of an unknown name, a repeated one, or one too many.

    Args:
        type_name: The type of the description.
        kind: The class of the type's values.
        argument: The argument.
        repeated: The name that was given before; ``None`` if none was.
    """
    fields = kind._fields
    known = f"{type_name} takes {', '.join(fields) or 'no arguments'}"
    name = argument.name
    if repeated is not None:
        return f"'{repeated}' once only ({ESCAPE})"
    if name is None:
        return f"no further argument: {known} ({ESCAPE})"
    if name == "sslmethod":
        return "no 'sslmethod': the versions of TLS are those that the system's OpenSSL allows"
    by_case = {field.lower(): field for field in fields}
    if name.lower() in by_case:
        return f"'{by_case[name.lower()]}': the case of letters counts"
    return f"another name: {known}{_did_you_mean(name, fields)}"


def better_advice(kind: type[Value], arguments: list[Argument]) -> str:
    """Return what is more likely to be meant where the first of these arguments does not fit; empty if nothing is."""
    argument, *rest = arguments
    if argument.name is not None:
        return ""
    if not argument.value and rest:
        return f"text between the colons ({ESCAPE})"
    following = rest[0].value if rest and rest[0].name is None else None
    if following is None or argument.value not in kind._fields:
        return ""
    # Early documents of the framework show index:0.
    return f"'{argument.value}={following[:_LONGEST_WORD]}', with '=' instead of ':'"


def _one_of(word: str, known: Sequence[str]) -> str:
    return f"one of the types {', '.join(known)}{_did_you_mean(word, known)}"


def _each_once(*types: str) -> list[str]:
    return list(dict.fromkeys(types))  # a plug-in may claim a type of ours, in vain


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word[:_LONGEST_WORD], known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
