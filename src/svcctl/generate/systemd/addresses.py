"""Addresses as socket units write them, made from endpoints.

systemd opens sockets before names can be resolved, so it takes addresses only. Source: systemd.socket(5),
``ListenStream=``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Literal, NamedTuple

from svcctl.endpoints.rare import Stdio, Tls, Unixgram
from svcctl.endpoints.values import Endpoint, Ssl, Systemd, Tcp, Tcp6, Udp, Unix, unwrapped

Family = Literal["inet", "inet6", "unix", "other"]

_LONGEST_PATH = 107
_HIGHEST_PORT = 65535
_PORT = re.compile(r"[0-9]{1,5}")
_HOST_AND_PORT = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]+)")
_DOMAINS: dict[str, Family] = {"INET": "inet", "INET6": "inet6", "UNIX": "unix"}


class Address(NamedTuple):
    """Where a socket unit listens.

    Attributes:
        family: What kind of address it is; ``other`` for ``vsock:`` and the like.
        text: The address in systemd's syntax; ``%i`` in it is literal unless instances are made.
    """

    family: Family
    text: str


class AddressError(ValueError):
    """An endpoint or a text gives no address that a socket unit can have; its text says why."""


def of_endpoint(endpoint: Endpoint, *, instances: bool) -> Address:
    """Return the address of an endpoint; with instances, ``%i`` replaces the port or goes into the path.

    Raises:
        AddressError: systemd cannot listen there.
    """
    match unwrapped(endpoint):
        case Unix(path) | Unixgram(path):
            return Address("unix", _unix(path, instances=instances))
        case Tcp6(port, _, interface):
            return _inet(port, interface or "::", "inet6", instances=instances)
        case Tcp(port, interface) | Udp(port, interface, _):
            return _inet(port, interface or "0.0.0.0", "inet", instances=instances)  # noqa: S104 (the framework's meaning)
        case Ssl() | Tls() as tls:
            host = tls.interface or "0.0.0.0"  # noqa: S104 (the same)
            return _inet(tls.port, host, family_of(tls), instances=instances)
        case Stdio():
            raise AddressError("a service has no standard input that anybody could write to")
        case _:
            raise AddressError("only the init system knows its address")


def of_text(text: str, endpoint: Endpoint, *, instances: bool) -> Address:
    """Return an address given by hand, checked against what the endpoint can serve.

    Args:
        text: What follows ``ListenStream=``; a port alone means every address of the endpoint's family.
        endpoint: The endpoint that will take the socket.
        instances: Whether ``%i`` stands for the instance.

    Raises:
        AddressError: It is no address, or one of another family than the endpoint's.
    """
    sample = text.replace("%i", "1") if instances else text
    if _PORT.fullmatch(sample):
        text = f"[::]:{text}" if family_of(endpoint) == "inet6" else f"0.0.0.0:{text}"
        sample = text.replace("%i", "1")
    address = Address(_family(sample), text)
    if address.family != family_of(endpoint):
        raise AddressError(f"{text} is not an address of the family {family_of(endpoint)}")
    if instances and "%i" not in text:
        raise AddressError(f"{text} would be the same for every instance; write %i where they differ")
    return address


def family_of(endpoint: Endpoint) -> Family:
    """Return the family of the sockets that an endpoint takes."""
    match unwrapped(endpoint):
        case Unix() | Unixgram():
            return "unix"
        case Tcp6():
            return "inet6"
        case Systemd(domain):
            return _DOMAINS.get(domain, "other")
        case Tcp() | Ssl() | Tls() | Udp() as inet:
            return "inet6" if ":" in inet.interface else "inet"
        case _:
            return "other"


def path_of(endpoint: Endpoint) -> str:
    """Return the path of the socket, empty for one that is not in the file system or whose path is not known."""
    path: str = getattr(unwrapped(endpoint), "address", "")
    return path


def is_loopback(endpoint: Endpoint) -> bool:
    """Return whether only this machine can reach the endpoint."""
    if path_of(endpoint) or isinstance(endpoint, Stdio):
        return True
    interface: str = getattr(unwrapped(endpoint), "interface", "")
    try:
        return ipaddress.ip_address(_numeric(interface, "inet")).is_loopback
    except ValueError:
        return False


def _family(text: str) -> Family:
    if text.startswith("/"):
        _check_path(text)
        return "unix"
    found = _HOST_AND_PORT.fullmatch(text)
    if not found:
        raise AddressError(f"{text!r} is neither ADDRESS:PORT, [ADDRESS]:PORT, a port nor an absolute path")
    _check_port(int(found["port"]))
    try:
        return "inet6" if ipaddress.ip_address(found["six"] or found["four"]).version == 6 else "inet"  # noqa: PLR2004 (IPv6)
    except ValueError:
        raise AddressError(f"{text!r} does not hold an IP address") from None


def _inet(port: int, host: str, family: Family, *, instances: bool) -> Address:
    if not instances:
        _check_port(port)
    number = _numeric(host, family)
    try:
        parsed = ipaddress.ip_address(number)
    except ValueError:
        raise AddressError(f"systemd needs an IP address, {host!r} is a name") from None
    shown = "%i" if instances else str(port)
    if parsed.version == 6:  # noqa: PLR2004 (IPv6)
        return Address("inet6", f"[{number}]:{shown}")
    return Address("inet", f"{number}:{shown}")


def _numeric(host: str, family: Family) -> str:
    # RFC 6761, section 6.3: this name always means the loopback address.
    if host == "localhost":
        return "::1" if family == "inet6" else "127.0.0.1"
    return host


def _unix(path: str, *, instances: bool) -> str:
    _check_path(path)
    if not instances or "%i" in path:
        return path
    folder, _, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    renamed = f"{stem}-%i.{suffix}" if dot and stem else f"{name}-%i"
    return f"{folder}/{renamed}"


def _check_path(path: str) -> None:
    if not path.startswith("/"):
        raise AddressError(f"systemd needs an absolute path, not {path!r}")
    if len(path.encode(errors="surrogateescape")) > _LONGEST_PATH:
        raise AddressError(f"the path is longer than {_LONGEST_PATH} bytes")


def _check_port(port: int) -> None:
    if not 1 <= port <= _HIGHEST_PORT:
        raise AddressError(f"systemd needs a port from 1 to {_HIGHEST_PORT}, not {port}")
