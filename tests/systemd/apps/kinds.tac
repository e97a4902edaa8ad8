"""Listens with TCP, UDP and a UNIX socket, and says in each answer through which of them the request came."""

from __future__ import annotations

from asyncio import DatagramProtocol, DatagramTransport, StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application


async def over_tcp(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one TCP connection."""
    writer.write(b"tcp " + await reader.readline())


async def over_unix(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection to the UNIX socket."""
    writer.write(b"unix " + await reader.readline())


class OverUdp(DatagramProtocol):
    """Answers datagrams."""

    def connection_made(self, transport: DatagramTransport) -> None:  # type: ignore[override]
        """Keep the transport to answer through."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one datagram."""
        self.transport.sendto(b"udp " + data, addr)


application = Application("NAME")
strports.service("tcp:8000:interface=127.0.0.1", over_tcp).setServiceParent(application)
strports.service("udp:8000:interface=127.0.0.1", OverUdp()).setServiceParent(application)
strports.service("unix:/run/NAME-control:mode=600", over_unix).setServiceParent(application)
