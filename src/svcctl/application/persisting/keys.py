"""The keys that files are sealed with: where they are, and how the first one comes about.

A key file holds 64 hexadecimal digits, as ``openssl rand -hex 32`` writes them.
"""

from __future__ import annotations

import contextlib
import os
import secrets

from svcctl.application.persisting import places, trust, writing
from svcctl.application.persisting.envelope import Key
from svcctl.errors import ConfigurationError, SavedStateError
from svcctl.posix import O_CLOEXEC, O_DIRECTORY, O_PATH

_BYTES = 32


def known_keys() -> list[Key]:
    """Return the keys that a file may be sealed with, the one that is used for saving first.

    Raises:
        SavedStateError: Others could have read or written one of them.
        ConfigurationError: One of them is no key.
    """
    found = []
    for path, rule in _places():
        # What belongs to this user alone is out of the way for a confined service.
        with contextlib.suppress(FileNotFoundError, PermissionError, NotADirectoryError):
            found.append(read(path, rule))
    return found


def own_key() -> Key:
    """Return the key to save with; the first time, it is made.

    Raises:
        SavedStateError: Others could have read or written it.
        ConfigurationError: It is no key, or cannot be made.
    """
    path, rule = _places()[0]
    return read_or_make(path, rule)


def read_or_make(path: str, rule: trust.Rule = trust.SECRET) -> Key:
    """Return the key in a file, making it if there is none.

    Raises:
        SavedStateError: Others could have read or written it.
        ConfigurationError: It is no key, or cannot be made.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            return read(path, rule)
        return _make(path)
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the key {path}: {error.strerror}",
            hint="set STATE_DIRECTORY or XDG_STATE_HOME to a folder of your own",
        ) from error


def read(path: str, rule: trust.Rule = trust.SECRET) -> Key:
    """Return the key in a file.

    Raises:
        FileNotFoundError: There is none.
        SavedStateError: Others could have read or written it.
        ConfigurationError: It is no key.
        OSError: It cannot be read.
    """
    if rule is trust.CREDENTIAL:
        text = _read_credential(path)
    else:
        with trust.folder_of(path, owners=rule.owners) as (folder, name):
            text = trust.read(folder, name, path, rule)
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise ConfigurationError(
            f"{path} is no key: it should hold 64 hexadecimal digits",
            hint="put it back from a backup; without it, what was saved with it cannot be used",
        )
    return Key(path, secret)


def _read_credential(path: str) -> bytes:
    """Read what the init system handed over, who answers for the folder."""
    above, _, name = path.rpartition("/")
    folder = os.open(above, O_PATH | O_DIRECTORY | O_CLOEXEC)
    try:
        return trust.read(folder, name, path, trust.CREDENTIAL)
    finally:
        os.close(folder)


def _places() -> list[tuple[str, trust.Rule]]:
    credential = places.credential(places.KEY_CREDENTIAL)
    given = places.given_folder()
    found = [] if credential is None else [(credential, trust.CREDENTIAL)]
    if given is not None:
        found.append((f"{given}/{places.STATE_KEY}", trust.SECRET))
    return [*found, (f"{places.own_folder()}/{places.OWN_KEY}", trust.SECRET)]


def _make(path: str) -> Key:
    if path == f"{places.own_folder()}/{places.OWN_KEY}":
        places.make_own_folder()
    with trust.folder_of(path, listed=True) as (folder, name):
        writing.create(folder, name, f"{secrets.token_hex(_BYTES)}\n".encode("ascii"))
    try:
        return read(path)  # another process may have been faster
    except FileNotFoundError as error:
        raise SavedStateError(f"the key {path} went away while it was made", hint="try again") from error
