r"""Varlink's interface definitions: read, and held against values.

Source: varlink.org, "Interface Definition".

Example:
    >>> interface = parse("interface a.b\nmethod Add(one: int, two: ?int) -> (sum: int)")
    >>> interface.wrong(interface.methods["Add"].takes, {"one": 1}) is None
    True
    >>> interface.wrong(interface.methods["Add"].takes, {"one": "1"})
    'one'
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

_TOKEN = re.compile(r"\s+|#[^\n]*|(?P<word>[A-Za-z][A-Za-z0-9_.-]*)|(?P<mark>->|\[string\]|\[\]|[():,?])")

_SIMPLE = ("bool", "int", "float", "string", "object")
_INT_LIMIT = 2**63


class Kind(NamedTuple):
    """A type.

    Attributes:
        kind: ``bool``, ``int``, ``float``, ``string``, ``object``, ``named``, ``struct``, ``enum``, ``maybe``,
            ``array`` or ``map``.
        name: Of a named type.
        fields: Of a structure.
        values: Of an enumeration.
        of: What an array, a map or an optional value holds.
    """

    kind: str
    name: str = ""
    fields: tuple[tuple[str, Kind], ...] = ()
    values: tuple[str, ...] = ()
    of: Kind | None = None


class Method(NamedTuple):
    """A method: a structure that it takes and one that it gives."""

    takes: Kind
    gives: Kind


class Interface(NamedTuple):
    """An interface and its text."""

    name: str
    description: str
    types: dict[str, Kind]
    methods: dict[str, Method]
    errors: dict[str, Kind]

    def wrong(self, kind: Kind, value: Any, where: str = "") -> str | None:  # noqa: ANN401 (whatever JSON can hold)
        """Return the name of the first part of a value that does not fit a type; ``None`` if all of it does."""
        parts: list[tuple[Any, Any]] | None
        match kind.kind:
            case "maybe":
                return None if value is None else self._inner(kind, value, where)
            case "named":
                return self.wrong(self.types[kind.name], value, where)
            case "struct":
                return self._wrong_struct(kind, value, where)
            case "array":
                parts = list(enumerate(value)) if isinstance(value, list) else None
            case "map":
                parts = list(value.items()) if isinstance(value, dict) else None
            case _:
                return None if _is_simple(kind, value) else where or "parameters"
        if parts is None:
            return where or "parameters"
        found = (self._inner(kind, each, f"{where}[{key}]") for key, each in parts)
        return next((each for each in found if each is not None), None)

    def _inner(self, kind: Kind, value: Any, where: str) -> str | None:  # noqa: ANN401 (the same)
        assert kind.of is not None  # noqa: S101 (for the type checker: the parser sees to it)
        return self.wrong(kind.of, value, where)

    def _wrong_struct(self, kind: Kind, value: Any, where: str) -> str | None:  # noqa: ANN401 (the same)
        if not isinstance(value, dict):
            return where or "parameters"
        prefix = f"{where}." if where else ""
        known = dict(kind.fields)
        for name in value:
            if name not in known:
                return f"{prefix}{name}"
        for name, each in kind.fields:
            if name not in value and each.kind != "maybe":
                return f"{prefix}{name}"
            found = self.wrong(each, value.get(name), f"{prefix}{name}")
            if found is not None:
                return found
        return None


def parse(text: str) -> Interface:
    """Read an interface definition.

    Raises:
        ValueError: It is none.
    """
    return _Parser(text).interface()


def _is_simple(kind: Kind, value: object) -> bool:
    match kind.kind:
        case "bool":
            return isinstance(value, bool)
        case "int":
            return _is_int(value)
        case "float":
            return _is_int(value) or (isinstance(value, float) and math.isfinite(value))
        case "string":
            return isinstance(value, str)
        case "enum":
            return value in kind.values
        case _:
            return isinstance(value, dict)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_INT_LIMIT <= value < _INT_LIMIT


class _Parser:
    """Reads one definition, token by token."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[str] = []
        position = 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise ValueError(f"unexpected {text[position]!r} at character {position}")
            position = found.end()
            if found["word"] or found["mark"]:
                self._tokens.append(found[0])
        self._tokens.reverse()

    def interface(self) -> Interface:
        self._expect("interface")
        interface = Interface(self._next(), self._text, {}, {}, {})
        while self._tokens:
            what, name = self._next(), self._next()
            if what == "type":
                interface.types[name] = self._struct()
            elif what == "error":
                interface.errors[name] = self._struct()
            elif what == "method":
                takes = self._struct()
                self._expect("->")
                interface.methods[name] = Method(takes, self._struct())
            else:
                raise ValueError(f"unexpected {what!r}")
        return interface

    def _struct(self) -> Kind:
        """Read what is in parentheses: a structure, or an enumeration."""
        self._expect("(")
        fields: list[tuple[str, Kind]] = []
        values: list[str] = []
        while self._peek() != ")":
            name = self._next()
            if self._peek() == ":":
                self._next()
                fields.append((name, self._kind()))
            else:
                values.append(name)
            if self._peek() != ")":
                self._expect(",")
        self._next()
        if fields and values:
            raise ValueError(f"{values[0]!r} has no type")
        return Kind("enum", values=tuple(values)) if values else Kind("struct", fields=tuple(fields))

    def _kind(self) -> Kind:
        if self._peek() == "(":
            return self._struct()
        word = self._next()
        holder = {"?": "maybe", "[]": "array", "[string]": "map"}.get(word)
        if holder is not None:
            return Kind(holder, of=self._kind())
        return Kind(word) if word in _SIMPLE else Kind("named", name=word)

    def _peek(self) -> str:
        if not self._tokens:
            raise ValueError("unexpected end")
        return self._tokens[-1]

    def _next(self) -> str:
        token = self._peek()
        self._tokens.pop()
        return token

    def _expect(self, token: str) -> None:
        found = self._next()
        if found != token:
            raise ValueError(f"expected {token!r}, not {found!r}")
