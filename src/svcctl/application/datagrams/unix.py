"""Datagrams over sockets in the file system: a server, and a client that talks to one server."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Any

from svcctl.application.datagrams.port import Port
from svcctl.application.datagrams.udp import DatagramService
from svcctl.application.servers.sockets import Listening, bind_socket, check_path
from svcctl.endpoints.rare import Unixgram
from svcctl.endpoints.values import Endpoint
from svcctl.errors import ConnectError
from svcctl.posix import unix_family


class UNIXDatagramServer(DatagramService):
    """Receives datagrams on a socket in the file system; a stale one is replaced.

    ``datagramReceived`` gets the path of the sender's socket as its address, or ``None`` from a sender without a
    path, which cannot be answered. A datagram for a receiver whose queue is full is dropped and logged.

    Args:
        address: The path, at most 107 bytes.
        protocol: As for :class:`~svcctl.application.datagrams.udp.DatagramService`.
        maxPacketSize: Longer datagrams are dropped and logged; bytes.
        mode: Permission bits of the socket.

    Raises:
        FactoryError: ``protocol`` is no datagram protocol.
        UsageError: ``address`` is no path, ``maxPacketSize`` no size or ``mode`` no mode.
    """

    def __init__(self, address: str, protocol: Any, maxPacketSize: int = 8192, mode: int = 0o666) -> None:  # noqa: ANN401 (two kinds of protocol)
        super().__init__(protocol, maxPacketSize)
        check_path(address, mode)
        self.endpoint = Unixgram(address, mode)

    def listening_on(self) -> Sequence[Endpoint]:
        """Return the endpoint."""
        return (self.endpoint,)


class UNIXDatagramClient(DatagramService):
    """Sends datagrams to a socket in the file system, and receives what that server sends back.

    Nobody there at the start is a failure of the start; the protocol's ``connectionFailed`` is told before. A server
    that is gone later is told by ``connectionRefused`` when something is written; one that has come back is found
    by the next write. What is written while the server's queue is full waits, up to 1 MiB. While it stops, answers
    to what is in flight still arrive.

    Args:
        address: Path of the server's socket, at most 107 bytes.
        protocol: A ``ConnectedDatagramProtocol`` of the framework, or an asyncio datagram protocol, or the class of one.
        maxPacketSize: Longer datagrams are dropped and logged; bytes.
        mode: Permission bits of the socket at ``bindAddress``.
        bindAddress: Path of its own socket, without which the server cannot answer; a stale one is replaced.

    Raises:
        FactoryError: ``protocol`` is no datagram protocol.
        UsageError: A path is none, ``maxPacketSize`` is no size or ``mode`` no mode.
    """

    kind = "service"
    _hears_answers = True
    _knows_its_peer = True

    def __init__(
        self,
        address: str,
        protocol: Any,  # noqa: ANN401 (two kinds of protocol)
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: str | None = None,
    ) -> None:
        super().__init__(protocol, maxPacketSize)
        check_path(address, mode)
        self._server = address
        self.bindAddress: Unixgram | None = None
        if bindAddress is not None:
            check_path(bindAddress)
            self.bindAddress = Unixgram(bindAddress, mode)

    def _open(self) -> Listening:
        if self.bindAddress is not None:
            return bind_socket(
                self.bindAddress
            )  # an init system hands over where one listens, which this is not
        sock = socket.socket(unix_family(), socket.SOCK_DGRAM)
        sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        return Listening(sock, "", inherited=False)

    def _make_port(self, sock: socket.socket) -> Port:
        return Port(sock, self.maxPacketSize, self.release, self._server)

    async def startService(self) -> None:
        """Connect and receive."""
        if self._listening is None:
            self.privilegedStartService()
        assert self._listening is not None  # noqa: S101 (for the type checker: opened just above)
        try:
            self._listening.socket.connect(self._server)
        except OSError as error:
            self.release()
            failure = ConnectError(self._server, error, hint=_hint(error))
            self._tell(failure)
            raise failure from error
        await super().startService()

    def _tell(self, failure: ConnectError) -> None:
        protocol = self.protocol() if isinstance(self.protocol, type) else self.protocol
        hook = getattr(protocol, "connectionFailed", None)
        if hook is not None:
            hook(failure)


def _hint(error: OSError) -> str:
    return {
        errno.ENOENT: "there is no such socket: is the server running?",
        errno.ECONNREFUSED: "nobody listens there (any more): is the server running?",
        errno.EACCES: "its folder or the socket itself forbids it: look at their modes and owners",
        errno.EPROTOTYPE: "it is a stream socket: use UNIXClient",
    }.get(error.errno or 0, "")
