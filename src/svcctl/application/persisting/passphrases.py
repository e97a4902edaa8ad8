"""Where a passphrase comes from: never from the command line, which every user of the machine can read."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable

from svcctl.application.persisting import places, trust
from svcctl.errors import ApplicationNotFoundError, UsageError
from svcctl.posix import O_CLOEXEC, O_NOCTTY

#: The passphrase's name as a credential, where no other is named.
CREDENTIAL = "svcctl-passphrase"

_FORMS = "write prompt, file:PATH, env:NAME or credential:NAME"


def resolve(source: str | None = None, *, what: str = "Passphrase", confirm: bool = False) -> str:
    """Return a passphrase.

    Args:
        source: ``prompt`` asks on the terminal; ``file:PATH`` reads a file that only its owner may read;
            ``env:NAME`` takes a variable, and out of the environment; ``credential:NAME`` reads a credential of the
            service. ``None``: the credential ``svcctl-passphrase`` if there is one, else the terminal. The end of
            the line is not part of it.
        what: What the prompt asks for.
        confirm: Ask for it twice.

    Raises:
        UsageError: There is no such source, or it gives nothing; there is no terminal; the two answers differ.
        ApplicationNotFoundError: The file cannot be read.
        SavedStateError: Others could have read or written the file.
    """
    if source is None:
        source = f"credential:{CREDENTIAL}" if places.credential(CREDENTIAL) else "prompt"
    kind, _, name = source.partition(":")
    if source == "prompt":
        found = _ask(what, confirm=confirm)
    elif kind in _READERS and name:
        found = _READERS[kind](name)
    else:
        raise UsageError(f"{source!r} is no source of a passphrase", hint=_FORMS)
    if not found:
        raise UsageError(f"{source} gives an empty passphrase", hint="it takes at least one character")
    return found


def _ask(what: str, *, confirm: bool) -> str:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | O_NOCTTY | O_CLOEXEC))
    except OSError:
        raise UsageError("there is no terminal to ask for the passphrase", hint=_FORMS) from None
    found = getpass.getpass(f"{what}: ")
    if confirm and getpass.getpass(f"{what} again: ") != found:
        raise UsageError("the two passphrases differ", hint="try again")
    return found


def _from_file(path: str) -> str:
    try:
        with trust.folder_of(path) as (folder, name):
            return _text(trust.read(folder, name, path, trust.SECRET), path)
    except OSError as error:
        raise ApplicationNotFoundError(
            f"cannot read the passphrase in {path}: {error.strerror}", hint="name a file that holds it"
        ) from error


def _from_variable(name: str) -> str:
    found = places.take_variable(name)
    if found is None:
        raise UsageError(f"there is no variable {name} with a passphrase", hint=f"set {name}")
    return found


def _from_credential(name: str) -> str:
    path = places.credential(name)
    if path is None or "/" in name:
        raise UsageError(
            f"there is no credential {name} with a passphrase",
            hint=f"add LoadCredential={name}:/PATH to the unit",
        )
    with open(path, "rb") as file:  # noqa: PTH123 (paths are texts here; the init system answers for the file)
        return _text(file.read(), path)


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError(f"the passphrase in {path} is no text in UTF-8", hint="write it as text") from None


_READERS: dict[str, Callable[[str], str]] = {
    "file": _from_file,
    "env": _from_variable,
    "credential": _from_credential,
}
