"""Saving an application to a file, and loading it: the framework's small objects.

Example:
    >>> from svcctl.application.service import Application
    >>> persistent = IPersistable(Application("otk"))
    >>> persistent.setStyle("source")
    >>> persistent.path("shutdown").rpartition("/")[2]
    'otk-shutdown.tas'
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from svcctl.application import styles
from svcctl.application.interfaces import IPersistable
from svcctl.application.persisting import files, pickling, scripts, source
from svcctl.application.persisting.errors import UnsavableError
from svcctl.application.persisting.sealing import Cipher
from svcctl.errors import (
    ApplicationNotFoundError,
    SavedStateError,
    SvcctlError,
    UsageError,
)

__all__ = ["IPersistable", "Persistant", "Persistent", "guessType", "load", "loadValueFromFile"]

_WRITERS = {"pickle": pickling.dump, "source": source.write}
_TYPES = {
    ".tac": "python",
    ".etac": "python",
    ".py": "python",
    ".tap": "pickle",
    ".etap": "pickle",
    ".tas": "source",
    ".etas": "source",
}


class Persistent:
    """What saves an application, or any other object.

    Args:
        original: What is saved.
        name: What its files are called.
    """

    def __init__(self, original: Any, name: str) -> None:  # noqa: ANN401 (any object)
        self.original = original
        self.name = name
        self.style = "pickle"
        self._cipher: Cipher | None = None

    def setStyle(self, style: str) -> None:
        """Choose the form of the files.

        Args:
            style: ``pickle``, or ``source``: Python that rebuilds the application.

        Raises:
            UsageError: There is no such style.
        """
        self.style = known_style(style)

    def path(self, tag: str | None = None, *, encrypted: bool | None = None) -> str:
        """Return where :meth:`save` puts a file, in ``$STATE_DIRECTORY``, else the working directory.

        Args:
            tag: As for :meth:`save`.
            encrypted: It will be; ``None``: if the application was loaded from such a file.
        """
        sealed = self._cipher is not None if encrypted is None else encrypted
        return files.in_state_folder(files.file_name(self.name, tag, self.style, encrypted=sealed))

    def save(self, tag: str | None = None, filename: str | None = None, passphrase: str | None = None) -> str:
        """Save to a file, and return its path. The one that was there is kept as ``NAME.previous``.

        Args:
            tag: What distinguishes this file from others of the application: ``NAME-TAG.tap``; ``None`` for
                ``NAME.tap``.
            filename: Path of the file, whatever the tag.
            passphrase: Encrypts the file; ``None`` encrypts it if the application was loaded from such a file, with
                the passphrase of that.

        Raises:
            UnsavableError: It holds what cannot be saved, or the system did not allow it. What was saved
                before is still there.
            SavedStateError: Others own what is in its place, or the folder.
            ConfigurationError: The key is damaged or cannot be made, or encryption is not installed.
        """
        scripts.end_of_definitions()
        cipher = self._cipher if passphrase is None else Cipher.new(passphrase)
        path = filename or self.path(tag, encrypted=cipher is not None)
        try:
            body, origin = _WRITERS[self.style](self.original)
        except UnsavableError as error:
            raise UnsavableError(f"cannot save {path}: {error.message}", hint=error.hint) from error
        facts = {"style": self.style, "application": self.name, "main": origin}
        files.write_state(path, facts, body, cipher=cipher)
        return path

    def go_on_with(self, style: str, cipher: Cipher | None) -> None:
        """Save from now on as the file was that the application was loaded from."""
        self.style = style
        self._cipher = cipher

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the secret."""
        return {**self.__dict__, "_cipher": None}


#: The framework has both spellings.
Persistant = Persistent


def known_style(style: str) -> str:
    """Return a style.

    Raises:
        UsageError: There is no such style.
    """
    if style not in _WRITERS:
        raise UsageError(f"there is no style {style!r}", hint="styles are pickle and source")
    return style


def load(filename: str, style: str, passphrase: str | None = None) -> Any:  # noqa: ANN401 (what was saved)
    """Return what was saved to a file; it is verified before anything in it is executed.

    What it was saved with is used for saving it again: style, encryption and passphrase.

    Args:
        filename: Path of the file.
        style: ``pickle`` or ``source``.
        passphrase: What an encrypted file was encrypted with.

    Raises:
        UsageError: There is no such style, or a passphrase was given and the file is not encrypted.
        ApplicationNotFoundError: There is no such file, or it cannot be read.
        SavedStateError: Others could have written it, it is damaged and so is the one before it, it is of another
            style, the passphrase is missing or wrong, or the code that it needs is gone or does not fit.
        ConfigurationError: A key is damaged, or encryption is not installed.
    """
    known_style(style)
    state = files.read_state(filename, passphrase=passphrase)
    if state.facts.get("style") != style:
        raise SavedStateError(
            f"{state.path} is of the style {state.facts.get('style')}, not {style}",
            hint=f"load it as {state.facts.get('style')}",
        )
    return revive(state)


def revive(state: files.State) -> Any:  # noqa: ANN401 (what was saved)
    """Return the application in a file that has been read, brought up to date.

    Raises:
        SavedStateError: The code that it needs is gone or does not fit; the cause is what that raised.
    """
    style = state.facts["style"]
    try:
        if style == "source":
            value = source.read(state.body)
        else:
            value = pickling.load(state.body, state.facts.get("main"))
        styles.doUpgrade()
    except SavedStateError as error:
        raise SavedStateError(f"{state.path}: {error.message}", hint=error.hint) from (
            error.__cause__ or error
        )
    except SvcctlError:
        raise
    except Exception as error:
        raise SavedStateError(
            f"{state.path}: its upgrade raised {type(error).__name__}: {error}", hint="mend the upgrade"
        ) from error
    finally:
        styles.forget_pending()
    _go_on(value, style, state.cipher)
    return value


def _go_on(value: object, style: str, cipher: Cipher | None) -> None:
    from svcctl.application.service import Application  # noqa: PLC0415 (which needs this module)

    aspect = value.getComponent(IPersistable) if isinstance(value, Application) else value
    if isinstance(aspect, Persistent):
        aspect.go_on_with(style, cipher)


def loadValueFromFile(filename: str, variable: str, passphrase: str | None = None) -> Any:  # noqa: ANN401 (whatever the file binds)
    """Execute a Python file, as a ``.tac`` is, and return what it binds to a name.

    Args:
        filename: Path of the file.
        variable: The name.
        passphrase: Must be ``None``: Python files are not encrypted.

    Raises:
        UsageError: There is a passphrase.
        ApplicationNotFoundError: The file is not there or cannot be read.
        KeyError: It does not bind that name.
        Exception: Whatever the file raised.
    """
    if passphrase is not None:
        raise UsageError(f"{filename} is Python, which is not encrypted", hint="leave the passphrase out")
    path = os.path.abspath(filename)  # noqa: PTH100 (paths are texts here)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (the same)
            text = file.read()
    except OSError as error:
        raise ApplicationNotFoundError(
            f"cannot read {path}: {error.strerror}", hint="name a .tac file"
        ) from error
    module: ModuleType = scripts.run(path, text)
    return vars(module)[variable]


def guessType(filename: str) -> str:
    """Return what a file is by the end of its name: ``python``, ``pickle`` or ``source``.

    Raises:
        KeyError: Its name says nothing.
    """
    return _TYPES[os.path.splitext(filename)[1]]  # noqa: PTH122 (paths are texts here)
