"""Two connected sockets, of which nobody else has an end."""

from __future__ import annotations

import socket

_ATTEMPTS = 8


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection.

    Windows has none that is not a connection of the network, where another process may be faster: such a one is closed.

    Raises:
        ConnectionError: Somebody is faster each time.
    """
    for _ in range(_ATTEMPTS):
        one, other = socket.socketpair()
        if one.getsockname() == other.getpeername() and other.getsockname() == one.getpeername():
            return one, other
        one.close()
        other.close()
    raise ConnectionError("another process takes the connections that are this one's own")
