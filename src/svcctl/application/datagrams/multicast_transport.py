"""A port that joins groups, as protocols of the framework see it."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import socket
import struct
import sys
from collections.abc import Awaitable

from svcctl.application.datagrams.port import Port
from svcctl.application.datagrams.transport import UDPTransport
from svcctl.application.servers.sockets import is_passed_on
from svcctl.application.tree.record import DONE
from svcctl.errors import BindError, UsageError
from svcctl.posix import fcntl

_log = logging.getLogger(__name__)

# Of Linux; the fcntl module has no names for them. Source: netdevice(7).
_SIOCGIFINDEX = 0x8933
_NAME_SIZE = 16
_REQUEST_SIZE = 40
_HIGHEST_INDEX = 2**31 - 1

_HIGHEST_TTL = 255


class MulticastTransport(UDPTransport):
    """An open UDP port that joins groups, as protocols see it.

    An interface is given by an address it has, by its name, or for IPv6 by its index; empty leaves the choice to the
    routes of the machine. What is awaitable is done at once: it may be dropped.
    """

    __slots__ = ("_memberships",)

    def __init__(self, transport: Port, *, inherited: bool = False) -> None:
        super().__init__(transport, inherited=inherited)
        self._memberships: set[bytes] = set()
        # An inherited socket stays open, and would go on to receive what the groups get.
        transport.before_close.append(self._leave_all)

    @property
    def _is_ipv6(self) -> bool:
        return self.transport.sock.family == socket.AF_INET6

    @property
    def _level(self) -> int:
        return socket.IPPROTO_IPV6 if self._is_ipv6 else socket.IPPROTO_IP

    def joinGroup(self, addr: str, interface: str | int = "") -> Awaitable[None]:
        """Receive what is sent to a group.

        Raises:
            UsageError: The address is no group's, or there is no such interface.
            BindError: The system refuses it, mostly for want of a route to the group.
        """
        membership = self._membership(addr, interface)
        option = socket.IPV6_JOIN_GROUP if self._is_ipv6 else socket.IP_ADD_MEMBERSHIP
        try:
            self.transport.sock.setsockopt(self._level, option, membership)
        except OSError as error:
            # A process that was killed, or that this one takes over from, has joined with the same socket.
            if error.errno == errno.EADDRINUSE and membership not in self._memberships:
                self._memberships.add(membership)
                return DONE
            raise BindError(f"the group {addr}", error, hint=_hint(error)) from error
        self._memberships.add(membership)
        return DONE

    def leaveGroup(self, addr: str, interface: str | int = "") -> Awaitable[None]:
        """Receive no longer what is sent to a group.

        Raises:
            UsageError: It has not been joined on that interface.
        """
        membership = self._membership(addr, interface)
        if membership not in self._memberships:
            raise UsageError(
                f"the group {addr} has not been joined", hint="give the interface as for joinGroup()"
            )
        self._leave(membership)
        return DONE

    def _leave(self, membership: bytes) -> None:
        self._memberships.discard(membership)
        option = socket.IPV6_LEAVE_GROUP if self._is_ipv6 else socket.IP_DROP_MEMBERSHIP
        try:
            self.transport.sock.setsockopt(self._level, option, membership)
        except OSError as error:  # the interface is gone, and the membership with it
            _log.info("group left already", extra={"svcctl_error": str(error)})

    def _leave_all(self) -> None:
        if not is_passed_on():
            for membership in tuple(self._memberships):
                self._leave(membership)

    def _membership(self, addr: str, interface: str | int) -> bytes:
        """Return ``struct ipv6_mreq`` or ``struct ip_mreqn``."""
        group = _group(addr, ipv6=self._is_ipv6)
        address, index = self._interface(group.scope if interface == "" else interface)
        if self._is_ipv6:
            return struct.pack("@16sI", group.packed, index)
        return group.packed + _choice(address, index)

    def _interface(self, interface: object) -> tuple[bytes, int]:
        """Return the IPv4 address, or else the index, that tells the system which interface is meant."""
        if interface == "":
            return bytes(4), 0
        text = str(interface)
        if text.isdecimal() and 0 < int(text) <= _HIGHEST_INDEX:
            return bytes(4), int(text)
        try:
            if not self._is_ipv6:
                return socket.inet_pton(socket.AF_INET, text), 0
        except (OSError, ValueError):
            pass  # it is a name then
        return bytes(4), self._index_of(text)

    def _index_of(self, name: str) -> int:
        # Asked on the socket itself: an inherited one belongs to another network than a confined process.
        if sys.platform == "win32":
            return _index_on_windows(name)
        encoded = os.fsencode(name)
        if not 0 < len(encoded) < _NAME_SIZE:
            raise _no_interface(name)
        try:
            request = struct.pack(f"{_NAME_SIZE}si", encoded, 0).ljust(_REQUEST_SIZE, b"\0")
            answer = fcntl.ioctl(self.transport.sock, _SIOCGIFINDEX, request)
        except OSError as error:
            raise _no_interface(name) from error
        index: int = struct.unpack_from("i", answer, _NAME_SIZE)[0]
        return index

    def setTTL(self, ttl: int) -> None:
        """Set how many networks a datagram to a group may cross: 0 to 255, 1 unless set.

        Raises:
            UsageError: It is no such number.
        """
        _check_ttl(ttl)
        self.transport.sock.setsockopt(self._level, self._ttl_option, ttl)

    def getTTL(self) -> int:
        """Return how many networks a datagram to a group may cross."""
        return self.transport.sock.getsockopt(self._level, self._ttl_option)

    @property
    def _ttl_option(self) -> int:
        return socket.IPV6_MULTICAST_HOPS if self._is_ipv6 else socket.IP_MULTICAST_TTL

    def setLoopbackMode(self, mode: bool) -> None:  # noqa: FBT001 (the framework's signature)
        """Let listeners of this machine receive what is sent to a group, or not; they do unless set."""
        self.transport.sock.setsockopt(self._level, self._loop_option, bool(mode))

    def getLoopbackMode(self) -> bool:
        """Return whether listeners of this machine receive what is sent to a group."""
        return bool(self.transport.sock.getsockopt(self._level, self._loop_option))

    @property
    def _loop_option(self) -> int:
        return socket.IPV6_MULTICAST_LOOP if self._is_ipv6 else socket.IP_MULTICAST_LOOP

    def setOutgoingInterface(self, addr: str | int) -> Awaitable[None]:
        """Set through which interface datagrams to groups go.

        Raises:
            UsageError: There is no such interface.
        """
        address, index = self._interface(addr)
        sock = self.transport.sock
        try:
            if self._is_ipv6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            else:
                group = b"" if sys.platform == "win32" else bytes(4)
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, group + _choice(address, index))
        except OSError as error:
            raise _no_interface(addr) from error
        return DONE

    def getOutgoingInterface(self) -> str | int:
        """Return the interface that was set: the address that it was given by, for IPv6 its index.

        Without one, it is 0 for IPv6 and ``0.0.0.0`` for IPv4, where a name or an index gives no address either.
        """
        sock = self.transport.sock
        if self._is_ipv6:
            return sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF)
        return socket.inet_ntoa(sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4))


def _choice(address: bytes, index: int) -> bytes:
    """Return which interface of IPv4 is meant, as the rest of ``struct ip_mreqn``; Windows has one number for both."""
    if sys.platform == "win32":
        return struct.pack("!I", index) if index else address
    return struct.pack("@4si", address, index)


def _index_on_windows(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError as error:
        raise _no_interface(name) from error


def _no_interface(name: object) -> UsageError:
    hint = "`ip address` shows their names and addresses"
    return UsageError(f"there is no network interface {str(name)!r}", hint=hint)


def _check_ttl(ttl: object) -> None:
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 <= ttl <= _HIGHEST_TTL:
        raise UsageError(f"{ttl!r} is no number of networks", hint=f"give 0 to {_HIGHEST_TTL}")


class _Group:
    """A group's address.

    Attributes:
        packed: Its bytes.
        scope: The interface that an IPv6 address names after its ``%``; empty if it names none.
    """

    __slots__ = ("packed", "scope")

    def __init__(self, packed: bytes, scope: str) -> None:
        self.packed = packed
        self.scope = scope


def _group(addr: object, *, ipv6: bool) -> _Group:
    """Read the address of a group.

    Raises:
        UsageError: It is none, or none of this family.
    """
    sample = "ff02::fb" if ipv6 else "224.0.0.251"
    text = str(addr)
    try:
        parsed = ipaddress.IPv6Address(text) if ipv6 else ipaddress.IPv4Address(text)
    except ValueError:
        parsed = None
    if parsed is None or not parsed.is_multicast:
        version = "IPv6" if ipv6 else "IPv4"
        raise UsageError(f"{addr!r} is no multicast address of {version}", hint=f"such as {sample}")
    return _Group(parsed.packed, text.partition("%")[2])


def _hint(error: OSError) -> str:
    if error.errno == errno.ENODEV:
        return (
            "no route leads there: give an interface, or wait for the network (After=network-online.target)"
        )
    if error.errno == errno.EADDRINUSE:
        return "it has been joined already"
    if error.errno == errno.ENOBUFS:
        return "too many groups for one socket: see net.ipv4.igmp_max_memberships in ip(7)"
    return ""
