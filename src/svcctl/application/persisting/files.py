"""Files with saved applications: their names, and reading and writing them whole and verified."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from svcctl.application.interfaces import IPersistable
from svcctl.application.persisting import keys, places, trust, writing
from svcctl.application.persisting.envelope import (
    MAGIC,
    PICKLE,
    BrokenError,
    Key,
    OtherKeyError,
    facts_of,
    line_of,
    opened,
    seal,
    unseal,
)
from svcctl.application.persisting.errors import DamagedStateError, StateNotSavedError
from svcctl.application.persisting.sealing import Cipher
from svcctl.errors import (
    EX_NOPERM,
    ApplicationNotFoundError,
    SavedStateError,
    SvcctlError,
    UsageError,
)

if TYPE_CHECKING:
    from svcctl.application.service import Application

_log = logging.getLogger(__name__)

#: What is added to a file's name for the one before it.
PREVIOUS = ".previous"

_SUFFIXES = {"pickle": "tap", "source": "tas"}


class _MissingError(ApplicationNotFoundError):
    """There is no such file, rather than one that cannot be read."""


class State(NamedTuple):
    """A saved application, verified and decrypted.

    Attributes:
        path: The file it was read from: the one asked for, or the one before it.
        facts: As in :class:`~svcctl.application.persisting.envelope.Opened`.
        body: The application, in the style that the facts name.
        cipher: What it was encrypted with; ``None`` if it was not.
        digest: SHA-256 of the file as a whole, in hexadecimal.
    """

    path: str
    facts: dict[str, Any]
    body: bytes
    cipher: Cipher | None
    digest: str


def file_name(name: str, tag: str | None, style: str, *, encrypted: bool = False) -> str:
    """Return the name of the file that an application is saved to.

    A ``/`` in a name or tag is written ``%2F``.

    Args:
        name: The application's name.
        tag: What distinguishes this file from others of the application, or ``None``.
        style: ``pickle`` or ``source``.
        encrypted: It is encrypted.

    Example:
        >>> file_name("otk", "shutdown", "pickle")
        'otk-shutdown.tap'
    """
    stem = name if tag is None else f"{name}-{tag}"
    safe = stem.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return f"{safe}.{'e' if encrypted else ''}{_SUFFIXES[style]}"


def saved_path(application: Application, tag: str | None) -> str:
    """Return where :meth:`Application.save` puts a file: in ``$STATE_DIRECTORY``, else the working directory."""
    path: str = application.getComponent(IPersistable).path(tag)
    return path


def in_state_folder(name: str) -> str:
    """Return the path of a file in ``$STATE_DIRECTORY``; without that, its name."""
    folder = places.state_folder()
    return name if folder == "." else f"{folder}/{name}"


def claims_of(path: str) -> dict[str, Any]:
    """Return what a file says of itself, such as whether it is encrypted; nobody has verified it.

    Raises:
        ApplicationNotFoundError: It cannot be read.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (paths are texts here)
            return facts_of(file.read(2**16))
    except OSError as error:
        raise ApplicationNotFoundError(
            f"cannot read {path}: {error.strerror}", hint="name a file that svcctl has saved"
        ) from error


def read_state(
    path: str,
    *,
    passphrase: str | None = None,
    known: Sequence[Key] | None = None,
    owners: tuple[int, ...] = (),
    itself: bool = False,
    bare: bool = False,
) -> State:
    """Return what a file holds, or the one before it if that is damaged or missing.

    Args:
        path: Path of the file.
        passphrase: What an encrypted file was encrypted with.
        known: The keys to verify it with; ``None`` for those of this machine.
        owners: Who may own it, beside root and the caller; for those who will not execute what is in it.
        itself: It has to be this file, not the one before it.
        bare: It may be a pickle without a digest, as Twisted saves them: that nobody else could have written it is
            then all that is known of it, which is logged.

    Raises:
        ApplicationNotFoundError: There is no such file, or it cannot be read.
        DamagedStateError: It and the one before it have been altered or truncated, or sealed with another key.
        SavedStateError: Others own it or could have written it, or the passphrase is missing or wrong.
        ConfigurationError: A key is damaged, or encryption is not installed.
    """
    known = keys.known_keys() if known is None else known
    try:
        used, data = path, _verified(path, known, owners, bare=bare)
    except (DamagedStateError, ApplicationNotFoundError) as error:
        if itself or not (isinstance(error, DamagedStateError) or is_missing(error)):
            raise
        try:
            used, data = path + PREVIOUS, _verified(path + PREVIOUS, known, owners)
        except (SavedStateError, ApplicationNotFoundError) as other:
            raise _decisive(error, other) from None
        _log.warning(
            "the saved state cannot be used; the one before it is taken",
            extra={"svcctl_path": used, "svcctl_reason": error.message},
        )
    return decrypted(used, data, passphrase)


def is_missing(error: SvcctlError) -> bool:
    """Tell whether an error of :func:`read_state` means that there is no such file, nor one before it."""
    return isinstance(error, _MissingError)


def _decisive(error: SvcctlError, of_previous: SvcctlError) -> SvcctlError:
    """Return what keeps an application from being loaded: what is there says more than what is not."""
    return of_previous if is_missing(error) and not is_missing(of_previous) else error


