"""Secrets that the init system hands to a service: ``credential("db-password")``.

They are files in ``$CREDENTIALS_DIRECTORY`` that the service alone can read; ``svcctl credential set NAME KEY`` puts
one in place. For development, name a folder of your own with that variable, or give the value in a variable such as
``SVCCTL_CREDENTIAL_DB_PASSWORD``. What is read is neither logged nor described, its ``repr`` does not show it, and
a saved application holds its name, to be read again where it is loaded. Source: systemd.exec(5), "Credentials".
"""

from __future__ import annotations

import errno
import os
import re
from typing import Any, NoReturn, Self

from svcctl.application.describing import asked
from svcctl.application.observing import opening
from svcctl.errors import ConfigurationError, UsageError
from svcctl.posix import O_BINARY, O_CLOEXEC, O_NONBLOCK

__all__ = ["CredentialError", "Secret", "SecretBytes", "credential", "credential_bytes"]

#: Bytes that systemd hands over to a service at most, all its credentials together.
MOST_BYTES = 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,127}")
_PREFIX = "SVCCTL_CREDENTIAL_"


class CredentialError(ConfigurationError):
    """A credential is missing or cannot be read."""

    code = "credential"


class Secret(str):  # noqa: SLOT000 (its name is an attribute)
    """A text that does not show itself: ``repr`` has its name only. In all else it is the text.

    Args:
        name: What it is called: a credential, or a variable with ``$`` before it.
        value: The text.
        default: That text, if it stands for one that is missing.
    """

    def __new__(cls, name: str, value: str, default: str | None = None) -> Self:
        """Make one."""
        made = super().__new__(cls, value)
        made.__dict__ = {"name": name, "default": default}
        return made

    def __repr__(self) -> str:
        return f"<secret {self.__dict__['name']}>"

    def __reduce_ex__(self, _protocol: Any) -> tuple[Any, ...]:  # noqa: ANN401 (pickle says so)
        return _again, tuple(self.__dict__.values())


class SecretBytes(bytes):
    """Bytes that do not show themselves; the rest as for :class:`Secret`."""

    def __new__(cls, name: str, value: bytes, default: bytes | None = None) -> Self:
        """Make one."""
        made = super().__new__(cls, value)
        made.__dict__ = {"name": name, "default": default}
        return made

    def __repr__(self) -> str:
        return f"<secret {self.__dict__['name']}>"

    def __reduce_ex__(self, _protocol: Any) -> tuple[Any, ...]:  # noqa: ANN401 (pickle says so)
        return credential_bytes, tuple(self.__dict__.values())


def credential(name: str, default: str | None = None) -> str:
    """Return a secret as text, without the newline at its end.

    It is read anew at each call: where the init system hands it over again at a reload (systemd from 260 on), a
    call in ``reload`` returns the new value.

    Called while the application is loaded, the units ask systemd for it. Called later, for the first time, they do
    not: say ``needs={"credentials": [NAME]}`` then.

    Where the application is only described, nothing is read and the text is a placeholder, ``<credential NAME>``. So
    take a secret apart where it is used, such as in ``startService``, and not at the top of a ``.tac``.

    Args:
        name: 1 to 128 letters, digits and ``. _ @ -``; no dot at the beginning.
        default: What is returned if there is none; ``None``: that is an error.

    Raises:
        UsageError: Nothing can have that name.
        CredentialError: There is none, it cannot be read, or it is not UTF-8.

    Example:
        >>> import os
        >>> os.environ["SVCCTL_CREDENTIAL_DB_PASSWORD"] = "hunter2"
        >>> secret = credential("db-password")
        >>> secret == "hunter2", secret
        (True, <secret db-password>)
    """
    value = _read(name)
    if value is None:
        return _missing(name) if default is None else Secret(name, default, default)
    try:
        return Secret(name, value.decode().removesuffix("\n"))
    except UnicodeDecodeError:
        raise CredentialError(
            f"the credential {name} is no text in UTF-8", hint="read it with credential_bytes()"
        ) from None


def credential_bytes(name: str, default: bytes | None = None) -> bytes:
    """Return a secret as the bytes that it is; the rest as for :func:`credential`.

    Raises:
        UsageError: Nothing can have that name.
        CredentialError: There is none, or it cannot be read.
    """
    value = _read(name)
    if value is None:
        return _missing(name) if default is None else SecretBytes(name, default, default)
    return SecretBytes(name, value)


def variable_of(name: str) -> str:
    """Return the variable that a credential is read from where no init system hands it over.

    Example:
        >>> variable_of("db-password")
        'SVCCTL_CREDENTIAL_DB_PASSWORD'
    """
    return _PREFIX + re.sub(r"[^A-Z0-9]", "_", name.upper())


def _again(name: str, default: str | None) -> str:
    """Return a secret of a saved application: read anew from where it came from."""
    if name.startswith("$"):
        return Secret(name, os.environ.get(name[1:], ""))
    return credential(name, default)


def _read(name: str) -> bytes | None:
    """Return what the credential holds; ``None`` if there is none."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a credential", hint="use up to 128 letters, digits and . _ @ -"
        )
    asked.for_credential(name)
    if opening.describing:
        return f"<credential {name}>".encode()
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if folder:
        try:
            return _contents(f"{folder}/{name}", name)
        except FileNotFoundError:
            pass  # it may be given otherwise
    given = os.environ.get(variable_of(name))
    return None if given is None else os.fsencode(given)


def _contents(path: str, name: str) -> bytes:
    try:
        # A pipe in its place would make open() wait for ever.
        descriptor = os.open(path, os.O_RDONLY | O_BINARY | O_NONBLOCK | O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 (a descriptor)
            value = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        hint = "only the service's own user may read it" if error.errno == errno.EACCES else ""
        raise CredentialError(
            f"the credential {name} cannot be read: {path}: {error.strerror}", hint=hint
        ) from None
    if len(value) > MOST_BYTES:
        raise CredentialError(
            f"the credential {name} is larger than {MOST_BYTES} bytes", hint="make it smaller"
        )
    return value


def _missing(name: str) -> NoReturn:
    unasked = (
        "" if name in asked.credentials else f'; its unit asks for it if needs={{"credentials": ["{name}"]}}'
    )
    raise CredentialError(
        f"the credential {name} is missing",
        hint=f"for a service: svcctl credential set NAME {name}{unasked}; "
        f"else a file {name} in the folder $CREDENTIALS_DIRECTORY, or ${variable_of(name)}",
    )
