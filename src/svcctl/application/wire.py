"""The small protocols that every network library begins with."""

from __future__ import annotations

import asyncio
import time

from svcctl.application.protocol import Protocol


class Echo(Protocol):
    """Returns whatever arrives. Source: RFC 862."""

    def dataReceived(self, data: bytes) -> None:
        """Send it back."""
        self.transport.write(data)


class Discard(Protocol):
    """Throws away whatever arrives. Source: RFC 863."""

    def dataReceived(self, data: bytes) -> None:
        """Do nothing with it."""


_PRINTABLE = bytes(range(32, 127))


class Chargen(Protocol):
    """Sends lines of characters for as long as the other side takes them. Source: RFC 864.

    Attributes:
        LINES: The 95 lines of 72 printable characters, each shifted by one against the one before.
    """

    LINES = b"".join((_PRINTABLE * 2)[start : start + 72] + b"\r\n" for start in range(95))

    _paused = False

    def connectionMade(self) -> None:
        """Begin to send."""
        self._send()

    def pauseProducing(self) -> None:
        """Stop sending: the other side is slower than we are."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Go on sending."""
        self._paused = False
        self._send()

    def drain(self) -> None:
        """Stop sending: the server is about to stop."""
        self._paused = True
        self.transport.loseConnection()

    def _send(self) -> None:
        if self.connected and not self._paused:
            self.transport.write(self.LINES)
            # One round at a time: a client that is fast enough would keep the loop for itself otherwise.
            asyncio.get_running_loop().call_soon(self._send)


class QOTD(Protocol):
    """Sends a quote and closes. Source: RFC 865.

    Override :meth:`getQuote`, or set ``quote`` on the factory.
    """

    def connectionMade(self) -> None:
        """Send the quote."""
        self.transport.write(self.getQuote())
        self.transport.loseConnection()

    def getQuote(self) -> bytes:
        """Return the quote: at most 512 bytes, ending in a line end."""
        quote: bytes = getattr(self.factory, "quote", b"An apple a day keeps the doctor away.\r\n")
        return quote


class Daytime(Protocol):
    """Sends the date and time in UTC and closes. Source: RFC 867."""

    def connectionMade(self) -> None:
        """Send the time."""
        self.transport.write(time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime()).encode() + b"\r\n")
        self.transport.loseConnection()
