"""The listening sockets of the process: handed over by the init system, or bound here.

The descriptors that an init system passes belong to the process, so the table of them is one for the process, too.
The runner fills it before anything is bound; a program that runs a tree by itself need not.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from svcctl.endpoints.values import Endpoint, Systemd, Tcp6, Unix, descriptor_name, unwrapped
from svcctl.errors import BindError, MissingSocketError, UsageError
from svcctl.value import Value

if TYPE_CHECKING:
    from svcctl.application.servers.lockfile import LockFile
    from svcctl.endpoints.rare import Tls, Unixgram
    from svcctl.endpoints.values import Ssl, Tcp, Udp

_log = logging.getLogger(__name__)

#: By which option an address is our own, for each kind of socket. With the usual one, a server takes an address that
#: connections of its predecessor still have; Windows allows that anyway, and means by it that everybody may take it.
_OWN: dict[int, int] = {socket.SOCK_STREAM: socket.SO_REUSEADDR}
if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
    _OWN = dict.fromkeys((socket.SOCK_STREAM, socket.SOCK_DGRAM), socket.SO_EXCLUSIVEADDRUSE)

_DOMAINS = {"INET": socket.AF_INET, "INET6": socket.AF_INET6, "UNIX": vars(socket).get("AF_UNIX", 0)}
_HIGHEST_PORT = 65535
_LONGEST_BACKLOG = 2**31 - 1
_LONGEST_PATH = 107  # unix(7): sun_path holds 108 bytes with its NUL
_HIGHEST_MODE = 0o7777


class Inherited:
    """The sockets that the init system handed over, by name.

    Args:
        sockets: Names and sockets, in the order of the descriptors. Several may have one name.
        unit: Name of the application's units when every listener has to be handed over; ``None`` when a listener
            without a socket of its own may be bound here.
    """

    def __init__(self, sockets: Sequence[tuple[str, socket.socket]] = (), unit: str | None = None) -> None:
        self._sockets = list(sockets)
        self._unit = unit
        self._used: set[int] = set()
        self._in_use: set[int] = set()

    def take(self, endpoint: Endpoint) -> socket.socket | None:
        """Return a socket for an endpoint that nobody uses yet; of several with one name, the first that fits.

        Returns:
            The socket, or ``None`` if there is none and it may be bound here.

        Raises:
            MissingSocketError: There is none and it must have been handed over, or it is of another type or in use.
        """
        named = [
            position for position, (name, _) in enumerate(self._sockets) if _answers(position, name, endpoint)
        ]
        free = [position for position in named if position not in self._in_use]
        for position in free:
            if not _mismatch(*self._sockets[position], endpoint):
                self._used.add(position)
                self._in_use.add(position)
                return self._sockets[position][1]
        if free:
            raise MissingSocketError(
                _mismatch(*self._sockets[free[0]], endpoint),
                hint="correct the socket unit, or repeat `svcctl install`",
            )
        if named:
            raise MissingSocketError(
                f"another service listens on the socket named {descriptor_name(endpoint)} already",
                hint="give each service an address of its own",
            )
        if self._unit is None and not isinstance(endpoint, Systemd):
            return None
        names = ", ".join(name for name, _ in self._sockets) or "no socket at all"
        raise MissingSocketError(
            f"no socket named {descriptor_name(endpoint)} was handed over (there is: {names})",
            hint=(
                f"start the sockets of {self._unit}, or repeat `svcctl install` if the listeners of the "
                "application have changed"
                if self._unit
                else "start the application through its socket unit"
            ),
        )

    def take_at(self, address: object, kind: int) -> socket.socket | None:
        """Return a socket of a kind that is bound to an address and that nobody uses yet, whatever its name."""
        for position, (_, sock) in enumerate(self._sockets):
            if position not in self._in_use and sock.type == kind and sock.getsockname() == address:
                self._used.add(position)
                self._in_use.add(position)
                return sock
        return None

    def unused(self) -> tuple[str, ...]:
        """Return the names of the sockets that no listener has asked for."""
        return tuple(name for position, (name, _) in enumerate(self._sockets) if position not in self._used)

    def give_back(self, sock: socket.socket) -> None:
        """Take note that a service no longer uses a socket; it or another one may take it again."""
        self._in_use -= {position for position, (_, each) in enumerate(self._sockets) if each is sock}


class Listening(Value):
    """A bound socket.

    Attributes:
        socket: The socket; a stream socket listens.
        path: The path to remove when it is closed; empty if there is nothing to remove.
        inherited: The init system has it, too, so it stays open until the process ends.
        identity: Device and inode of the path as it was made: what has taken its place since is not ours.
        lock: The lock of the path, if it is held for as long as the socket is open.
        name: Name of the descriptor, for the sockets that may outlive the process; empty for all others.
    """

    socket: socket.socket
    path: str
    inherited: bool
    identity: tuple[int, int] = (0, 0)
    lock: LockFile | None = None
    name: str = ""

    @property
    def stays(self) -> bool:
        """Whether the socket goes on to listen when it is closed here: somebody else has it, too."""
        return self.inherited or (_heir is not None and _heir.goes_on(self))

    def close(self) -> None:
        """Give the socket back; never shut one down that others have, too, nor remove its path."""
        if self.inherited:
            _inherited.give_back(self.socket)
            return
        stays = self.stays
        own.pop(self.socket.fileno(), None)
        if _heir is not None and not stays:
            _heir.closing(self)
        if self.path and not stays:
            from svcctl.application.servers.paths import remove_own  # noqa: PLC0415 (only for paths)

            remove_own(self.path, self.identity)
        self.socket.close()
        if self.lock is not None:
            self.lock.release(leave=stays)


class Heir(Protocol):
    """What takes the sockets that were bound here when the process ends, and gives them to the next one.

    Attributes:
        passed_on: Another process has taken over all sockets.
    """

    passed_on: bool

    def take(self, endpoint: Endpoint) -> Listening | None:
        """Return what the process before this one has left for an endpoint."""

    def opened(self, listening: Listening) -> None:
        """Take note of a socket that has been bound, or taken."""

    def goes_on(self, listening: Listening) -> bool:
        """Return whether a socket has a next process that it goes to."""

    def closing(self, listening: Listening) -> None:
        """Take note that a socket is closed for good."""


_inherited = Inherited()
_heir: Heir | None = None

#: The sockets that were bound by this process and are open, by descriptor.
own: dict[int, Listening] = {}


def leave_to(heir: Heir | None) -> None:
    """Say what takes the sockets of this process when it ends; ``None``: nothing does."""
    global _heir  # noqa: PLW0603 (as for the inherited ones)
    _heir = heir


def hand_over(inherited: Inherited) -> None:
    """Make sockets of the init system known to all listeners of this process."""
    global _inherited  # noqa: PLW0603 (the descriptors are the process's, and so is their table)
    _inherited = inherited


def is_passed_on() -> bool:
    """Return whether another process has taken over all sockets: what is set on them is that one's."""
    return _heir is not None and _heir.passed_on


