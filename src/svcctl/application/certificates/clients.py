"""TLS for clients: a context that verifies whom it speaks to.

Example:
    >>> context = client_context()
    >>> context.check_hostname
    True
"""

from __future__ import annotations

import ssl
from pathlib import Path

from svcctl.application.certificates.pem import load_key, pem_files, trusting


def client_context(
    *, privateKey: str = "", certKey: str = "", caCertsDir: str = "", trustRoots: str = ""
) -> ssl.SSLContext:
    """Return a context that verifies the server's certificate and that it is for the host's name.

    Whoever connects with it has to say the name (``server_hostname=`` of asyncio's functions).

    Args:
        privateKey: PEM file of the client's own key, for servers that ask for a certificate.
        certKey: PEM file of the client's certificate and its chain. Either of them may be left out if both are in
            the other file; without both of them the client shows no certificate.
        caCertsDir: Folder of ``*.pem`` files of the authorities to trust instead of the system's; empty for none.
        trustRoots: The same as one file, or as a folder. With both, the authorities of both are trusted.

    Raises:
        ConfigurationError: A file cannot be read or is not what it should be, or a folder has none.
    """
    context = trusting([file for path in (caCertsDir, trustRoots) if path for file in _authorities(path)])
    if privateKey or certKey:
        load_key(context, privateKey or certKey, certKey)
    return context


def _authorities(path: str) -> list[str]:
    return pem_files(path) if Path(path).is_dir() else [path]


class ClientContextFactory:
    """Makes :func:`client_context` of the system's authorities, for code that names this class of the framework."""

    def getContext(self) -> ssl.SSLContext:
        """Return a context that verifies the server, which the framework's did not."""
        return client_context()
