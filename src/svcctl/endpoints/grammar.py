r"""Text and value of an endpoint: ``tcp:8080:interface=127.0.0.1``.

A description is ``TYPE[:ARGUMENT]*``. Arguments are split at ``:``; one that holds a ``=`` is ``name=value``, where
the first ``=`` counts; the others are taken in the order of the type's fields. What follows ``haproxy:`` is a whole description. A backslash takes the meaning from
the character after it (``\:``, ``\=``, ``\\``). The case of letters counts in names,
not in types. Source: the
framework's strports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from svcctl.endpoints.values import TYPES, Address, Endpoint, Systemd
from svcctl.errors import EndpointError
from svcctl.value import Value

MAX_PORT = 65_535
MAX_NUMBER = 2**31 - 1  # a C int, which listen(2) takes
MAX_UNIX_PATH = 107  # unix(7): sun_path holds 108 bytes with its NUL
MAX_DESCRIPTOR_NAME = 255  # systemd.socket(5), FileDescriptorName=
DOMAINS = ("INET", "INET6", "UNIX")

_NAMES: dict[type[Value], str] = {kind: name for name, kind in TYPES.items()}


_Kind = TypeVar("_Kind", bound=Value)


class Argument(NamedTuple):
    """One piece of a description between two colons, without its backslashes.

    Attributes:
        position: Index in the description where it starts.
        name: What stands before its first ``=``; ``None`` if it has none.
        value: What follows that, or all of it.
    """

    position: int
    name: str | None
    value: str


#: Reads the value of one argument; raises :class:`MismatchError`.
Reader = Callable[[str], object]


def parse_endpoint(text: str) -> Endpoint:
    r"""Return the endpoint that a description means.

    Args:
        text: A description such as ``unix:/run/web.sock:mode=660``.

    Raises:
        EndpointError: It does not parse; its ``position`` is where the argument at fault starts.

    Example:
        >>> parse_endpoint("tcp6:80:interface=\\:\\:1")
        Tcp6(port=80, backlog=50, interface='::1')
    """
    first, *rest = split(text)
    name = first.value.lower()
    kind = None if first.name is not None else _kind(name)
    if kind is None:
        from svcctl.endpoints.advice import type_expected  # noqa: PLC0415 (only an error needs it)

        raise EndpointError(text, 0, type_expected(first))
    if name == "haproxy":
        return _parse_prefixed(text, kind, rest)
    endpoint = build(text, name, kind, rest, _READERS)
    if isinstance(endpoint, Systemd) and (endpoint.index is None) == (endpoint.name is None):
        both = endpoint.index is not None
        expected = "either index=NUMBER or name=NAME" + (", not both" if both else "")
        raise EndpointError(text, rest[-1].position if both else len(text), expected)
    return endpoint


def is_type(name: str) -> bool:
    """Return whether there is a type of that name, without plug-ins."""
    return _kind(name.lower()) is not None


def _kind(name: str) -> type[Endpoint] | None:
    if name in TYPES:
        return TYPES[name]
    from svcctl.endpoints.rare import RARE_TYPES  # noqa: PLC0415 (few applications use them)

    return RARE_TYPES.get(name)


def _parse_prefixed(text: str, kind: type[Endpoint], rest: list[Argument]) -> Endpoint:
    """Read what follows a prefix: a whole description."""
    start = rest[0].position if rest else len(text)
    try:
        inner = parse_endpoint(text[start:])
    except EndpointError as error:
        raise EndpointError(text, start + error.position, error.expected) from None
    if not inner.accepts or isinstance(inner, kind):
        raise EndpointError(text, start, "a type that accepts connections from the network, such as tcp")
    return kind(inner)  # type: ignore[arg-type]  # the one prefix there is, before what it may precede


def format_endpoint(endpoint: Endpoint) -> str:
    r"""Return the shortest description of an endpoint: what ``parse_endpoint`` reads as the same value.

    The first field stands without its name, the others with it; those that have their default are left out.

    Example:
        >>> from svcctl.endpoints.values import Tcp
        >>> format_endpoint(Tcp(8080, interface="127.0.0.1"))
        'tcp:8080:interface=127.0.0.1'
    """
    name = _NAMES.get(type(endpoint))
    if name is None:
        from svcctl.endpoints.rare import RARE_TYPES  # noqa: PLC0415 (few applications use them)

        name = next(name for name, kind in RARE_TYPES.items() if kind is type(endpoint))
    return write(name, endpoint)


def write(name: str, value: Value) -> str:
    """Return the description of a value of the type of that name."""
    parts = [name]
    for field, content in value.__dict__.items():
        if hasattr(type(value), field) and content == getattr(type(value), field):
            continue
        written = _written(field, content)
        parts.append(written if len(parts) == 1 else f"{field}={written}")
    return ":".join(parts) if len(parts) > 1 else f"{name}:"


def _written(field: str, content: object) -> str:
    if isinstance(content, Address):  # a prefix and what it stands in front of
        return format_endpoint(content)  # type: ignore[arg-type]  # every class of addresses is an endpoint
    if isinstance(content, bool):
        return str(int(content))
    if isinstance(content, float):
        return str(int(content)) if content.is_integer() else repr(content)
    return f"{content:03o}" if field == "mode" else quote(str(content))


def quote(text: str) -> str:
    r"""Return a text as the value of an argument: with a backslash before ``:``, ``=`` and ``\``."""
    return text.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")


def split(text: str) -> list[Argument]:
    """Cut a description at its colons and take the backslashes out.

    Raises:
        EndpointError: It ends in a backslash, or holds what is no text.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise EndpointError(text, error.start, "characters that UTF-8 can hold") from None
    arguments = []
    start, name, value = 0, None, ""
    characters = iter(enumerate(text))
    for position, character in characters:
        if character == "\\":
            escaped = next(characters, None)
            if escaped is None:
                raise EndpointError(
                    text, position, r"a character after the backslash (itself is written '\\')"
                )
            value += escaped[1]
        elif character == ":":
            arguments.append(Argument(start, name, value))
            start, name, value = position + 1, None, ""
        elif character == "=" and name is None:
            name, value = value, ""
        else:
            value += character
    return [*arguments, Argument(start, name, value)]


