"""TLS for servers: a context from the files that an endpoint names."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from svcctl.endpoints.values import Ssl
from svcctl.errors import ConfigurationError


def server_context(endpoint: Ssl) -> ssl.SSLContext:
    """Return the context for an endpoint: the platform's defaults, with its key and certificates.

    Raises:
        ConfigurationError: A file cannot be read, or key and certificate do not load or match.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate = endpoint.certKey or endpoint.privateKey
    try:
        if not endpoint.extraCertChain:
            context.load_cert_chain(certificate, endpoint.privateKey, _refuse_passphrase)
            return context
        # The ssl module reads a chain from one file only.
        with tempfile.NamedTemporaryFile(suffix=".pem") as chain:
            for part in (certificate, endpoint.extraCertChain):
                chain.write(Path(part).read_bytes() + b"\n")
            chain.flush()
            context.load_cert_chain(chain.name, endpoint.privateKey, _refuse_passphrase)
    except OSError as error:  # ssl.SSLError is one, too
        raise ConfigurationError(
            f"cannot use the key {endpoint.privateKey} with the certificate {certificate}: {error}",
            hint="both are PEM files, and the key belongs to the certificate",
        ) from error
    return context


def _refuse_passphrase() -> str:
    """Fail where OpenSSL would ask on the terminal, which a service does not have."""
    raise OSError("the key is protected by a passphrase")
