"""Brings a saved application into another form: another style, encrypted or not, for another machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from svcctl.application import sob
from svcctl.application.persisting import files, keys, passphrases, pickling, source, trust
from svcctl.application.persisting.envelope import Key
from svcctl.application.persisting.sealing import Cipher
from svcctl.application.service import Application
from svcctl.errors import ApplicationNotFoundError, UsageError
from svcctl.loading.tac import absolute, load_tac

TYPES_IN = ("guess", "python", "pickle", "source")
TYPES_OUT = ("pickle", "source")
_SUFFIXES = {"pickle": "tap", "source": "tas"}
_KNOWN_SUFFIXES = {".tac", ".py", *(f".{e}{suffix}" for e in ("", "e") for suffix in _SUFFIXES.values())}
_WRITERS = {"pickle": pickling.dump, "source": source.write}


@dataclass(frozen=True, kw_only=True)
class ConvertRequest:
    """What to convert, and to what.

    Attributes:
        source: Path of the file.
        target: Path of the new file; ``None`` for the same name with the suffix of its type.
        type_in: ``guess`` goes by what the file says it is, else by the end of its name.
        type_out: ``None`` goes by the end of the new file's name, else ``source``.
        decrypt: The file is encrypted, and the new one shall not be. Without it, the new one is as the old one.
        encrypt: The new one shall be; with ``decrypt``, with a new passphrase.
        passphrase: Where the passphrase is, as :func:`passphrases.resolve` takes it.
        new_passphrase: Where that of the new file is, if it is another one.
        key: Path of the key that the file was sealed with; ``None`` for those of this machine.
        export_key: Path of the key to seal the new file with, made if it is not there; ``None`` for this machine's.
    """

    source: str
    target: str | None = None
    type_in: str = "guess"
    type_out: str | None = None
    decrypt: bool = False
    encrypt: bool = False
    passphrase: str | None = None
    new_passphrase: str | None = None
    key: str | None = None
    export_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What came of it.

    Attributes:
        path: The new file.
        style: Its style.
        encrypted: It is encrypted.
        key: Path of the key that it is sealed with.
    """

    path: str
    style: str
    encrypted: bool
    key: str


def convert(request: ConvertRequest) -> Converted:
    """Convert a saved application, or a ``.tac`` file; what stays in its style is not executed.

    Raises:
        UsageError: The request contradicts itself or the file.
        ApplicationNotFoundError: The file, or that of a key or passphrase, cannot be read.
        ApplicationLoadError: The ``.tac`` file is wrong.
        SavedStateError: The file cannot be used: foreign, damaged, a wrong passphrase, or its code is gone.
        StateNotSavedError: It holds what the new style cannot express, or the system did not allow to write it.
        ConfigurationError: A key is damaged or cannot be made, or encryption is not installed.
    """
    _check(request)
    type_in, encrypted = _looked_at(request)
    _check_against(request, type_in, encrypted=encrypted)
    style = _style(request)
    cipher: Cipher | None = None
    if type_in == "python":
        application = _load_python(request.source)
        name = application.name
        body, main = _WRITERS[style](application)
    else:
        state = _read(request, type_in, encrypted=encrypted, executed=type_in != style)
        cipher, name = state.cipher, state.facts["application"]
        body, main = _rewritten(state, style)
    if request.encrypt:
        cipher = _new_cipher(request)
    elif request.decrypt:
        cipher = None
    path = request.target or _derived(request.source, style, encrypted=cipher is not None)
    key = keys.own_key() if request.export_key is None else keys.read_or_make(request.export_key)
    facts = {"style": style, "application": name, "main": main}
    files.write_state(path, facts, body, cipher=cipher, key=key)
    return Converted(path=path, style=style, encrypted=cipher is not None, key=key.path)


def _check(request: ConvertRequest) -> None:
    if request.type_in not in TYPES_IN:
        raise UsageError(f"there is no type {request.type_in!r}", hint=f"types are {', '.join(TYPES_IN)}")
    if request.type_out not in {None, *TYPES_OUT}:
        raise UsageError(
            f"there is no type {request.type_out!r} to convert to",
            hint=f"types are {' and '.join(TYPES_OUT)}",
        )
    if request.new_passphrase is not None and not request.encrypt:
        raise UsageError("a new passphrase is for --encrypt", hint="add --encrypt, or leave it out")


