r"""Text and value of an endpoint: ``tcp:8080:interface=127.0.0.1``.

A description is ``TYPE[:ARGUMENT]*``. Arguments are split at ``:``; one that holds a ``=`` is ``name=value``, where
the first ``=`` counts; the others are taken in the order of the type's fields. A backslash takes the meaning from
the character after it (``\:``, ``\=``, ``\\``). Types and names are written in exactly one case. Source: the
framework's strports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from svcctl.endpoints.values import TYPES, Endpoint, Systemd
from svcctl.errors import EndpointError

MAX_PORT = 65_535
MAX_NUMBER = 2**31 - 1  # a C int, which listen(2) takes
MAX_UNIX_PATH = 107  # unix(7): sun_path holds 108 bytes with its NUL
MAX_DESCRIPTOR_NAME = 255  # systemd.socket(5), FileDescriptorName=
DOMAINS = ("INET", "INET6", "UNIX")

_NAMES = {kind: name for name, kind in TYPES.items()}


class _Argument(NamedTuple):
    position: int
    name: str | None
    value: str


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
    first, *rest = _split(text)
    if first.name is not None or first.value not in TYPES:
        from svcctl.endpoints.advice import type_expected  # noqa: PLC0415 (only an error needs it)

        raise EndpointError(
            text, 0, type_expected(first.value if first.name is None else first.name, first.value)
        )
    endpoint = _build(text, TYPES[first.value], rest)
    if isinstance(endpoint, Systemd) and (endpoint.index is None) == (endpoint.name is None):
        both = endpoint.index is not None
        expected = "either index=NUMBER or name=NAME" + (", not both" if both else "")
        raise EndpointError(text, rest[-1].position if both else len(text), expected)
    return endpoint


def format_endpoint(endpoint: Endpoint) -> str:
    r"""Return the shortest description of an endpoint: what ``parse_endpoint`` reads as the same value.

    The first field stands without its name, the others with it; those that have their default are left out.

    Example:
        >>> from svcctl.endpoints.values import Tcp
        >>> format_endpoint(Tcp(8080, interface="127.0.0.1"))
        'tcp:8080:interface=127.0.0.1'
    """
    parts = [_NAMES[type(endpoint)]]
    for name in endpoint._fields:
        value = getattr(endpoint, name)
        if hasattr(type(endpoint), name) and value == getattr(type(endpoint), name):
            continue
        written = f"{value:03o}" if name == "mode" else _quote(str(value))
        parts.append(written if len(parts) == 1 else f"{name}={written}")
    return ":".join(parts)


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")


def _split(text: str) -> list[_Argument]:
    """Cut a description at its colons and take the backslashes out."""
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
            arguments.append(_Argument(start, name, value))
            start, name, value = position + 1, None, ""
        elif character == "=" and name is None:
            name, value = value, ""
        else:
            value += character
    return [*arguments, _Argument(start, name, value)]


def _build(text: str, kind: type[Endpoint], arguments: list[_Argument]) -> Endpoint:
    values: dict[str, object] = {}
    positional = iter(kind._fields)
    for place, argument in enumerate(arguments):
        name = next(positional, None) if argument.name is None else argument.name
        try:
            _take(values, kind, name, argument)
        except _MismatchError as mismatch:
            expected = _better_advice(kind, arguments[place:]) or mismatch.expected
            raise EndpointError(text, argument.position, expected) from None
    missing = [name for name in kind._fields if name not in values and not hasattr(kind, name)]
    if missing:
        raise EndpointError(text, len(text), f"'{missing[0]}', which {_NAMES[kind]} cannot do without")
    return kind(**values)  # type: ignore[arg-type]  # each value comes from the reader of its field


def _take(values: dict[str, object], kind: type[Endpoint], name: str | None, argument: _Argument) -> None:
    """Read one argument into ``values``; ``name`` is the field that it is for, if there is one."""
    if name is not None and name in kind._fields and name not in values:
        values[name] = _READERS[name](argument.value)
        return
    from svcctl.endpoints.advice import ESCAPE, name_expected  # noqa: PLC0415 (only an error needs it)

    repeated = f"'{name}' once only ({ESCAPE})"
    raise _MismatchError(repeated if name in values else name_expected(_NAMES[kind], argument.name))


def _better_advice(kind: type[Endpoint], arguments: list[_Argument]) -> str:
    """Return what is more likely to be meant where the first of these arguments does not fit; empty if nothing is."""
    from svcctl.endpoints.advice import ESCAPE, old_spelling  # noqa: PLC0415 (only an error needs it)

    argument, *rest = arguments
    if argument.name is not None:
        return ""
    if not argument.value and rest:
        return f"text between the colons ({ESCAPE})"
    following = rest[0].value if rest and rest[0].name is None else None
    return old_spelling(kind, argument.value, following)


class _MismatchError(Exception):
    """An argument is not what its place wants; carries what would have been."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def _read_number(value: str, low: int = 0, high: int = MAX_NUMBER, what: str = "a number") -> int:
    if (
        value.isascii()
        and value.isdigit()
        and len(value) <= len(str(MAX_NUMBER))
        and low <= int(value) <= high
    ):
        return int(value)
    raise _MismatchError(f"{what} from {low} to {high}")


def _read_port(value: str) -> int:
    return _read_number(value, high=MAX_PORT, what="a port")


def _read_mode(value: str) -> int:
    if len(value) in (3, 4) and all(digit in "01234567" for digit in value):
        return int(value, 8)
    raise _MismatchError("a mode in octal with 3 or 4 digits, such as 660")


def _read_address(value: str) -> str:
    if value and "\0" not in value and len(value.encode()) <= MAX_UNIX_PATH:
        return value
    raise _MismatchError(f"a path of 1 to {MAX_UNIX_PATH} bytes")


def _read_domain(value: str) -> str:
    if value in DOMAINS:
        return value
    raise _MismatchError(f"one of {', '.join(DOMAINS)}")


def _read_descriptor_name(value: str) -> str:
    fitting = all(" " <= character <= "~" and character != ":" for character in value)
    if fitting and 1 <= len(value) <= MAX_DESCRIPTOR_NAME:
        return value
    raise _MismatchError(f"1 to {MAX_DESCRIPTOR_NAME} printable ASCII characters without ':'")


def _read_text(value: str) -> str:
    if "\0" not in value:
        return value
    raise _MismatchError("text without NUL characters")


#: How the value of each field is read; the names mean the same in every type.
_READERS: dict[str, Callable[[str], object]] = {
    "port": _read_port,
    "backlog": _read_number,
    "index": _read_number,
    "mode": _read_mode,
    "address": _read_address,
    "domain": _read_domain,
    "name": _read_descriptor_name,
    "interface": _read_text,
    "privateKey": _read_text,
    "certKey": _read_text,
    "extraCertChain": _read_text,
}
