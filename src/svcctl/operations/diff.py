"""Compares what is installed with what an installation would write now."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal

from svcctl.host import files
from svcctl.host import machine as machines
from svcctl.host.apply import digest
from svcctl.host.machine import Machine
from svcctl.operations import installed, planning, preparation
from svcctl.operations.installed import Installed
from svcctl.operations.request import from_options
from svcctl.plan.model import Diagnostic, Receipt, Scope

#: Parts of a receipt that say no more than the files, or nothing about the application.
_OF_FILES = {"files", "folders", "previous", "manifest", "manifest_digest"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDifference:
    """A file that an installation would write or remove.

    Attributes:
        path: The file.
        change: It is ``changed``, ``new``, or it would be ``removed``.
        edited: What is there is not what svcctl wrote.
        text: The difference, as ``diff -u`` shows it; a line about the mode if that is all.
    """

    path: str
    change: Literal["changed", "new", "removed"]
    edited: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffResult:
    """How what is installed differs from what its application is now.

    Attributes:
        name: The application, with its instance if one was named.
        differs: An installation would change something.
        files: What it would write or remove, by path.
        actions: What it would do beside that, such as ``enable echo.socket``.
        remembered: Parts of the receipt that would be others, such as ``python_version``.
        drop_ins: Files that were added to its units (``systemctl edit``); an installation leaves them alone.
        diagnostics: What else is to be known of the application as it is now.
        command: The installation that would do it.
    """

    name: str
    differs: bool
    files: tuple[FileDifference, ...]
    actions: tuple[str, ...]
    remembered: tuple[str, ...]
    drop_ins: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    command: str


def diff(name: str, *, scope: Scope = "system", root: str = "") -> DiffResult:
    """Describe an installed application anew, as its installation did, and compare. Changes nothing.

    Args:
        name: Name of the application, or of one instance, which has the units of all.
        scope: ``system`` or ``user``.
        root: Folder of another system's tree; empty for this machine.

    Raises:
        UsageError: There is no such application.
        SvcctlError: It cannot be described, or its receipt is damaged.
    """
    machine = machines.find(scope, root)
    found = installed.find(machine, name)
    receipt = found.receipt
    installed.refuse_packaged(
        receipt, "compare", f"dpkg --verify {receipt.package} names files that were changed"
    )
    request = replace(from_options(receipt.options, scope=scope), root=root)
    if request.systemd_version is not None:
        machine = machines.find(scope, root, version=request.systemd_version)
    prepared = preparation.prepare(request, machine)
    planned = planning.plan_install(prepared, receipt, machine)
    known = {file.path: file.digest for file in receipt.files}
    writes = {file.path: file for file in planned.plan.files if not file.path.endswith(planning.SAVED)}
    found_files = [
        _difference(path, known.get(path), file.content, file.mode, machine) for path, file in writes.items()
    ]
    found_files += [
        _difference(removal.path, removal.digest, None, 0, machine) for removal in planned.plan.removals
    ]
    return DiffResult(
        name=found.name,
        differs=planned.changes,
        files=tuple(sorted(found_files, key=lambda each: each.path)),
        actions=tuple(" ".join((each.kind, *each.units)) for each in planned.plan.actions),
        remembered=tuple(_remembered(receipt, planned.plan.receipt)),
        drop_ins=tuple(_drop_ins(found, machine)),
        diagnostics=prepared.rendering.diagnostics,
        command=installed.repeat_command(receipt),
    )


def _difference(
    path: str, known: str | None, content: bytes | None, mode: int, machine: Machine
) -> FileDifference:
    now = files.read(machine.root, path)
    old = now.data if now is not None else None
    text = "".join(_unified(path, old, content))
    if not text and now is not None:
        text = f"{path}: mode {now.mode:04o}, would be {mode:04o}\n"
    return FileDifference(
        path=path,
        change="new" if old is None else "removed" if content is None else "changed",
        edited=old is not None and known is not None and digest(old) != known,
        text=text,
    )


def _unified(path: str, old: bytes | None, new: bytes | None) -> Iterator[str]:
    before, after = (
        [] if each is None else each.decode(errors="backslashreplace").splitlines() for each in (old, new)
    )
    names = ("/dev/null" if old is None else path, "/dev/null" if new is None else f"{path} (as it would be)")
    yield from (f"{line}\n" for line in difflib.unified_diff(before, after, *names, lineterm=""))


def _remembered(before: Receipt, after: Receipt | None) -> Iterator[str]:
    for field in fields(Receipt):
        if field.name not in _OF_FILES and getattr(before, field.name) != getattr(after, field.name):
            yield field.name


def _drop_ins(found: Installed, machine: Machine) -> Iterator[str]:
    receipt = found.receipt
    units = dict.fromkeys((receipt.service, *receipt.sockets, found.service, *found.sockets))
    for unit in units:
        for folder in machine.unit_path:
            place = f"{folder}/{unit}.d"
            yield from (
                f"{place}/{name}" for name in files.names(machine.root, place) if name.endswith(".conf")
            )
