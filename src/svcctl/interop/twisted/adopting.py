"""Listening sockets that the init system hands over, for whoever asks the reactor to listen.

A port that is asked for takes the socket of its name, as units of svcctl name it, or one that is bound to its
address. The endpoint ``systemd:`` of Twisted takes the one that it names, when it listens and not when it is made.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import execute
from twisted.internet.interfaces import IStreamServerEndpoint
from zope.interface import implementer

from svcctl.application.servers.sockets import Listening, inherited
from svcctl.endpoints.values import Systemd, Tcp, Tcp6, Udp
from svcctl.errors import MissingSocketError
from svcctl.interop.twisted.addresses import endpoints_of
from svcctl.interop.twisted.calls import replace

if TYPE_CHECKING:
    from svcctl.endpoints.values import Endpoint
    from svcctl.interop.twisted.reactor import Driven


def taken(method: str, *args: Any, required: bool, **kwargs: Any) -> Listening | None:  # noqa: ANN401 (arguments of a reactor's method)
    """Return the inherited socket for a method of the reactor, by its name without ``listen``; ``None`` if there is none.

    Raises:
        MissingSocketError: Every socket has to be handed over, this one was not, and it is ``required``: it is one
            that the units know of.
    """
    for endpoint in endpoints_of(method, *args, **kwargs):
        try:
            return inherited(endpoint, _address_of(endpoint))
        except MissingSocketError:
            if required:
                raise
    return None


def _address_of(endpoint: Endpoint) -> object:
    """Return what the socket of an endpoint would say of itself; ``None`` if only the system knows."""
    if isinstance(endpoint, Tcp6) or ":" in getattr(endpoint, "interface", ""):
        return (endpoint.interface, endpoint.port, 0, 0)  # type: ignore[union-attr]  # it has a port
    if isinstance(endpoint, (Tcp, Udp)):
        return (endpoint.interface or "0.0.0.0", endpoint.port)  # noqa: S104 (nothing is bound: it is compared)
    return getattr(endpoint, "address", None)


def adopt(reactor: Driven, listening: Listening, factory: Any, **options: Any) -> Any:  # noqa: ANN401 (a port of Twisted's)
    """Have the reactor listen on a socket; when it no longer does, somebody else may."""
    sock = listening.socket
    if sock.family == socket.AF_UNIX:
        port = _adopt_path(reactor, sock, factory)
    else:
        kind = "Stream" if sock.type == socket.SOCK_STREAM else "Datagram"
        port = getattr(reactor, f"adopt{kind}Port")(sock.fileno(), sock.family, factory, **options)
    replace(port, "stopListening", lambda stop: _stopped(listening, stop))
    return port


def _adopt_path(reactor: Driven, sock: socket.socket, factory: Any) -> Any:  # noqa: ANN401 (the same)
    """Listen on a socket in the file system, whose path and mode are the init system's.

    Twisted's own way would change the mode and in the end remove the path and shut the socket down. It leaves a name that begins with NUL
    alone, so it gets that for a name; the socket itself has its own.
    """
    from twisted.internet import unix  # noqa: PLC0415 (few listen on a path)

    port = unix.Port(b"\0" + os.fsencode(sock.getsockname()), factory, socket.SOMAXCONN, reactor=reactor)
    port._preexistingSocket = sock.dup()  # noqa: SLF001 (as its own constructor for descriptors does)
    port.startListening()
    port._shouldShutdown = False  # noqa: SLF001 (that would end the init system's, too)
    return port


def _stopped(listening: Listening, stop: Callable[[], Any]) -> Any:  # noqa: ANN401 (a Deferred, or nothing)
    listening.close()
    return stop()


@implementer(IStreamServerEndpoint)
class SystemdEndpoint:
    """What ``systemd:`` in a description stands for.

    Args:
        reactor: The reactor.
        value: Which socket.
    """

    def __init__(self, reactor: Driven, value: Systemd) -> None:
        self._reactor = reactor
        self.value = value

    def listen(self, factory: Any) -> Any:  # noqa: ANN401 (a Deferred)
        """Listen on the socket; the Deferred fails if there is none."""
        return execute(self._listen, factory)

    def _listen(self, factory: Any) -> Any:  # noqa: ANN401 (a port of Twisted's)
        listening = inherited(self.value)
        assert listening is not None  # noqa: S101 (for the type checker: one that is missing is an error)
        return adopt(self._reactor, listening, factory)


def parse(reactor: Driven, domain: str, index: str | None = None, name: str | None = None) -> SystemdEndpoint:
    """Return the endpoint for the arguments of ``systemd:``.

    Raises:
        ValueError: Not exactly one of index and name is given, or one is wrong.
    """
    if (index is None) == (name is None):
        raise ValueError("Specify exactly one of descriptor index or name")
    if domain not in {"INET", "INET6", "UNIX"}:
        raise ValueError(f"there is no domain {domain!r}: expected INET, INET6 or UNIX")
    return SystemdEndpoint(reactor, Systemd(domain, None if index is None else int(index), name))
