"""Keeps a receipt of each installation, and reads those of packages."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from svcctl.errors import (
    EX_TEMPFAIL,
    ConfigurationError,
    PermissionDeniedError,
    ProblemsError,
    SvcctlError,
)
from svcctl.host import files
from svcctl.host.machine import Machine
from svcctl.plan import codec
from svcctl.plan.model import Receipt
from svcctl.posix import fcntl

_WAIT = 30.0
_PAUSE = 0.1


class BusyError(SvcctlError):
    """Another svcctl is changing what is installed."""

    code = "busy"
    exit_status = EX_TEMPFAIL


class Found(NamedTuple):
    """All receipts of a machine.

    Attributes:
        receipts: Those that could be read, by name.
        damaged: One error for each that could not.
    """

    receipts: tuple[Receipt, ...]
    damaged: tuple[ConfigurationError, ...]


def path_of(machine: Machine, name: str) -> str:
    """Return where the receipt of an application is, below the machine's root."""
    return f"{machine.receipt_directory}/{name}.json"


def read(machine: Machine, name: str) -> Receipt | None:
    """Return the receipt of an application, ``None`` if it is not installed.

    One that svcctl has installed goes before one of a package, as its units do. Source: systemd.unit(5), the path.

    Raises:
        ConfigurationError: The receipt is damaged; the message names the file.
        PermissionDeniedError: It may not be read, or another user could have written it.
    """
    for folder in _folders(machine):
        path = f"{folder}/{name}.json"
        contents = files.read(machine.root, path)
        if contents is not None:
            return _decoded(machine, name, path, contents.data)
    return None


def _decoded(machine: Machine, name: str, path: str, data: bytes) -> Receipt:
    try:
        receipt = codec.decode_receipt(data.decode())
    except (ProblemsError, ValueError) as error:
        raise _damaged(machine, path, str(error)) from error
    if receipt.name != name:
        raise _damaged(machine, path, f"it is the receipt of {receipt.name!r}")
    return receipt


def read_all(machine: Machine) -> Found:
    """Return every receipt of the machine; a damaged one does not hide the others.

    Raises:
        PermissionDeniedError: The folder may not be read, or other users can write to it.
    """
    names = {name for folder in _folders(machine) for name in files.names(machine.root, folder)}
    receipts: list[Receipt] = []
    damaged: list[ConfigurationError] = []
    for name in sorted(name.removesuffix(".json") for name in names if name.endswith(".json")):
        try:
            receipt = read(machine, name)
        except ConfigurationError as error:
            damaged.append(error)
        else:
            receipts += [receipt] if receipt else []
    return Found(tuple(receipts), tuple(damaged))


def _folders(machine: Machine) -> tuple[str, ...]:
    return tuple(filter(None, (machine.receipt_directory, machine.packaged_receipts)))


@contextlib.contextmanager
def locked(machine: Machine) -> Iterator[tuple[str, ...]]:
    """Keep every other svcctl from changing what is installed; yield the folders that had to be made for that.

    The folder of the receipts itself is locked, so that no file of ours stays behind; it is removed when the
    last receipt is gone.

    Raises:
        BusyError: Another one kept the lock for half a minute.
        PermissionDeniedError: The folder may not be made or opened.
    """
    made: list[str] = []
    folder = _lock(machine, made)
    ours = machine.receipt_directory
    try:
        yield tuple(made)
    finally:
        for path in dict.fromkeys((ours, ours.rpartition("/")[0], *reversed(made))):
            files.remove_empty_folder(machine.root, path)
        os.close(folder)


def _lock(machine: Machine, made: list[str]) -> int:
    path = machine.receipt_directory
    deadline = time.monotonic() + _WAIT
    while True:
        made += files.make_folder(machine.root, path)
        try:
            folder = files.open_folder(machine.root, path)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(folder)
            if time.monotonic() > deadline:
                raise BusyError(
                    f"another svcctl is at work (it holds {machine.root}{path})",
                    hint="try again when it is done",
                ) from None
            time.sleep(_PAUSE)
            continue
        # Whoever had the lock before us may have removed the folder with its last receipt.
        if _is_still(machine, folder):
            return folder
        os.close(folder)


def _is_still(machine: Machine, folder: int) -> bool:
    try:
        now = files.open_folder(machine.root, machine.receipt_directory)
    except FileNotFoundError:
        return False
    try:
        return os.path.sameopenfile(folder, now)
    finally:
        os.close(now)


def _damaged(machine: Machine, path: str, why: str) -> ConfigurationError:
    there = f"{machine.root}{path}"
    mend = f"remove {there} and its units, and install again"
    if machine.packaged_receipts and path.startswith(f"{machine.packaged_receipts}/"):
        mend = f"install the package again that has it: dpkg --search {path}"
    return ConfigurationError(
        f"the receipt {there} is damaged: {why}",
        hint=f"if a newer svcctl wrote it, use that one; else {mend}",
    )


def need_permission(machine: Machine) -> None:
    """Check that the caller may change what is installed on this machine.

    Raises:
        PermissionDeniedError: Only root may, in the system's scope of the running machine.
    """
    if machine.scope == "system" and not machine.root and os.geteuid() != 0:
        raise PermissionDeniedError(
            "only root can change the services of the whole machine", hint="use sudo, or --user for your own"
        )
