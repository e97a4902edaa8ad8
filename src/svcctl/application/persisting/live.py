"""What belongs to the running process and is never saved."""

from __future__ import annotations

import asyncio
import socket

_LIVE = (
    asyncio.Future,
    asyncio.Handle,
    asyncio.BaseTransport,
    asyncio.AbstractServer,
    asyncio.AbstractEventLoop,
    asyncio.StreamReader,
    asyncio.StreamWriter,
    socket.socket,
)


#: The same of ours; uvloop's and these are no instances of asyncio's classes.
_OURS = frozenset(
    {
        "svcctl.application.protocol.Transport",
        "svcctl.application.servers.proxy.ProxiedTransport",
        "svcctl.application.clients.connector.Connector",
        "svcctl.application.clients.outgoing.OutgoingConnection",
        "svcctl.application.datagrams.multicast_transport.MulticastTransport",
        "svcctl.application.datagrams.transport.DatagramTransport",
        "svcctl.application.datagrams.transport.UDPTransport",
        "svcctl.application.reacting.delayed.DelayedCall",
        "svcctl.application.reacting.ports.Port",
    }
)


def is_live(candidate: object) -> bool:
    """Tell whether an object is a task, a connection, an open port or the like: it is saved as ``None``."""
    kind = type(candidate)
    return (
        isinstance(candidate, _LIVE)
        or kind.__module__.partition(".")[0] == "uvloop"
        or f"{kind.__module__}.{kind.__qualname__}" in _OURS
    )
