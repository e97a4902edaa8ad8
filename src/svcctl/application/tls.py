"""TLS: what servers and clients take as their ``contextFactory``.

Example:
    >>> Certificate("/etc/ssl/private/web.key", certKey="/etc/ssl/certs/web.pem").extraCertChain
    ''
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import Any

from svcctl.application.certificates.clients import ClientContextFactory, client_context
from svcctl.application.certificates.contexts import context_from
from svcctl.application.certificates.pem import server_context
from svcctl.application.certificates.renewal import Renewal
from svcctl.application.certificates.sni import folder_context, folder_stamp
from svcctl.endpoints.rare import Tls
from svcctl.endpoints.values import Endpoint, Ssl
from svcctl.errors import SvcctlError
from svcctl.value import Value

__all__ = [
    "Certificate",
    "ClientContextFactory",
    "CurrentContext",
    "DefaultOpenSSLContextFactory",
    "Folder",
    "client_context",
    "source_of",
]

_log = logging.getLogger(__name__)

#: Seconds between two looks at the files of a folder, so that clients cannot keep the server busy with it.
_LOOK = 10.0


class Certificate(Value):
    """A certificate of a server, by its files; they are read when the server binds, and again at a reload.

    Attributes:
        privateKey: PEM file of the private key.
        certKey: PEM file of the certificate, and its chain if that is in the same file; empty if all of it is in
            ``privateKey``, too.
        extraCertChain: PEM file of further certificates of the chain; empty for none.
        dhParameters: PEM file of parameters for the key exchange; empty for the library's own.
    """

    privateKey: str
    certKey: str = ""
    extraCertChain: str = ""
    dhParameters: str = ""

    def getContext(self) -> ssl.SSLContext:
        """Read the files.

        Raises:
            ConfigurationError: A file cannot be read, is not what it should be, or does not fit the others.
        """
        return server_context(self.privateKey, self.certKey, self.extraCertChain, self.dhParameters)


#: The framework's name; the arguments that its users give by position mean the same.
DefaultOpenSSLContextFactory = Certificate


class Folder(Value):
    """Certificates for several hosts: the client says which one it wants (SNI).

    The first file in the order of names serves those who ask for no host or for one that no certificate names. The
    files are read when the server binds, at a reload, and when a client comes and they have changed; there are at
    least ten seconds between two looks at them.

    Attributes:
        directory: A folder of ``*.pem`` files; each has a private key, its certificate and the chain.
    """

    directory: str

    def getContext(self) -> ssl.SSLContext:
        """Read the files.

        Raises:
            ConfigurationError: The folder cannot be read, has no such file, or one that cannot be used.
        """
        return folder_context(self.directory)

    def stamp(self) -> tuple[object, ...]:
        """Return what is different once the files are."""
        return folder_stamp(self.directory)


def source_of(endpoint: Endpoint) -> Certificate | Folder | None:
    """Return what makes the context of an endpoint; ``None`` for one without TLS."""
    match endpoint:
        case Ssl():
            files = (endpoint.privateKey, endpoint.certKey, endpoint.extraCertChain, endpoint.dhParameters)
            return Certificate(*files)
        case Tls(directory):
            return Folder(directory)
    return None


class CurrentContext(Renewal[ssl.SSLContext]):
    """The context that new connections of a server get; called, it returns it.

    Args:
        source: A context, or what makes one.

    Raises:
        ConfigurationError: Certificates that it names cannot be used.
        FactoryError: It gives no context for servers.
    """

    def __init__(self, source: Any) -> None:  # noqa: ANN401 (contexts need no common class)
        self._source = source
        self._next_look = 0.0
        self._tried_stamp: tuple[object, ...] | None = None
        self.renew()

    def renew(self) -> None:
        """Make the context anew; after an error the one before stays.

        Raises:
            ConfigurationError: Certificates that it names cannot be used.
            FactoryError: It gives no context for servers.
        """
        self._stamp = self._read_stamp()
        super().renew()

    def make(self) -> ssl.SSLContext:
        """Make a context from what the files hold now; the errors are those of :meth:`renew`."""
        return context_from(self._source, server=True)

    def check(self) -> None:
        """Make a context for :meth:`apply`; the errors are those of :meth:`renew`."""
        self._tried_stamp = self._read_stamp()
        super().check()

    def apply(self) -> None:
        """Use it for connections from now on. After :meth:`revert`, the files are looked at when they change again."""
        self._stamp = self._read_stamp() if self._tried is None else self._tried_stamp
        super().apply()

    def __call__(self) -> ssl.SSLContext | None:
        """Return the context, after a look at the files of a folder if the last one was some time ago."""
        if self._stamp is not None:
            now = asyncio.get_running_loop().time()
            if now >= self._next_look:
                self._next_look = now + _LOOK
                self._look()
        return self.current

    def _look(self) -> None:
        if self._read_stamp() == self._stamp:
            return
        try:
            self.renew()
        except SvcctlError as error:
            _log.error(
                "certificates have changed and cannot be used; those before stay",
                extra={"svcctl_error": str(error)},
            )
        else:
            _log.info("certificates have changed", extra={"svcctl_source": repr(self._source)})

    def _read_stamp(self) -> tuple[object, ...] | None:
        stamp = getattr(self._source, "stamp", None)
        return None if stamp is None else stamp()
