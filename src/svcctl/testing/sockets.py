"""The sockets that a fake init opens and hands over, as socket units do."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from svcctl.application.servers.sockets import Listening, bind_socket
from svcctl.endpoints.grammar import parse_endpoint
from svcctl.errors import UsageError

#: Descriptor names, and for each a description of what to open, or a socket that is open already.
Given: TypeAlias = Mapping[str, str | socket.socket] | Sequence[tuple[str, str | socket.socket]]

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (to connect to, not to listen on)


class HandedOver(NamedTuple):
    """A socket with the name of its descriptor.

    Attributes:
        name: Its name.
        socket: The socket.
        opened: How it was opened here; ``None`` if it was open already.
    """

    name: str
    socket: socket.socket
    opened: Listening | None

    def close(self) -> None:
        """Close it, if it was opened here."""
        if self.opened is not None:
            self.opened.close()


def open_all(given: Given) -> tuple[HandedOver, ...]:
    """Open what is not open yet.

    Raises:
        EndpointError: A description is none.
        UsageError: A name is none.
        BindError: The system refuses an address.
    """
    opened: list[HandedOver] = []
    pairs: Iterable[tuple[str, str | socket.socket]] = given.items() if isinstance(given, Mapping) else given
    try:
        for name, what in pairs:
            opened.append(_open(name, what))
    except BaseException:
        for each in opened:
            each.close()
        raise
    return tuple(opened)


def connect(listener: socket.socket, timeout: float) -> socket.socket:
    """Return a client of a listening socket, or a socket whose datagrams go to it."""
    client = socket.socket(listener.family, listener.type)
    try:
        client.settimeout(timeout)
        address = listener.getsockname()
        if listener.family != socket.AF_UNIX:
            address = (_EVERYWHERE.get(address[0], address[0]), *address[1:])
        client.connect(address)
    except BaseException:
        client.close()
        raise
    return client


def _open(name: str, what: str | socket.socket) -> HandedOver:
    if ":" in name or not name.isascii() or not name.isprintable():
        raise UsageError(
            f"{name!r} is no name of a descriptor", hint="use ASCII without a colon, such as tcp-8080"
        )
    if not isinstance(what, str):
        return HandedOver(name, what, None)
    listening = bind_socket(parse_endpoint(what))
    return HandedOver(name, listening.socket, listening)
