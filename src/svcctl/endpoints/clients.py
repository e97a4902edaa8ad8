"""Where a client connects, as values: one class for each type of description.

The fields of a class, in order, are the positional arguments of its description; a field with a default may be
left out of the text. :mod:`svcctl.endpoints.client_grammar` reads and writes it. Source: the framework's client
endpoint descriptions (``tcp:example.org:80:timeout=5``).
"""

from __future__ import annotations

from svcctl.value import Value


class TcpClient(Value):
    """``tcp:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS]``: TCP.

    Attributes:
        host: A name or an address of either family.
        port: 1 to 65535.
        timeout: Seconds until an attempt to connect is given up.
        bindAddress: Address of this machine to connect from; empty to let the system choose.
    """

    host: str
    port: int
    timeout: float = 30.0
    bindAddress: str = ""


class SslClient(Value):
    """``ssl:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS][:privateKey=FILE]…``: TLS over TCP.

    Attributes:
        host: A name or an address of either family.
        port: 1 to 65535.
        timeout: Seconds until an attempt to connect is given up.
        bindAddress: Address of this machine to connect from; empty to let the system choose.
        privateKey: PEM file of our private key; empty for none.
        certKey: PEM file of our certificate; empty for none.
        caCertsDir: Folder of PEM files whose certificates are trusted; empty for those of the system.
        hostname: The name that the server's certificate has to have; empty for ``host``.
    """

    host: str
    port: int
    timeout: float = 30.0
    bindAddress: str = ""
    privateKey: str = ""
    certKey: str = ""
    caCertsDir: str = ""
    hostname: str = ""


class UnixClient(Value):
    """``unix:PATH[:timeout=SECONDS][:lockfile=1]``: a stream socket in the file system.

    Attributes:
        path: Path of the socket, at most 107 bytes.
        timeout: Seconds until an attempt to connect is given up.
        checkPID: Connect only while a server holds the lock ``PATH.lock``; ``lockfile`` in the text.
    """

    path: str
    timeout: float = 30.0
    checkPID: bool = False


class TlsClient(Value):
    """``tls:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS][:certificate=FILE]…``: TLS, always verified.

    Attributes:
        host: The name that is connected to, and that the server's certificate has to have.
        port: 1 to 65535.
        timeout: Seconds until an attempt to connect is given up.
        bindAddress: Address of this machine to connect from; empty to let the system choose.
        certificate: PEM file of our certificate; empty for none.
        privateKey: PEM file of our private key; empty if it is in ``certificate``, too.
        trustRoots: Folder of PEM files whose certificates are trusted; empty for those of the system.
        endpoint: Connect there instead, and speak TLS over that; ``None`` for ``host`` and ``port``.
    """

    host: str
    port: int
    timeout: float = 30.0
    bindAddress: str = ""
    certificate: str = ""
    privateKey: str = ""
    trustRoots: str = ""
    endpoint: TcpClient | UnixClient | None = None


ClientEndpoint = TcpClient | SslClient | UnixClient | TlsClient

CLIENT_TYPES: dict[str, type[ClientEndpoint]] = {
    "tcp": TcpClient,
    "ssl": SslClient,
    "unix": UnixClient,
    "tls": TlsClient,
}
