"""A file that an application was saved to, to that application."""

from __future__ import annotations

from svcctl.application import sob
from svcctl.application.persisting import files
from svcctl.application.service import Application
from svcctl.errors import SavedStateError
from svcctl.loading.tac import absolute


def load_saved(path: str, *, style: str | None = None, passphrase: str | None = None) -> Application:
    """Return the application that was saved to a file; saved again, it gets the form that this one has.

    It is verified before anything in it is executed. If it is damaged, the one before it is taken, and a warning is
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
    try:
        if style is None:
            saved = sob.revive(files.read_state(absolute(path), passphrase=passphrase))
        else:
            saved = sob.load(absolute(path), style, passphrase)
    except SavedStateError as error:
        raise _with_frames(path, error) from error.__cause__
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
