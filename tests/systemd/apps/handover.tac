"""Listens in the ways that few applications use, and says in each answer through which of them the request came."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter

from svcctl.application import internet, strports
from svcctl.application.protocol import DatagramProtocol
from svcctl.application.service import Application


async def behind_proxy(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer with the address of the client that the proxy tells of."""
    await reader.readline()
    host, port = writer.get_extra_info("peername")[:2]
    writer.write(f"client {host} {port}\n".encode())


class OverUnix(DatagramProtocol):
    """Answers datagrams on a path."""

    def datagramReceived(self, datagram: bytes, addr: str | None) -> None:
        """Answer one datagram."""
        self.transport.write(b"unixgram " + datagram, addr)


class Member(DatagramProtocol):
    """Answers what is sent to a group.

    Args:
        group: Its address.
    """

    def __init__(self, group: str) -> None:
        self.group = group

    def startProtocol(self) -> None:
        """Join the group."""
        self.transport.joinGroup(self.group, "lo")

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Answer one datagram."""
        self.transport.write(self.group.encode() + b" " + datagram, addr)


application = Application("NAME")
strports.service("unixgram:/run/NAME-notes:mode=620", OverUnix()).setServiceParent(application)
strports.service("haproxy:tcp:8000:interface=127.0.0.1", behind_proxy).setServiceParent(application)
for group in ("239.255.0.1", "239.255.0.2"):
    internet.MulticastServer(8000, Member(group), listenMultiple=True).setServiceParent(application)
