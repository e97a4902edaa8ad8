"""What the reactor's methods are called with, as endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from svcctl.endpoints.values import Tcp, Tcp6, Udp, Unix

if TYPE_CHECKING:
    from svcctl.endpoints.values import Endpoint

#: The arguments of the reactor's methods, in their order, as far as they say where.
_ARGUMENTS = {
    "TCP": ("port", "factory", "backlog", "interface"),
    "SSL": ("port", "factory", "contextFactory", "backlog", "interface"),
    "UNIX": ("address", "factory", "backlog", "mode"),
    "UDP": ("port", "protocol", "interface"),
    "Multicast": ("port", "protocol", "interface"),
    "UNIXDatagram": ("address", "protocol", "maxPacketSize", "mode"),
}


def endpoints_of(method: str, *args: Any, **kwargs: Any) -> Sequence[Endpoint]:  # noqa: ANN401 (arguments of a reactor's method)
    """Return where a method of the reactor listens, by its name without ``listen``; nothing for one that is unknown."""
    names = _ARGUMENTS.get(method)
    if names is None:
        return ()
    said = dict(zip(names, args, strict=False)) | kwargs
    if method == "UNIXDatagram":
        from svcctl.endpoints.rare import Unixgram  # noqa: PLC0415 (few applications have any)

        return (Unixgram(text_of(said["address"]), said.get("mode", 0o666)),)
    if method == "UNIX":
        return (unix_of(said["address"], said.get("mode", 0o666), said.get("backlog", 50)),)
    interface = text_of(said.get("interface") or "")
    if method in ("UDP", "Multicast"):
        return (Udp(said["port"], interface, method == "Multicast" and bool(said.get("listenMultiple"))),)
    return (tcp_of(said["port"], interface, said.get("backlog", 50)),)


def tcp_of(port: int, interface: str, backlog: int) -> Tcp | Tcp6:
    """Return the endpoint of a port; the interface says which family."""
    return Tcp6(port, backlog, interface) if ":" in interface else Tcp(port, interface, backlog)


def unix_of(address: object, mode: int, backlog: int) -> Unix:
    """Return the endpoint of a path."""
    return Unix(text_of(address), mode, backlog)


def text_of(value: object) -> str:
    """Return an address, a host or a path as text, whatever Twisted takes for one."""
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    path = getattr(value, "path", value)  # an address may be a FilePath
    return path if isinstance(path, str) else str(path)
