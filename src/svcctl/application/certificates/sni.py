"""Several certificates behind one address: the client says which host it wants (SNI, RFC 6066 section 3)."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from svcctl.application.certificates.names import host_names
from svcctl.application.certificates.pem import first_certificate, pem_files, server_context
from svcctl.errors import ConfigurationError

_log = logging.getLogger(__name__)


def folder_context(directory: str) -> ssl.SSLContext:
    """Return a context that shows each client the certificate of the host it asks for.

    The first file in the order of names serves those who ask for no host or for one that no certificate names.

    Args:
        directory: A folder of ``*.pem`` files; each has a private key, its certificate and the chain.

    Raises:
        ConfigurationError: The folder cannot be read, has no such file, or one that cannot be used.
    """
    files = pem_files(directory)
    contexts = [server_context(path) for path in files]
    hosts: dict[str, ssl.SSLContext] = {}
    for path, context in zip(files, contexts, strict=True):
        for name in host_names(first_certificate(path)):
            if hosts.setdefault(name, context) is not context:
                _log.warning(
                    "an earlier file has a certificate for that host, too, and serves it",
                    extra={"svcctl_host": name, "svcctl_file": path},
                )
    contexts[0].sni_callback = partial(_choose, hosts)
    return contexts[0]


def folder_stamp(directory: str) -> tuple[object, ...]:
    """Return what is different once a file of the folder has been added, replaced, changed or removed."""
    try:
        stats = [(path, Path(path).stat()) for path in pem_files(directory)]
    except (OSError, ConfigurationError):
        return ()
    return tuple((path, each.st_ino, each.st_size, each.st_ctime_ns) for path, each in stats)


def _choose(
    hosts: Mapping[str, ssl.SSLContext], connection: ssl.SSLObject, host: str | None, present: ssl.SSLContext
) -> None:
    name = (host or "").lower().rstrip(".")
    # A wildcard stands for one label alone: RFC 6125, section 6.4.3.
    chosen = hosts.get(name) or hosts.get("*." + name.partition(".")[2]) or present
    if chosen is not present:
        connection.context = chosen