def decrypted(path: str, data: bytes, passphrase: str | None) -> State:
    """Return what is in the bytes of a file that have been verified.

    Args:
        path: The file, for messages.
        data: Its bytes.
        passphrase: What it was encrypted with, ``None`` if it was not.

    Raises:
        UsageError: A passphrase was given and the file is not encrypted.
        SavedStateError: The passphrase is missing or wrong.
        ConfigurationError: Encryption is not installed.
    """
    digest = hashlib.sha256(data).hexdigest()
    found = opened(data)
    if found.facts.get("cipher") is None:
        if passphrase is not None:
            raise UsageError(f"{path} is not encrypted", hint="leave the passphrase out")
        return State(path, found.facts, found.body, None, digest)
    cipher, body = Cipher.decrypt(path, found, passphrase)
    return State(path, found.facts, body, cipher, digest)


def read(path: str, owners: tuple[int, ...] = ()) -> bytes:
    """Return the bytes of a file that nobody else could have written; nothing else about it is verified.

    Raises:
        ApplicationNotFoundError: There is no such file, or it cannot be read.
        SavedStateError: Others own it or could have written it.
    """
    try:
        with trust.folder_of(path, owners=owners) as (folder, name):
            return trust.read(folder, name, path, trust.STATE._replace(owners=owners))
    except OSError as error:
        kind = _MissingError if isinstance(error, FileNotFoundError) else ApplicationNotFoundError
        raise kind(
            f"cannot read {path}: {error.strerror}", hint="name a file that svcctl has saved"
        ) from error


def _verified(path: str, known: Sequence[Key], owners: tuple[int, ...], *, bare: bool = False) -> bytes:
    data = read(path, owners)
    if bare and data.startswith(PICKLE):
        _log.warning(
            "a pickle is loaded that carries no digest; loading it executes what is in it",
            extra={"svcctl_path": path},
        )
        return data
    if bare and data and not data.startswith(MAGIC):
        raise _of_twisted(path)
    try:
        unseal(data, known)
    except OtherKeyError as error:
        raise DamagedStateError(
            f"{path} was sealed with the key {error}, which is not here",
            hint="bring it over with svcctl convert --key; if it was saved here, its second line has been altered",
        ) from None
    except BrokenError as error:
        raise DamagedStateError(
            f"{path} is not used: {error}", hint="put it back from a backup, or start from the original"
        ) from None
    return data


def _of_twisted(path: str) -> DamagedStateError:
    """Return the error for a file that is neither of ours nor a pickle, by what Twisted would have called so."""
    known = {
        ".etap": "is not what svcctl has encrypted, and what Twisted up to 17.5 encrypted is not decrypted",
        ".etas": "is not what svcctl has encrypted, and what Twisted up to 17.5 encrypted is not decrypted",
        ".tas": "was not saved by svcctl, and what Twisted has saved as source is not read",
    }
    found = known.get(
        path[path.rfind(".") :], "was not saved by svcctl: it carries no digest, and is no pickle"
    )
    return DamagedStateError(
        f"{path} {found}",
        hint="put it back from a backup, or have the Twisted of its time save it as a pickle",
    )


def write_state(
    path: str, facts: dict[str, Any], body: bytes, *, cipher: Cipher | None = None, key: Key | None = None
) -> None:
    """Save to a file; the one that was there is kept as ``NAME.previous`` if it is whole.

    Args:
        path: Path of the file.
        facts: ``style``, ``application`` and ``main``; the rest is added.
        body: The application in that style.
        cipher: Encrypts it.
        key: The key to seal it with; ``None`` for the one of this machine.

    Raises:
        StateNotSavedError: The system did not allow it; what was saved before is still there.
        SavedStateError: Others own what is in its place, or the folder.
        ConfigurationError: The key is damaged or cannot be made.
    """
    key = key or keys.own_key()
    try:
        with trust.folder_of(path, listed=True) as (folder, name):
            present = _present(folder, name, path)
            whole = present is not None and _is_whole(present, key)
            facts = {
                **facts,
                "key": key.fingerprint,
                "cipher": None if cipher is None else cipher.facts(),
                "generation": _generation(present or _present(folder, name + PREVIOUS, path)) + 1,
            }
            line = line_of(facts)
            sealed = seal(line, body if cipher is None else cipher.encrypt(line, body, facts), key)
            writing.replace(folder, name, sealed, previous=name + PREVIOUS if whole else None)
    except OSError as error:
        failed = StateNotSavedError(
            f"cannot save {path}: {error.strerror or error}",
            hint="what was saved there before is as it was; is the disk full, or the folder not yours?",
        )
        if isinstance(error, PermissionError):
            failed.exit_status = EX_NOPERM
        raise failed from error
    _log.info("the state was saved", extra={"svcctl_path": path, "svcctl_generation": facts["generation"]})


def _present(folder: int, name: str, path: str) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        return trust.read(folder, name, path, trust.STATE)
    return None


def _is_whole(data: bytes, key: Key) -> bool:
    """Tell whether a file may take the place of the one before it, which is known to be good."""
    try:
        unseal(data, [key, *keys.known_keys()])
    except BrokenError:
        return False
    return True


def _generation(data: bytes | None) -> int:
    claimed = None if data is None else facts_of(data).get("generation")
    return claimed if isinstance(claimed, int) else 0
