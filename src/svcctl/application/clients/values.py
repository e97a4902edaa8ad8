"""From the arguments of the framework's clients to endpoint values."""

from __future__ import annotations

from typing import TypeVar

from svcctl.application.servers.sockets import check_port
from svcctl.endpoints.clients import SslClient, TcpClient, UnixClient
from svcctl.errors import UsageError

#: Seconds; what has no limit gets that one.
_LONGEST_TIMEOUT = 10**9

_Tcp = TypeVar("_Tcp", TcpClient, SslClient)


def tcp_client(
    cls: type[_Tcp],
    host: object,
    port: int,
    timeout: float | None,
    bind_address: str | tuple[str, int] | None,
) -> tuple[_Tcp, int]:
    """Return an endpoint over TCP, and the port to connect from.

    Raises:
        UsageError: An argument cannot be right.
    """
    if not isinstance(host, str) or not host or not host.isprintable() or " " in host:
        raise UsageError(f"{host!r} is no host", hint="give a name or an address")
    check_port(port)
    if port == 0:
        raise UsageError("0 is no port to connect to", hint="give a whole number from 1 to 65535")
    address, local_port = _local(bind_address)
    return cls(host, port, _limit(timeout), address), local_port


def unix_client(path: object, timeout: float | None, check_pid: object) -> UnixClient:
    """Return the endpoint of a stream socket in the file system.

    Raises:
        UsageError: An argument cannot be right.
    """
    if not isinstance(path, str) or not path or "\0" in path:
        raise UsageError(f"{path!r} is no path of a socket", hint="give a path")
    return UnixClient(path, _limit(timeout), bool(check_pid))


def _limit(timeout: object) -> float:
    seconds = _LONGEST_TIMEOUT if timeout is None else timeout
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 < seconds <= _LONGEST_TIMEOUT
    ):
        raise UsageError(f"{timeout!r} is no timeout", hint="give a number of seconds above 0, or None")
    return seconds


def _local(address: str | tuple[str, int] | None) -> tuple[str, int]:
    match address:
        case None:
            return "", 0
        case str():
            return address, 0
        case (str() as host, int() as port):
            check_port(port)
            return host, port
    raise UsageError(
        f"{address!r} is no address to connect from", hint='give an address, or ("address", port)'
    )
