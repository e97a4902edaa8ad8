"""Where a service listens, as values: the types that few applications use, loaded when one does.

The rules are those of :mod:`svcctl.endpoints.values`. Source: the framework's strports; ``unixgram`` is svcctl's own.
"""

from __future__ import annotations

from svcctl.endpoints.values import Address, Ssl, Systemd, Tcp, Tcp6, Unix


class Tls(Address):
    """``tls:DIRECTORY[:port=N][:backlog=N][:interface=ADDRESS]``: TLS with a certificate for each name.

    Attributes:
        directory: Folder of PEM files, each with a private key and the certificates of its chain.
        port: 0 to 65535; 0 lets the system choose.
        backlog: How many connections may wait to be accepted.
        interface: An address or a host name; ``::`` for every address of the machine, IPv4 too.
    """

    directory: str
    port: int = 443
    backlog: int = 50
    interface: str = "::"

    both_families = True


class Stdio(Address):
    """``stdio:``: the one connection that is standard input and output."""

    accepts = False


class Unixgram(Address):
    """``unixgram:PATH[:mode=OCTAL]``: datagrams over a socket in the file system.

    Attributes:
        address: Path of the socket, at most 107 bytes.
        mode: Permission bits of the socket's file; written in octal.
    """

    address: str
    mode: int = 0o666

    accepts = False
    datagrams = True


#: What connections can come in through, so that a proxy's header can come first.
Stream = Tcp | Tcp6 | Ssl | Unix | Systemd | Tls


class Haproxy(Address):
    """``haproxy:DESCRIPTION``: each connection begins with the PROXY header of a load balancer.

    Source: the PROXY protocol, versions 1 and 2.

    Attributes:
        endpoint: Where it listens.
    """

    endpoint: Stream


RARE_TYPES: dict[str, type[Tls | Stdio | Unixgram | Haproxy]] = {
    "tls": Tls,
    "stdio": Stdio,
    "unixgram": Unixgram,
    "haproxy": Haproxy,
}
