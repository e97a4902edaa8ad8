"""Where a service listens, as values: one class for each type of description.

The fields of a class, in order, are the positional arguments of its description; a field with a default may be
left out of the text. Those that few applications use are in :mod:`svcctl.endpoints.rare`. Source: the framework's
strports (``tcp:8080:interface=127.0.0.1``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from svcctl.value import Value

if TYPE_CHECKING:
    from svcctl.endpoints.rare import Haproxy, Stdio, Tls, Unixgram


class Address(Value):
    """Base of the values."""

    #: Whether connections are accepted there.
    accepts = True
    #: Whether datagrams are received there.
    datagrams = False
    #: Whether ``::`` means every address of the machine, not those of IPv6 alone.
    both_families = False


class Tcp(Address):
    """``tcp:PORT[:interface=ADDRESS][:backlog=N]``: TCP over IPv4.

    Attributes:
        port: 0 to 65535; 0 lets the system choose.
        interface: An IPv4 address or a host name; empty for every address of the machine.
        backlog: How many connections may wait to be accepted.
    """

    port: int
    interface: str = ""
    backlog: int = 50


class Tcp6(Address):
    """``tcp6:PORT[:backlog=N][:interface=ADDRESS]``: TCP over IPv6 alone (``IPV6_V6ONLY``).

    Attributes:
        port: 0 to 65535; 0 lets the system choose.
        backlog: How many connections may wait to be accepted.
        interface: An IPv6 address or a host name; ``::`` for every address of the machine.
    """

    port: int
    backlog: int = 50
    interface: str = "::"


class Ssl(Address):
    """``ssl:PORT[:privateKey=FILE][:certKey=FILE]…``: TLS over TCP over IPv4.

    Attributes:
        port: 0 to 65535; 0 lets the system choose.
        privateKey: PEM file of the private key.
        certKey: PEM file of the certificate; empty if it is in ``privateKey`` too.
        extraCertChain: PEM file of further certificates of the chain; empty for none.
        interface: An IPv4 address or a host name; empty for every address of the machine.
        backlog: How many connections may wait to be accepted.
        dhParameters: PEM file of parameters for the key exchange; empty for the library's own.
    """

    port: int
    privateKey: str = "server.pem"
    certKey: str = ""
    extraCertChain: str = ""
    interface: str = ""
    backlog: int = 50
    dhParameters: str = ""


class Unix(Address):
    """``unix:PATH[:mode=OCTAL][:backlog=N][:lockfile=0|1]``: a stream socket in the file system.

    Attributes:
        address: Path of the socket, at most 107 bytes.
        mode: Permission bits of the socket's file; written in octal.
        backlog: How many connections may wait to be accepted.
        lockfile: Hold the lock ``PATH.lock`` for as long as it listens.
    """

    address: str
    mode: int = 0o666
    backlog: int = 50
    lockfile: bool = True


class Udp(Address):
    """``udp:PORT[:interface=ADDRESS][:shared=0|1]``: datagrams over IPv4, or over IPv6 if the interface is such an address.

    Attributes:
        port: 0 to 65535; 0 lets the system choose.
        interface: An address or a host name; empty for every IPv4 address of the machine.
        shared: Others may have the port, too, if they allow it as well. Source: socket(7), ``SO_REUSEADDR``.
    """

    port: int
    interface: str = ""
    shared: bool = False

    accepts = False
    datagrams = True


class Systemd(Address):
    """``systemd:domain=INET|INET6|UNIX:name=NAME`` or ``…:index=N``: a socket that the init system hands over.

    Exactly one of ``index`` and ``name`` is given.

    Attributes:
        domain: ``INET``, ``INET6`` or ``UNIX``.
        index: Position among the descriptors handed over, from 0.
        name: Name of the descriptor (``FileDescriptorName=`` of the socket unit).
    """

    domain: str
    index: int | None = None
    name: str | None = None


Endpoint: TypeAlias = "Tcp | Tcp6 | Ssl | Unix | Udp | Systemd | Tls | Stdio | Unixgram | Haproxy"

#: The types that every application may use; the others are in :data:`svcctl.endpoints.rare.RARE_TYPES`.
TYPES: dict[str, type[Tcp | Tcp6 | Ssl | Unix | Udp | Systemd]] = {
    "tcp": Tcp,
    "tcp6": Tcp6,
    "ssl": Ssl,
    "unix": Unix,
    "udp": Udp,
    "systemd": Systemd,
}


def descriptor_name(endpoint: Endpoint) -> str:
    """Return the name under which the init system hands this endpoint's socket over.

    The generator writes it as ``FileDescriptorName=`` and the runner looks for it in ``$LISTEN_FDNAMES``, so it
    depends on the address alone: a changed address is a missing socket, never a wrong one. Different addresses
    have different names: ASCII letters, digits, ``.`` and ``-`` stay, every other byte becomes ``_`` and two
    hexadecimal digits. Source: systemd.socket(5), at most 255 characters without ``:``; the longest path of a
    UNIX socket is cut to fit, which only addresses that are alike in their first 80 bytes can notice.

    Example:
        >>> descriptor_name(Tcp(8007))
        'tcp-8007'
        >>> descriptor_name(Tcp6(80, interface="::1"))
        'tcp6-80-_3a_3a1'
    """
    match unwrapped(endpoint):
        case Systemd(_, index, name):
            return name if name is not None else f"index-{index}"
        case Tcp6(port, _, interface):
            where = ("tcp6", str(port), "" if interface == "::" else interface)
        case Ssl() | Tcp() | Udp() as inet:
            where = (_KINDS[type(inet)], str(inet.port), inet.interface)
        case Unix(address):
            where = ("unix", address, "")
        case rare:
            where = _rare_parts(rare)
    return "-".join(_escape(part) for part in where if part)[:255]


def unwrapped(endpoint: Endpoint) -> Endpoint:
    """Return what a socket is opened for: an endpoint itself, or what its prefix stands in front of."""
    inner: Endpoint = getattr(endpoint, "endpoint", endpoint)
    return inner


_KINDS: dict[type, str] = {kind: name for name, kind in TYPES.items()}


def _rare_parts(endpoint: Endpoint) -> tuple[str, str, str]:
    from svcctl.endpoints.rare import Tls, Unixgram  # noqa: PLC0415 (loaded already, or the value would not be there)

    match endpoint:
        case Tls(_, port, _, interface):
            return "tls", str(port), "" if interface == "::" else interface
        case Unixgram(address):
            return "unixgram", address, ""
    return "stdio", "", ""


def _escape(text: str) -> str:
    keep = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
    return "".join(chr(byte) if byte in keep else f"_{byte:02x}" for byte in text.encode())
