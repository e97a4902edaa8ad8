"""Sockets of this process in a machine's network."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from pathlib import Path

CLONE_NEWNET = 0x40000000


def socket_inside(leader: int, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
    """Make a socket that belongs to the network namespace of a process.

    A socket stays in the namespace it was made in, so a thread of its own enters, makes it and ends.

    Args:
        leader: Process id of a process in that namespace.
        family: The socket's family.
        kind: The socket's type.

    Raises:
        OSError: The namespace cannot be entered.
    """
    made: list[socket.socket | OSError] = []

    def enter_and_make() -> None:
        try:
            made.append(_enter_and_make(leader, family, kind))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=enter_and_make)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _enter_and_make(leader: int, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
    """Move the calling thread into the namespace and make the socket."""
    with Path(f"/proc/{leader}/ns/net").open("rb") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    return socket.socket(family, kind)
