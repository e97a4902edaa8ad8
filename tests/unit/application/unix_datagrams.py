"""Protocols for both ends of datagrams over sockets in the file system."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from svcctl.application.protocol import ConnectedDatagramProtocol, DatagramProtocol


class Shouting(DatagramProtocol):
    """Returns each datagram in capitals, and keeps who sent it."""

    def __init__(self) -> None:
        self.senders: list[Any] = []
        self.got: list[bytes] = []

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: ANN401 (as in the base class)
        """Answer whoever can be answered."""
        self.senders.append(addr)
        self.got.append(datagram)
        if addr is not None:
            self.transport.write(datagram.upper(), addr)


class Asking(ConnectedDatagramProtocol):
    """Keeps what happens to it."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def startProtocol(self) -> None:
        """Begin."""
        self.log.append("start")

    def stopProtocol(self) -> None:
        """End."""
        self.log.append("stop")

    def datagramReceived(self, datagram: bytes) -> None:
        """Keep an answer."""
        self.log.append(datagram.decode())

    def connectionRefused(self) -> None:
        """Keep a refusal."""
        self.log.append("refused")

    def connectionFailed(self, failure: BaseException) -> None:
        """Keep a failure."""
        self.log.append(f"failed: {failure}")


def leave_stale(path: Path, kind: socket.SocketKind) -> None:
    """Bind a path and die without removing it."""
    with socket.socket(socket.AF_UNIX, kind) as dead:
        dead.bind(str(path))