def build(
    text: str, type_name: str, kind: type[_Kind], arguments: list[Argument], readers: dict[str, Reader]
) -> _Kind:
    """Return the value that the arguments of a description make.

    Args:
        text: The whole description.
        type_name: Its type.
        kind: The class of the type's values.
        arguments: What follows the type.
        readers: How the value of each field is read.

    Raises:
        EndpointError: An argument is unknown, missing, repeated or not of its kind.
    """
    values: dict[str, object] = {}
    positional = iter(kind._fields)
    if not kind._fields and [argument[1:] for argument in arguments] == [(None, "")]:
        arguments = []  # the colon that ends a type without arguments
    for place, argument in enumerate(arguments):
        name = next(positional, None) if argument.name is None else argument.name
        try:
            field = _field(type_name, kind, argument, name, values)
            values[field] = readers[field](argument.value)
        except MismatchError as mismatch:
            from svcctl.endpoints.advice import better_advice  # noqa: PLC0415 (only an error needs it)

            expected = better_advice(kind, arguments[place:]) or mismatch.expected
            raise EndpointError(text, argument.position, expected) from None
    missing = [name for name in kind._fields if name not in values and not hasattr(kind, name)]
    if missing:
        raise EndpointError(text, len(text), f"'{missing[0]}', which {type_name} cannot do without")
    return kind(**values)


def _field(
    type_name: str, kind: type[Value], argument: Argument, name: str | None, values: dict[str, object]
) -> str:
    """Return the name of the field that an argument is for, if there is one and it has no value yet."""
    if name is not None and name in kind._fields and name not in values:
        return name
    from svcctl.endpoints.advice import argument_expected  # noqa: PLC0415 (only an error needs it)

    raise MismatchError(argument_expected(type_name, kind, argument, name if name in values else None))


class MismatchError(Exception):
    """An argument is not what its place wants; carries what would have been."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def read_number(value: str, low: int = 0, high: int = MAX_NUMBER, what: str = "a number") -> int:
    """Return a whole number within limits."""
    if (
        value.isascii()
        and value.isdigit()
        and len(value) <= len(str(MAX_NUMBER))
        and low <= int(value) <= high
    ):
        return int(value)
    raise MismatchError(f"{what} from {low} to {high}")


def read_port(value: str) -> int:
    """Return a port to listen on."""
    return read_number(value, high=MAX_PORT, what="a port")


def _read_mode(value: str) -> int:
    if len(value) in (3, 4) and all(digit in "01234567" for digit in value):
        return int(value, 8)
    raise MismatchError("a mode in octal with 3 or 4 digits, such as 660")


def read_address(value: str) -> str:
    """Return the path of a socket."""
    if value and "\0" not in value and len(value.encode()) <= MAX_UNIX_PATH:
        return value
    raise MismatchError(f"a path of 1 to {MAX_UNIX_PATH} bytes")


def _read_domain(value: str) -> str:
    if value in DOMAINS:
        return value
    raise MismatchError(f"one of {', '.join(DOMAINS)}")


def _read_descriptor_name(value: str) -> str:
    fitting = all(" " <= character <= "~" and character != ":" for character in value)
    if fitting and 1 <= len(value) <= MAX_DESCRIPTOR_NAME:
        return value
    raise MismatchError(f"1 to {MAX_DESCRIPTOR_NAME} printable ASCII characters without ':'")


def read_text(value: str) -> str:
    """Return any text that the operating system takes."""
    if "\0" not in value:
        return value
    raise MismatchError("text without NUL characters")


def read_flag(value: str) -> bool:
    """Return whether it is 1."""
    if value in ("0", "1"):
        return value == "1"
    raise MismatchError("0 or 1")


def _read_directory(value: str) -> str:
    if value:
        return read_text(value)
    raise MismatchError("the path of a folder")


#: How the value of each field is read; the names mean the same in every type.
_READERS: dict[str, Reader] = {
    "port": read_port,
    "backlog": read_number,
    "index": read_number,
    "mode": _read_mode,
    "address": read_address,
    "lockfile": read_flag,
    "shared": read_flag,
    "domain": _read_domain,
    "name": _read_descriptor_name,
    "interface": read_text,
    "directory": _read_directory,
    "privateKey": read_text,
    "certKey": read_text,
    "extraCertChain": read_text,
    "dhParameters": read_text,
}
