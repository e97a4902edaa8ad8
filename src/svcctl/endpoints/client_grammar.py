r"""Text and value of where a client connects: ``tcp:example.org:80:timeout=5``.

The grammar is that of :mod:`svcctl.endpoints.grammar`; a description of where to listen is none of where to connect,
and the other way round.
"""

from __future__ import annotations

import math

from svcctl.endpoints.clients import CLIENT_TYPES, ClientEndpoint, SslClient, TlsClient, UnixClient
from svcctl.endpoints.grammar import (
    MAX_PORT,
    Argument,
    MismatchError,
    Reader,
    build,
    quote,
    read_address,
    read_flag,
    read_number,
    read_text,
    split,
    write,
)
from svcctl.errors import EndpointError

LONGEST_TIMEOUT = 10**9  # seconds
_LONGEST_NUMBER = 30  # longer than any float is written
_LONGEST_HOST = 253  # RFC 1035, section 2.3.4, as text

_NAMES: dict[type, str] = {kind: name for name, kind in CLIENT_TYPES.items()}


def parse_client(text: str) -> ClientEndpoint:
    r"""Return where a description says that a client connects.

    Args:
        text: A description such as ``tls:example.org:443:timeout=5``.

    Raises:
        EndpointError: It does not parse; its ``position`` is where the argument at fault starts.

    Example:
        >>> parse_client("unix:/run/shop.sock:timeout=2.5")
        UnixClient(path='/run/shop.sock', timeout=2.5, checkPID=False)
        >>> parse_client("tcp:\\:\\:1:80").host
        '::1'
    """
    first, *rest = split(text)
    name = first.value.lower()
    kind = CLIENT_TYPES.get(name) if first.name is None else None
    if kind is None:
        from svcctl.endpoints.advice import client_type_expected  # noqa: PLC0415 (only an error needs it)

        raise EndpointError(text, 0, client_type_expected(first))
    if kind is UnixClient:
        rest = [_renamed(argument) for argument in rest]
    return build(text, name, kind, rest, _READERS)


def format_client(endpoint: ClientEndpoint) -> str:
    """Return the shortest description of where a client connects: what ``parse_client`` reads as the same value.

    Example:
        >>> format_client(parse_client("tcp:example.org:80:timeout=5.0"))
        'tcp:example.org:port=80:timeout=5'
    """
    if isinstance(endpoint, UnixClient):
        # The framework's name for it in texts; it is another one in code.
        path, lock = UnixClient(endpoint.path, endpoint.timeout), ":lockfile=1" if endpoint.checkPID else ""
        return write("unix", path) + lock
    if isinstance(endpoint, TlsClient) and endpoint.endpoint is not None:
        below = f":endpoint={quote(format_client(endpoint.endpoint))}"
        return write("tls", endpoint.replace(endpoint=None)) + below
    return write(_NAMES[type(endpoint)], endpoint)


def _renamed(argument: Argument) -> Argument:
    return argument._replace(name="checkPID") if argument.name == "lockfile" else argument


def _read_host(value: str) -> str:
    if 1 <= len(value) <= _LONGEST_HOST and value.isprintable() and " " not in value:
        return value
    raise MismatchError("the name or the address of a host")


def _read_timeout(value: str) -> float:
    try:
        seconds = float(value) if value.isascii() and len(value) <= _LONGEST_NUMBER else math.nan
    except ValueError:
        seconds = math.nan
    if 0 < seconds <= LONGEST_TIMEOUT:
        return seconds
    raise MismatchError("a number of seconds above 0")


def _read_port(value: str) -> int:
    return read_number(value, low=1, high=MAX_PORT, what="a port")


def _read_below(value: str) -> ClientEndpoint:
    try:
        below = parse_client(value)
    except EndpointError as error:
        raise MismatchError(
            f"{error.expected} (in the description {value!r} of what TLS is spoken over)"
        ) from None
    if isinstance(below, SslClient | TlsClient):
        raise MismatchError("a description without TLS of its own, such as tcp or unix")
    return below


#: How the value of each field is read; the names mean the same in every type.
_READERS: dict[str, Reader] = {
    "host": _read_host,
    "port": _read_port,
    "path": read_address,
    "timeout": _read_timeout,
    "checkPID": read_flag,
    "bindAddress": read_text,
    "privateKey": read_text,
    "certKey": read_text,
    "caCertsDir": read_text,
    "hostname": read_text,
    "certificate": read_text,
    "trustRoots": read_text,
    "endpoint": _read_below,
}
