"""Reading certificates and keys from PEM files, with errors that name the file at fault."""

from __future__ import annotations

import base64
import re
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from svcctl.errors import ConfigurationError
from svcctl.posix import geteuid

_CERTIFICATE = (b"-----BEGIN CERTIFICATE-----", b"-----BEGIN TRUSTED CERTIFICATE-----")
_ONE = re.compile(
    rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----([^-]*)-----END (?:TRUSTED )?CERTIFICATE-----\n?"
)
_KEY = (b"PRIVATE KEY-----",)
_PARAMETERS = (b"-----BEGIN DH PARAMETERS-----", b"-----BEGIN X9.42 DH PARAMETERS-----")
_KINDS = {_CERTIFICATE: "certificate", _KEY: "private key", _PARAMETERS: "DH parameters"}


def server_context(
    privateKey: str, certKey: str = "", extraCertChain: str = "", dhParameters: str = ""
) -> ssl.SSLContext:
    """Return the context of a server: the platform's defaults, with a key and certificates.

    Args:
        privateKey: PEM file of the private key.
        certKey: PEM file of the certificate, and its chain if that is in the same file; empty if all of it is in
            ``privateKey``, too.
        extraCertChain: PEM file of further certificates of the chain; empty for none.
        dhParameters: PEM file of parameters for the key exchange; empty for the library's own.

    Raises:
        ConfigurationError: A file cannot be read, is not what it should be, or does not fit the others.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if dhParameters:
        _load_parameters(context, dhParameters)
    certificate = certKey or privateKey
    if not extraCertChain:
        load_key(context, privateKey, certificate)
        return context
    # The ssl module reads a chain from one file only. A key is not copied into it.
    with tempfile.NamedTemporaryFile(suffix=".pem") as both:
        for path in (certificate, extraCertChain):
            both.writelines(found[0] + b"\n" for found in _ONE.finditer(_read(path, _CERTIFICATE)))
        both.flush()
        load_key(context, privateKey, both.name, shown=f"{certificate} and {extraCertChain}")
    return context


def load_key(context: ssl.SSLContext, privateKey: str, certKey: str = "", *, shown: str = "") -> None:
    """Load a key and its certificate into a context.

    Args:
        context: A server's or a client's.
        privateKey: PEM file of the private key.
        certKey: PEM file of the certificate and its chain; empty if they are in ``privateKey``, too.
        shown: What errors call the file of the certificate; empty for its path.

    Raises:
        ConfigurationError: A file cannot be read, is not what it should be, or does not fit the other.
    """
    certificate = certKey or privateKey
    shown = shown or certificate
    _read(certificate, _CERTIFICATE)
    _read(privateKey, _KEY)

    def refuse_passphrase() -> str:
        # OpenSSL would ask on the terminal, which a service does not have.
        raise ConfigurationError(
            f"the key in {privateKey} is protected by a passphrase, which nobody is there to type",
            hint="write it without one, `openssl pkey -in KEY -out NEW`, into a file that root alone can read",
        )

    try:
        context.load_cert_chain(certificate, privateKey, refuse_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigurationError(
                f"the key in {privateKey} does not belong to the certificate in {shown}",
                hint="the certificate of the server comes first in its file, before those of its chain",
            ) from error
        raise ConfigurationError(
            f"cannot use the key in {privateKey} with the certificate in {shown}: {error.reason or 'broken PEM'}",
            hint="`openssl pkey -in KEY -check -noout` and `openssl x509 -in CERTIFICATE -noout` say more",
        ) from error


def trusting(paths: Sequence[str]) -> ssl.SSLContext:
    """Return the context of a client: the platform's defaults, with the authorities in PEM files.

    Args:
        paths: The files; none for the authorities of the system.

    Raises:
        ConfigurationError: A file cannot be read, or has no certificate that can be used.
    """
    context: ssl.SSLContext | None = None
    for path in paths:
        _read(path, _CERTIFICATE)
        try:
            if context is None:
                context = ssl.create_default_context(cafile=path)
            else:
                context.load_verify_locations(path)
        except ssl.SSLError as error:
            raise ConfigurationError(
                f"cannot use the authorities in {path}: {error.reason or 'broken PEM'}",
                hint="`openssl x509 -in FILE -noout` says more",
            ) from error
    return ssl.create_default_context() if context is None else context


def pem_files(directory: str) -> list[str]:
    """Return the paths of the ``*.pem`` files of a folder, in the order of their names; hidden ones are left out.

    Raises:
        ConfigurationError: The folder cannot be read, or there is none in it.
    """
    try:
        files = sorted(str(path) for path in Path(directory).iterdir() if _is_pem(path.name))
    except OSError as error:
        raise _unreadable(directory, error) from error
    if not files:
        raise ConfigurationError(
            f"the folder {directory} has no *.pem file",
            hint="put the PEM files there, or name another folder",
        )
    return files


def first_certificate(path: str) -> bytes:
    """Return the first certificate of a PEM file in DER.

    Raises:
        ConfigurationError: The file cannot be read, or has none.
        ValueError: It is not encoded as it should be.
    """
    found = _ONE.search(_read(path, _CERTIFICATE))
    return base64.b64decode(found[1]) if found else b""


def _load_parameters(context: ssl.SSLContext, path: str) -> None:
    _read(path, _PARAMETERS)
    try:
        context.load_dh_params(path)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"cannot use the parameters in {path}: {error.reason or 'broken PEM'}",
            hint="`openssl dhparam -in FILE -check -noout` says more; few servers need such a file",
        ) from error


def _is_pem(name: str) -> bool:
    return name.lower().endswith(".pem") and not name.startswith(".")


def _read(path: str, markers: tuple[bytes, ...]) -> bytes:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not any(marker in data for marker in markers):
        raise ConfigurationError(
            f"{path} holds no {_KINDS[markers]}", hint="it is a text file in the PEM format"
        )
    return data


def _unreadable(path: str, error: OSError) -> ConfigurationError:
    hint = "look for a mistake in the path; a relative one counts from the working directory"
    if isinstance(error, PermissionError):
        hint = (
            f"the process runs as user {geteuid()} now; a key that only root can read is read at the start "
            "alone: give that user the right, or restart instead of reloading"
        )
    return ConfigurationError(f"cannot read {path}: {error.strerror or error}", hint=hint)