def _looked_at(request: ConvertRequest) -> tuple[str, bool]:
    """Return the type of the file and whether it is encrypted, as it claims; that is verified when it is read."""
    claims = files.claims_of(request.source)
    if request.type_in != "guess":
        return request.type_in, bool(claims.get("cipher"))
    if claims.get("style") in TYPES_OUT:
        return claims["style"], bool(claims.get("cipher"))
    try:
        return sob.guessType(request.source), False
    except KeyError:
        raise UsageError(
            f"{request.source} does not say what it is",
            hint="name its type: --typein python, pickle or source",
        ) from None


def _check_against(request: ConvertRequest, type_in: str, *, encrypted: bool) -> None:
    """Refuse what the file makes no sense of."""
    if type_in == "python" and request.key is not None:
        raise UsageError(f"{request.source} is Python, which is not sealed", hint="leave --key out")
    if request.decrypt and not encrypted:
        raise UsageError(f"{request.source} is not encrypted", hint="leave --decrypt out")
    if request.encrypt and encrypted and not request.decrypt:
        raise UsageError(
            f"{request.source} is encrypted already", hint="--decrypt --encrypt gives it a new passphrase"
        )
    if request.passphrase is not None and not (encrypted or request.encrypt):
        raise UsageError(
            f"{request.source} is not encrypted", hint="leave the passphrase out, or add --encrypt"
        )


def _style(request: ConvertRequest) -> str:
    if request.type_out is not None or request.target is None:
        return request.type_out or "source"
    try:
        guessed = sob.guessType(request.target)
    except KeyError:
        return "source"
    if guessed == "python":
        raise UsageError(
            f"{request.target} would be a .tac file, which people write", hint="name it .tas, or .tap"
        )
    return guessed


def _load_python(path: str) -> Application:
    """Load a ``.tac`` file; as root, only one that nobody else could have written."""
    path = absolute(path)
    if os.geteuid() == 0:
        try:
            with trust.folder_of(path) as (folder, name):
                trust.read(folder, name, path, trust.CODE)
        except OSError as error:
            raise ApplicationNotFoundError(
                f"cannot read {path}: {error.strerror}", hint="name a .tac file"
            ) from error
    return load_tac(path)


def _read(request: ConvertRequest, type_in: str, *, encrypted: bool, executed: bool) -> files.State:
    known: list[Key] | None = None
    owners: tuple[int, ...] = ()
    if request.key is not None:
        try:
            if not executed:  # whoever names the key of somebody else may pass on what that has sealed
                owners = (os.stat(request.key, follow_symlinks=False).st_uid,)  # noqa: PTH116 (paths are texts here)
            known = [keys.read(request.key, trust.SECRET._replace(owners=owners))]
        except OSError as error:
            raise ApplicationNotFoundError(
                f"cannot read the key {request.key}: {error.strerror}", hint="name the file of the key"
            ) from error
    passphrase = passphrases.resolve(request.passphrase) if encrypted else None
    state = files.read_state(request.source, passphrase=passphrase, known=known, owners=owners)
    if state.facts.get("style") != type_in:
        raise UsageError(
            f"{request.source} is of the type {state.facts.get('style')}, not {type_in}",
            hint="leave --typein out",
        )
    return state


def _rewritten(state: files.State, style: str) -> tuple[bytes, dict[str, Any] | None]:
    """Return the application in the new style; what has that style already is not executed."""
    if state.facts["style"] == style:
        return state.body, state.facts.get("main")
    return _WRITERS[style](sob.revive(state))


def _new_cipher(request: ConvertRequest) -> Cipher:
    source_of_new = request.new_passphrase
    if source_of_new is None and not request.decrypt:
        source_of_new = request.passphrase
    return Cipher.new(passphrases.resolve(source_of_new, what="New passphrase", confirm=True))


def _derived(path: str, style: str, *, encrypted: bool) -> str:
    stem, suffix = os.path.splitext(path.removesuffix(files.PREVIOUS))  # noqa: PTH122 (paths are texts here)
    if suffix not in _KNOWN_SUFFIXES:
        stem += suffix
    derived = f"{stem}.{'e' if encrypted else ''}{_SUFFIXES[style]}"
    if os.path.lexists(derived):
        raise UsageError(f"{derived} is there already", hint=f"to replace it: --out {derived}")
    return derived
