"""Connects to a server of the machine in two ways, sends its name over each, and logs what comes back."""

from __future__ import annotations

import sys

from svcctl.application import internet
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.service import Application


class Uplink(Protocol):
    """Says who it is, and what it is told."""

    def connectionMade(self) -> None:
        """Send a line."""
        self.transport.write(self.factory.who + b"\n")

    def dataReceived(self, data: bytes) -> None:
        """Say what came."""
        sys.stderr.write(f"{self.factory.who.decode()} got {data.decode()}\n")


class Naming(Factory):
    """Makes connections that have a name.

    Args:
        who: The name.
    """

    protocol = Uplink

    def __init__(self, who: bytes) -> None:
        self.who = who


application = Application("NAME")
internet.ClientService("tcp:host=localhost:port=8000", Naming(b"keeper")).setServiceParent(application)
internet.TCPClient("127.0.0.1", 8000, Naming(b"once")).setServiceParent(application)
