"""A typed dataclass as options: each field is one, its type says what fits, its metadata says the rest.

``metadata`` may have ``help``, ``short`` (a letter), ``units`` (what a number counts), ``coerce`` (a function that
makes the value of a text) and ``rest`` (true for the one field that takes the words after the options).

Example:
    >>> from dataclasses import dataclass, field
    >>> @dataclass
    ... class Clock:
    ...     port: int = field(default=8013, metadata={"short": "p", "help": "Port to listen on."})
    ...     utc: bool = False
    >>> parse(Clock, ["-p", "13", "--utc"], "clock")
    Clock(port=13, utc=True)
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable, Iterator, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from svcctl.application.options import text, words
from svcctl.application.options.asked import HelpRequestedError
from svcctl.application.options.table import Option, Table
from svcctl.application.options.values import coerced
from svcctl.errors import SvcctlError, UsageError


class _Kind(NamedTuple):
    """What a type makes of a text, the container of several such values, and the only texts it knows."""

    coerce: Callable[[str], Any]
    container: type | None = None
    choices: tuple[str, ...] = ()


def parse(kind: type, given: Sequence[str], program: str) -> Any:  # noqa: ANN401 (an instance of kind)
    """Read a command line into a dataclass.

    Args:
        kind: The dataclass.
        given: The words.
        program: What stands before them, for the help.

    Raises:
        UsageError: A word is not what a field takes, or the class itself refuses the values.
        HelpRequestedError: ``--help`` is among the words.
        TypeError: A field has a type that no text can be turned into.
    """
    values: dict[str, Any] = {}
    found = table(kind, values, program)
    rest = words.read(found.options, given)
    _take_rest(kind, rest, values)
    try:
        return kind(**values)
    except SvcctlError:
        raise
    except (ValueError, TypeError) as error:
        raise UsageError(str(error) or type(error).__name__, hint="--help shows the usage") from error


def table(kind: type, values: dict[str, Any] | None = None, program: str = "") -> Table:
    """Return everything that a command line may hold.

    Args:
        kind: The dataclass.
        values: Where the options put their values, by the names of their fields.
        program: What stands before the command line, for its help.

    Raises:
        TypeError: A field has a type that no text can be turned into.
    """
    into = {} if values is None else values
    hints = get_type_hints(kind)
    options = [
        option
        for field in _fields(kind)
        if not field.metadata.get("rest")
        for option in _options(field, hints[field.name], into)
    ]

    def show(_text: str) -> None:
        raise HelpRequestedError(f"{text.synopsis(found, program)}\n{text.body(found)}")

    if all(option.name != "help" for option in options):
        options.append(Option("help", show, takes=False, doc="Show this help."))
    field = _rest_field(kind)
    doc = inspect.getdoc(kind) or ""
    found = Table(
        options=tuple(options),
        rest=f"[{field.name.upper()} …]" if field else "",
        about="" if doc.startswith(f"{kind.__name__}(") else doc,  # that is dataclass()'s own
    )
    return found


def _fields(kind: type) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(kind) if field.init]


def _rest_field(kind: type) -> dataclasses.Field[Any] | None:
    return next((field for field in _fields(kind) if field.metadata.get("rest")), None)


def _take_rest(kind: type, rest: list[str], values: dict[str, Any]) -> None:
    field = _rest_field(kind)
    if field is not None:
        values[field.name] = tuple(rest)
    elif rest:
        raise UsageError(
            f"after the options there is {' '.join(map(repr, rest))}, expected nothing",
            hint="--help lists the options",
        )


def _options(field: dataclasses.Field[Any], hint: Any, values: dict[str, Any]) -> Iterator[Option]:  # noqa: ANN401 (a type)
    about = field.metadata
    default = field.default_factory() if callable(field.default_factory) else field.default
    needed = default is dataclasses.MISSING
    shared = {"short": about.get("short", ""), "doc": about.get("help", "")}
    if hint is bool and "coerce" not in about:
        values.setdefault(field.name, False) if needed else None
        yield Option(field.name, _assign(values, field.name, True), takes=False, **shared)  # noqa: FBT003 (a value)
        if default is True:
            doc = f"Turn --{field.name.replace('_', '-')} off, which is on by default."
            yield Option(f"no-{field.name}", _assign(values, field.name, False), takes=False, doc=doc)  # noqa: FBT003 (a value)
        return
    kind = _Kind(about["coerce"]) if "coerce" in about else _kind(field.name, hint)
    units = about.get("units", "")
    flag = f"--{field.name.replace('_', '-')}"
    yield Option(
        field.name,
        _collect(values, field.name, kind, flag, units),
        default=None if needed else default,
        units=units,
        required=needed,
        repeatable=kind.container is not None,
        choices=kind.choices,
        **shared,
    )


def _assign(values: dict[str, Any], name: str, value: object) -> Callable[[str], None]:
    def act(_text: str) -> None:
        values[name] = value

    return act


def _collect(values: dict[str, Any], name: str, kind: _Kind, flag: str, units: str) -> Callable[[str], None]:
    def act(given: str) -> None:
        value = coerced(flag, given, kind.coerce, units)
        values[name] = value if kind.container is None else kind.container([*values.get(name, ()), value])

    return act


def _kind(name: str, hint: Any) -> _Kind:  # noqa: ANN401 (a type)
    """Return what the type of a field makes of a text."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        others = [each for each in arguments if each is not NoneType]
        if len(others) == 1:
            return _kind(name, others[0])
    elif origin is tuple and arguments[1:] == (...,):
        return _kind(name, arguments[0])._replace(container=tuple)
    elif origin is list:
        return _kind(name, arguments[0])._replace(container=list)
    elif origin is Literal:
        return _choice({str(each): each for each in arguments})
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _choice({str(each.value): each for each in hint})
    elif isinstance(hint, type):
        return _Kind(hint)
    raise TypeError(f"the field {name!r} has a type that no text can be turned into: {hint}")


def _choice(known: dict[str, Any]) -> _Kind:
    def coerce(given: str) -> Any:  # noqa: ANN401 (one of the values)
        if given not in known:
            raise ValueError(f"it is none of {', '.join(known)}")
        return known[given]

    return _Kind(coerce, choices=tuple(known))