def check_port(port: object) -> None:
    """Refuse what is no port.

    Raises:
        UsageError: It is no whole number from 0 to 65535.
    """
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= _HIGHEST_PORT:
        raise UsageError(f"{port!r} is no port", hint="give a whole number from 0 to 65535")


def check_backlog(backlog: object) -> None:
    """Refuse what is no number of connections that may wait.

    Raises:
        UsageError: It is no whole number from 0 to 2147483647.
    """
    if isinstance(backlog, bool) or not isinstance(backlog, int) or not 0 <= backlog <= _LONGEST_BACKLOG:
        raise UsageError(f"{backlog!r} is no backlog", hint="give a whole number from 0 up, such as 50")


def check_path(address: object, mode: object = 0) -> None:
    """Refuse what is no path of a socket, and what are no permission bits for it.

    Raises:
        UsageError: It is no path of 1 to 107 bytes in the file system, or no whole number from 0 to 0o7777.
    """
    if not isinstance(address, str) or not address or "\0" in address:
        hint = "give a path such as /run/shop.sock; a socket without one has no permissions either"
        raise UsageError(f"{address!r} is no path of a socket", hint=hint)
    size = len(os.fsencode(address))
    if size > _LONGEST_PATH:
        raise UsageError(
            f"the path {address!r} has {size} bytes", hint=f"a socket's has at most {_LONGEST_PATH}"
        )
    if isinstance(mode, bool) or not isinstance(mode, int) or not 0 <= mode <= _HIGHEST_MODE:
        raise UsageError(f"{mode!r} is no mode", hint="give permission bits such as 0o660")


def open_socket(endpoint: Endpoint) -> Listening:
    """Return the socket of an endpoint: the inherited one, else one that is bound now.

    systemd opens each port for datagrams so that others may have it, too. That ends here, unless the endpoint is
    shared: whoever came later would get what is sent to the service.

    Raises:
        BindError: The system refuses the address.
        MissingSocketError: It should have been handed over and was not.
    """
    given = inherited(endpoint)
    if given is not None:
        return given
    left = _heir.take(unwrapped(endpoint)) if _heir is not None else None
    listening = left or bind_socket(endpoint)
    if endpoint.datagrams and not getattr(endpoint, "port", 1):
        return listening  # the system has chosen the port, to talk to others: nobody sends there unasked
    listening = listening.replace(name=descriptor_name(endpoint))
    own[listening.socket.fileno()] = listening
    if _heir is not None:
        _heir.opened(listening)
    return listening


