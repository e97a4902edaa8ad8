"""Where a service listens, as values: one class for each type of description.

The fields of a class, in order, are the positional arguments of its description; a field with a default may be
left out of the text. Source: the framework's strports (``tcp:8080:interface=127.0.0.1``).
"""

from __future__ import annotations

from svcctl.value import Value


class Tcp(Value):
    """``tcp:PORT[:interface=ADDRESS][:backlog=N]``: TCP over IPv4.

    Attributes:
        port: 0 to 65535; 0 lets the system choose.
        interface: An IPv4 address or a host name; empty for every address of the machine.
        backlog: How many connections may wait to be accepted.
    """

    port: int
    interface: str = ""
    backlog: int = 50


class Tcp6(Value):
    """``tcp6:PORT[:backlog=N][:interface=ADDRESS]``: TCP over IPv6 alone (``IPV6_V6ONLY``).

    Attributes:
        port: 0 to 65535; 0 lets the system choose.
        backlog: How many connections may wait to be accepted.
        interface: An IPv6 address or a host name; ``::`` for every address of the machine.
    """

    port: int
    backlog: int = 50
    interface: str = "::"


class Ssl(Value):
    """``ssl:PORT[:privateKey=FILE][:certKey=FILE]…``: TLS over TCP over IPv4.

    Attributes:
        port: 0 to 65535; 0 lets the system choose.
        privateKey: PEM file of the private key.
        certKey: PEM file of the certificate; empty if it is in ``privateKey`` too.
        extraCertChain: PEM file of further certificates of the chain; empty for none.
        interface: An IPv4 address or a host name; empty for every address of the machine.
        backlog: How many connections may wait to be accepted.
    """

    port: int
    privateKey: str = "server.pem"  # noqa: N815 (the description's own argument names)
    certKey: str = ""  # noqa: N815
    extraCertChain: str = ""  # noqa: N815
    interface: str = ""
    backlog: int = 50


class Unix(Value):
    """``unix:PATH[:mode=OCTAL][:backlog=N]``: a stream socket in the file system.

    Attributes:
        address: Path of the socket, at most 107 bytes.
        mode: Permission bits of the socket's file; written in octal.
        backlog: How many connections may wait to be accepted.
    """

    address: str
    mode: int = 0o666
    backlog: int = 50


class Udp(Value):
    """``udp:PORT[:interface=ADDRESS]``: datagrams over IPv4, or over IPv6 if the interface is such an address.

    Attributes:
        port: 0 to 65535; 0 lets the system choose.
        interface: An address or a host name; empty for every IPv4 address of the machine.
    """

    port: int
    interface: str = ""


class Systemd(Value):
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


Endpoint = Tcp | Tcp6 | Ssl | Unix | Udp | Systemd

TYPES: dict[str, type[Endpoint]] = {
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
    where: tuple[str, ...]
    match endpoint:
        case Systemd(_, index, name):
            return name if name is not None else f"index-{index}"
        case Unix(address):
            where = ("unix", address)
        case Tcp6(port, _, interface):
            where = ("tcp6", str(port), "" if interface == "::" else interface)
        case Ssl():
            where = ("ssl", str(endpoint.port), endpoint.interface)
        case Tcp(port, interface):
            where = ("tcp", str(port), interface)
        case Udp(port, interface):
            where = ("udp", str(port), interface)
    return "-".join(_escape(part) for part in where if part)[:255]


def _escape(text: str) -> str:
    keep = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
    return "".join(chr(byte) if byte in keep else f"_{byte:02x}" for byte in text.encode())
