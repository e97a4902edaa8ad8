"""The stores that systemd takes the secrets of services from, and the tool that encrypts them.

Source: systemd.exec(5), "Credentials"; systemd-creds(1).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from svcctl.errors import CommandError, ConfigurationError, PermissionDeniedError
from svcctl.host import commands, files
from svcctl.host.machine import Machine
from svcctl.host.stage import Stage

#: Bytes that systemd hands to one service at most, names included.
MOST_BYTES = 1024 * 1024

_TOOL = "systemd-creds"
_STORES = ("credstore.encrypted", "credstore")
#: Where systemd looks besides ``/etc``: what the machine was started with, and what was put there until it restarts.
_OTHERS = ("/run", "/usr/local/lib", "/usr/lib")
_RECEIVED = ("/run/credentials/@system", "/run/credentials/@encrypted")


class Stored(NamedTuple):
    """A credential in a store.

    Attributes:
        name: Name of its file.
        path: Its path.
        encrypted: It is encrypted.
    """

    name: str
    path: str
    encrypted: bool


def store(machine: Machine, *, encrypted: bool) -> str:
    """Return the folder that credentials of a machine or of its user are put into."""
    if machine.scope == "user":
        return f"{machine.directories['config']}/credstore"
    return f"/etc/{_STORES[0 if encrypted else 1]}"


def put(machine: Machine, name: str, value: bytes, *, encrypted: bool) -> str:
    """Put a credential into its store, in place of what is there under this name; return its path.

    Args:
        machine: Where.
        name: Name of the file.
        value: What it holds, encrypted already if it is to be.
        encrypted: It is encrypted.

    Raises:
        PermissionDeniedError: The store is not ours to write, or not safe.
        ConfigurationError: Something else is in its place, or the disk is full.
    """
    folder = store(machine, encrypted=encrypted)
    if folder in files.make_folder(machine.root, folder):
        opened = files.open_folder(machine.root, folder)
        os.fchmod(opened, 0o700)
        os.close(opened)
    path = f"{folder}/{name}"
    write(machine, path, value, 0o600)
    # systemd would go on to take the one that is encrypted.
    if machine.scope == "system":
        files.remove_tree(machine.root, f"{store(machine, encrypted=not encrypted)}/{name}")
    return path


def write(machine: Machine, path: str, content: bytes, mode: int) -> None:
    """Write a file so that there is either the old one or the whole new one. Raises as :func:`put`."""
    stage = Stage(machine.root)
    try:
        stage.write(path, content, mode)
        stage.swap(path)
        stage.sync()
    except OSError as error:
        if isinstance(error, PermissionDeniedError):
            raise
        raise ConfigurationError(
            f"cannot write {path}: {error.strerror}", hint="is the disk full or read-only?"
        ) from error
    finally:
        stage.close()


def encrypt(name: str, value: bytes) -> bytes:
    """Return a credential as only this machine can read it, with its TPM if it has one.

    Args:
        name: What the service calls it; systemd refuses it under another name.
        value: The secret.

    Raises:
        ConfigurationError: The machine cannot encrypt it.
    """
    if not commands.available(_TOOL):
        raise ConfigurationError(
            f"there is no {_TOOL} to encrypt it", hint="store it as it is, for root alone: --plain"
        )
    try:
        done = commands.run((_TOOL, "encrypt", f"--name={name}", "-", "-"), given=value)
    except CommandError as error:
        raise ConfigurationError(
            f"{_TOOL} cannot encrypt it: {error.output.strip() or 'it does not run'}",
            hint="store it as it is, for root alone: --plain",
        ) from error
    return done.stdout.encode()


def find(machine: Machine, name: str) -> Stored | None:
    """Return the credential that systemd would take, ``None`` if there is none.

    Raises:
        PermissionDeniedError: Only somebody else may look.
    """
    refused: PermissionDeniedError | None = None
    for each in _places(machine, name):
        try:
            if files.exists(machine.root, each.path):
                return each
        except PermissionDeniedError as error:
            refused = error
    if refused is not None and os.geteuid() != 0:
        raise refused
    return None


def listed(machine: Machine, prefix: str) -> tuple[Stored, ...]:
    """Return the credentials that :func:`put` has put there whose names begin so.

    Raises:
        PermissionDeniedError: Only root may look.
    """
    kinds = (True, False) if machine.scope == "system" else (False,)
    return tuple(
        Stored(name, f"{folder}/{name}", encrypted)
        for encrypted, folder in ((each, store(machine, encrypted=each)) for each in kinds)
        for name in files.names(machine.root, folder)
        if name.startswith(prefix)
    )


def _places(machine: Machine, name: str) -> Iterator[Stored]:
    if machine.scope == "user":
        yield Stored(name, f"{store(machine, encrypted=False)}/{name}", encrypted=False)
        return
    for folder in _RECEIVED:
        yield Stored(name, f"{folder}/{name}", folder.endswith("encrypted"))
    for base in ("/etc", *_OTHERS):
        for kind in _STORES:
            yield Stored(name, f"{base}/{kind}/{name}", kind.endswith("encrypted"))
