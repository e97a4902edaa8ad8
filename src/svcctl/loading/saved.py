"""A file that an application was saved to, to that application."""

from __future__ import annotations

import hashlib
import logging
import sys

from svcctl.application import sob
from svcctl.application.persisting import envelope, files, places
from svcctl.application.persisting.errors import DamagedStateError
from svcctl.application.service import Application
from svcctl.errors import ApplicationNotFoundError, SavedStateError
from svcctl.loading.tac import absolute, adapted, expect_twisted

_log = logging.getLogger(__name__)

#: What a unit calls the file that the service was installed with.
START_CREDENTIAL = "svcctl-start"


def load_saved(path: str, *, style: str | None = None, passphrase: str | None = None) -> Application:
    """Return the application that was saved to a file; saved again, it gets the form that this one has.

    It is verified before anything in it is executed, unless it is a pickle of Twisted's, which nobody else must have
    been able to write. If it is damaged, the one before it is taken, and a warning is
    logged.

    Args:
        path: Path of the file; a relative one counts from the working directory.
        style: The style that it has to have, ``pickle`` or ``source``; ``None`` for any.
        passphrase: What an encrypted file was encrypted with.

    Raises:
        UsageError: There is no such style, or a passphrase was given and the file is not encrypted.
        ApplicationNotFoundError: There is no such file, or it cannot be read.
        SavedStateError: Others could have written it, it is damaged, of another style or no application, the
            passphrase is missing or wrong, or the code that it needs is gone or does not fit.
        ConfigurationError: A key is damaged, or encryption is not installed.
    """
    if style is None:
        return application_in(files.read_state(absolute(path), passphrase=passphrase, bare=True))
    try:
        saved = sob.load(absolute(path), style, passphrase)
    except SavedStateError as error:
        raise _with_frames(path, error) from error.__cause__
    return _application(path, saved)


def application_in(state: files.State) -> Application:
    """Return the application in a file that has been read and verified.

    Raises:
        SavedStateError: It holds no application, or the code that it needs is gone or does not fit.
        ApplicationLoadError: An upgrade of one of Twisted's objects raised an error.
    """
    expect_twisted()
    try:
        saved = sob.revive(state)
    except SavedStateError as error:
        raise _with_frames(state.path, error) from error.__cause__
    _upgrade_theirs(state.path)
    return _application(state.path, adapted(saved))


def _upgrade_theirs(path: str) -> None:
    """Bring what Twisted has saved up to date, as its own loader does."""
    theirs = sys.modules.get("twisted.persisted.styles")
    if theirs is None:
        return
    try:
        theirs.doUpgrade()
    except Exception as error:  # noqa: BLE001 (the user's code can raise anything)
        from svcctl.loading.failure import raised  # noqa: PLC0415 (only where code of the application has failed)

        raise raised(path, error) from None


def go_on(
    path: str, tag: str, *, digest: str, passphrase: str | None = None, folder: str = ""
) -> Application:
    """Return the application that was saved when the service last stopped, else the one that it was installed with.

    The first is verified as every saved file is. The second was verified by whoever installed it, with a key that
    the service does not need to know; here its digest is enough. systemd hands its content over, since the user
    that the service runs as may not read the file; without systemd's credential, the file itself is read.

    Args:
        path: Absolute path of the file that was installed.
        tag: What distinguishes the file of the last stop from others of the application.
        digest: SHA-256 of the file that was installed, in hexadecimal.
        passphrase: What both files were encrypted with.
        folder: Where the application is going to be saved if there is no ``$STATE_DIRECTORY``; empty for the working
            directory.

    Raises:
        SvcctlError: As :func:`load_saved`. That the file of the last stop is damaged is no error: a warning is
            logged.
    """
    data = _installed(path, digest)
    facts = envelope.opened(data).facts
    if "application" not in facts:  # of Twisted's: it has no state but this
        return application_in(files.decrypted(path, data, passphrase))
    encrypted = facts.get("cipher") is not None
    name = files.file_name(facts["application"], tag, facts["style"], encrypted=encrypted)
    last = files.in_state_folder(name)
    if last == name and folder:
        last = f"{folder}/{name}"
    try:
        state = files.read_state(last, passphrase=passphrase)
    except (ApplicationNotFoundError, DamagedStateError) as error:
        _tell_of_original(path, error)
        state = files.decrypted(path, data, passphrase)
    return application_in(state)


def _tell_of_original(path: str, error: ApplicationNotFoundError | DamagedStateError) -> None:
    if isinstance(error, DamagedStateError):
        _log.warning(
            "no saved state can be used; starting from the original",
            extra={"svcctl_path": path, "svcctl_reason": error.message},
        )
    elif files.is_missing(error):
        _log.info("there is no saved state yet; starting from the original", extra={"svcctl_path": path})
    else:
        raise error


def _installed(path: str, digest: str) -> bytes:
    credential = places.credential(START_CREDENTIAL)
    if credential is None:
        data = files.read(path)
    else:
        with open(credential, "rb") as file:  # noqa: PTH123 (paths are texts here; the init system answers for the file)
            data = file.read()
    if hashlib.sha256(data).hexdigest() != digest:
        raise SavedStateError(
            f"{path} is not as it was when it was installed",
            hint="put it back, or install it again: svcctl status shows the command",
        )
    return data


def _application(path: str, saved: object) -> Application:
    if isinstance(saved, Application):
        return saved
    raise SavedStateError(
        f"{path} holds an object of type {type(saved).__qualname__}, not an Application",
        hint="load it with svcctl.application.sob.load",
    )


def _with_frames(path: str, error: SavedStateError) -> SavedStateError:
    """Add the frames of the application's own code to an error that this code has raised."""
    cause = error.__cause__
    if cause is not None and not error.frames and not isinstance(cause, (SavedStateError, OSError)):
        from svcctl.loading.failure import raised  # noqa: PLC0415 (only where code of the application has failed)

        error.frames = raised(path, cause).frames
    return error