def inherited(endpoint: Endpoint, address: object = None) -> Listening | None:
    """Return the inherited socket of an endpoint: the one of its name, else one that is bound to an address.

    Raises:
        MissingSocketError: It should have been handed over and was not.
    """
    try:
        sock = _inherited.take(unwrapped(endpoint))
    except MissingSocketError:
        sock = _inherited.take_at(address, kind_of(endpoint))
        if sock is None:
            raise
    if sock is None:
        sock = _inherited.take_at(address, kind_of(endpoint))
    if sock is None:
        return None
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    if sock.type == socket.SOCK_DGRAM and sock.family != _DOMAINS["UNIX"]:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, _is_shared(endpoint))
    return Listening(sock, "", inherited=True)


def bind_socket(endpoint: Endpoint) -> Listening:
    """Return a socket that is bound now.

    Raises:
        BindError: The system refuses the address.
        MissingSocketError: The endpoint is one that only an init system hands over.
    """
    try:
        return _bind(unwrapped(endpoint))
    except OSError as error:
        from svcctl.application.servers.hints import hint_for  # noqa: PLC0415 (only for errors)
        from svcctl.endpoints.grammar import format_endpoint  # noqa: PLC0415 (the same)

        raise BindError(format_endpoint(endpoint), error, hint=hint_for(error, endpoint)) from error


def _bind(endpoint: Endpoint) -> Listening:
    if _is_path(endpoint):
        from svcctl.application.servers.paths import bind_path  # noqa: PLC0415 (only for paths)

        return bind_path(endpoint)
    if not _has_port(endpoint):
        raise MissingSocketError(f"no socket named {descriptor_name(endpoint)} was handed over")
    kind = kind_of(endpoint)
    family = socket.AF_INET6 if isinstance(endpoint, Tcp6) or ":" in endpoint.interface else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        option = socket.SO_REUSEADDR if _is_shared(endpoint) else _OWN.get(kind)
        if option is not None:
            sock.setsockopt(socket.SOL_SOCKET, option, 1)
        if family is socket.AF_INET6:
            alone = not (endpoint.both_families and endpoint.interface == "::")
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, alone)
        sock.bind(_address(endpoint.interface, endpoint.port, family, kind))
        listen(sock, endpoint)
    except BaseException:
        sock.close()
        raise
    return Listening(sock, "", inherited=False)


def _address(interface: str, port: int, family: int, kind: int) -> tuple[Any, ...]:
    if "%" not in interface:
        return (interface, port)  # bind() resolves names itself, without Python's codecs for them
    return socket.getaddrinfo(interface, port, family, kind)[0][4]  # a link-local address names its link


def _is_path(endpoint: Endpoint) -> TypeGuard[Unix | Unixgram]:
    return hasattr(endpoint, "address")  # asked like this because Unixgram is loaded only where it is used


def _has_port(endpoint: Endpoint) -> TypeGuard[Tcp | Tcp6 | Ssl | Udp | Tls]:
    return hasattr(endpoint, "interface")  # asked like this because Tls is loaded only where it is used


def _is_shared(endpoint: Endpoint) -> bool:
    shared: bool = getattr(endpoint, "shared", False)  # only ports for datagrams can be
    return shared


def kind_of(endpoint: Endpoint) -> socket.SocketKind:
    """Return whether an endpoint is for datagrams or for connections, as sockets have it."""
    return socket.SOCK_DGRAM if endpoint.datagrams else socket.SOCK_STREAM


def listen(sock: socket.socket, endpoint: Tcp | Tcp6 | Ssl | Udp | Tls | Unix | Unixgram) -> None:
    """Let a bound socket be ready to be asked."""
    sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
    if endpoint.accepts:
        sock.listen(getattr(endpoint, "backlog", 0))  # all that accept have one


def _answers(position: int, name: str, endpoint: Endpoint) -> bool:
    if isinstance(endpoint, Systemd) and endpoint.index is not None:
        return position == endpoint.index
    return name == descriptor_name(endpoint)


def _mismatch(name: str, sock: socket.socket, endpoint: Endpoint) -> str:
    """Return why an inherited socket is not what an endpoint asks for; empty if it is."""
    wanted = kind_of(endpoint)
    family = _DOMAINS[endpoint.domain] if isinstance(endpoint, Systemd) else sock.family
    if sock.type == wanted and sock.family == family:
        return ""
    return (
        f"the socket named {name} that was handed over is {sock.family.name} {socket.SocketKind(sock.type).name}, "
        f"not {family.name} {wanted.name}"
    )
