"""Answers one line per connection; asked to, it blocks the reactor for good. All of it is Twisted's."""

from __future__ import annotations

import time

from twisted.application import internet, service
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.protocols.basic import LineOnlyReceiver

log = Logger("till")
reloads = 0


def reload() -> None:
    """Count how often that was asked for."""
    global reloads  # noqa: PLW0603 - as such files have it
    reloads += 1


class Line(LineOnlyReceiver):  # type: ignore[misc]  # Twisted's classes are unknown to the type checker
    """Answers."""

    delimiter = b"\n"

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's own name
        """Answer, and end the connection."""
        if line == b"block":
            time.sleep(600)
        if line == b"warn":
            log.warn("{coins} coins", coins=3)  # noqa: G010 - the logger is Twisted's
        self.sendLine(b"%d" % reloads if line == b"reloads?" else line)
        self.transport.loseConnection()


application = service.Application("NAME")
internet.TCPServer(8000, Factory.forProtocol(Line), interface="127.0.0.1").setServiceParent(application)
