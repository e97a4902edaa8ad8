"""The plug-in ``echo``: returns what it gets. Source: RFC 862."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from svcctl.application.protocol import DatagramProtocol, Factory
from svcctl.application.service import Service
from svcctl.application.strports import service
from svcctl.application.wire import Echo
from svcctl.endpoints.descriptions import resolve
from svcctl.plugins.ports import listening

#: Ports below are reserved for services. Source: RFC 6335.
_FIRST_FREE_PORT = 1024


@dataclass(frozen=True, kw_only=True)
class Options:
    """Returns what it gets, byte for byte. With a udp endpoint, each datagram goes back to its sender."""

    port: str = field(
        default="tcp:8007",
        metadata={
            "short": "p",
            "coerce": listening,
            "help": "Where to listen: a TCP port, or an endpoint such as udp:8007 or unix:/run/echo.sock.",
        },
    )


class EchoDatagrams(DatagramProtocol):
    """Sends each datagram back, unless it comes from a reserved port.

    A sender's address is easily forged: two services that answer everything would answer each other for ever.
    """

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: ANN401 (an address of any family)
        """Send it back."""
        if not isinstance(addr, tuple) or addr[1] >= _FIRST_FREE_PORT:
            self.transport.write(datagram, addr)


def makeService(options: Options) -> Service:
    """Return the server."""
    if getattr(resolve(options.port), "datagrams", False):
        return service(options.port, EchoDatagrams())
    return service(options.port, Factory.forProtocol(Echo))
