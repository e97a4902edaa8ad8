"""Removes an installed application."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from svcctl.errors import PermissionDeniedError, SvcctlError, UsageError, describe_cause
from svcctl.host import files, receipts, systemd
from svcctl.host import machine as machines
from svcctl.host.apply import apply, digest
from svcctl.host.machine import Machine
from svcctl.operations import credential, installed
from svcctl.operations.planning import SAVED
from svcctl.operations.preview import Approve, Preview, approve_always
from svcctl.plan.model import Action, Diagnostic, File, InstalledFile, Plan, Receipt, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class UninstallResult:
    """What a removal came to.

    Attributes:
        preview: The plan with all that was known before it was applied.
        applied: The plan was applied.
        kept: What stays: paths of state, logs, configuration and drop-ins, and ``user NAME`` for a static user.
        failed: What a purge could not remove, each with its reason.
    """

    preview: Preview
    applied: bool
    kept: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class _Remains(NamedTuple):
    """What there is of an application beside the files of its receipt."""

    conffiles: tuple[str, ...]
    others: tuple[str, ...]
    users: tuple[str, ...]


def uninstall(
    name: str,
    *,
    scope: Scope = "system",
    root: str = "",
    purge: bool = False,
    dry_run: bool = False,
    approve: Approve = approve_always,
) -> UninstallResult:
    """Stop and disable an application, sockets first, and remove what its receipt lists.

    A unit that was edited by hand is kept aside. State, logs, configuration and drop-ins stay, unless purged.

    Args:
        name: Name of the installed application, not of one instance.
        scope: ``system`` or ``user``.
        root: Folder of another system's tree; empty for this machine.
        purge: Remove all that belongs to it, for good.
        dry_run: Say what would be done and do nothing.
        approve: Asked before anything is changed.

    Raises:
        UsageError: There is no such application, or one instance was named.
        SvcctlError: It cannot be removed; nothing has been changed.
    """
    machine = machines.find(scope, root)
    if dry_run:
        receipt = _find(machine, name)
        preview, kept = _decide(receipt, machine, purge=purge)
        return UninstallResult(preview=preview, applied=False, kept=kept)
    receipts.need_permission(machine)
    with receipts.locked(machine):
        receipt = _find(machine, name)
        preview, kept = _decide(receipt, machine, purge=purge)
        if not approve(preview):
            return UninstallResult(preview=preview, applied=False, kept=kept)
        apply(preview.plan, machine, name=receipt.name)
        if machine.booted:
            systemd.forget(machine, (receipt.service, *receipt.sockets))
        failed = tuple(_purge(preview.purged, machine))
        for folder in reversed(receipt.folders):
            files.remove_empty_folder(machine.root, folder)
    return UninstallResult(preview=preview, applied=True, kept=kept, failed=failed)


def _find(machine: Machine, name: str) -> Receipt:
    found = installed.find(machine, name)
    package = found.receipt.package
    installed.refuse_packaged(
        found.receipt, "uninstall", f"apt remove {package}, or apt purge {package} to delete its state, too"
    )
    if found.instance:
        whole = found.receipt.name
        raise UsageError(
            f"{found.name} is one instance of {whole}, and an application is removed with all of them",
            hint=f"svcctl uninstall{found.flag} {whole} removes it, "
            f"svcctl stop{found.flag} {found.name} stops this instance",
        )
    return found.receipt


def _decide(receipt: Receipt, machine: Machine, *, purge: bool) -> tuple[Preview, tuple[str, ...]]:
    remains = _remains(receipt, machine)
    saved: list[File] = []
    diagnostics: list[Diagnostic] = []
    removals: list[InstalledFile] = []
    for file in receipt.files:
        now = files.read(machine.root, file.path)
        if now is None or (file.conffile and not purge):
            continue
        removals.append(file)
        if digest(now.data) != file.digest and not purge:
            saved.append(File(path=file.path + SAVED, content=now.data, mode=now.mode))
            message = f"was edited by hand; what it was is kept as {file.path}{SAVED}"
            diagnostics.append(Diagnostic(severity="note", subject=file.path, message=message))
    plan = Plan(files=tuple(saved), removals=tuple(removals), actions=tuple(_actions(receipt, machine)))
    stays = () if purge else (*remains.conffiles, *remains.others)
    preview = Preview(
        name=receipt.name,
        plan=plan,
        diagnostics=tuple(diagnostics),
        purged=remains.others if purge else (),
    )
    return preview, (*stays, *remains.users)


def _remains(receipt: Receipt, machine: Machine) -> _Remains:
    folder = machine.unit_directory
    possible = []
    for unit in (receipt.service, *receipt.sockets):
        possible.append(f"{folder}/{unit}.d")
        possible += _of_instances(folder, f"{unit}.d", machine)
    possible += [file.path + SAVED for file in receipt.files]
    if receipt.scope == "user":
        possible.append(f"{machine.directories['config']}/{receipt.name}.env")
    else:
        possible.append(f"/etc/default/{receipt.name}")
        if "@." in receipt.service:
            possible += _of_instances("/etc/default", f"{receipt.name}@", machine)
    possible += credential.paths(receipt.name, machine)
    for directory in receipt.directories:
        above, _, name = directory.rpartition("/")
        # systemd.exec(5): the folders of dynamic users lie here, and the others are links to them.
        possible += [directory, f"{above}/private/{name}"]
    conffiles = [file.path for file in receipt.files if file.conffile]
    return _Remains(
        _present(conffiles, machine), _present(possible, machine), tuple(_static_users(receipt, machine))
    )


def _of_instances(folder: str, template: str, machine: Machine) -> list[str]:
    """Return what there is for single instances, also for those that systemd does not know at the moment."""
    before, at, after = template.partition("@")
    if not at:
        return []
    try:
        names = files.names(machine.root, folder)
    except PermissionDeniedError:
        return []
    ours = re.compile(rf"{re.escape(before)}@.+{re.escape(after)}")
    return [f"{folder}/{name}" for name in names if ours.fullmatch(name)]


def _static_users(receipt: Receipt, machine: Machine) -> Iterator[str]:
    """Yield the users that sysusers.d declares for the service: they stay, since they may own files anywhere."""
    for file in receipt.files:
        if "/sysusers.d/" in file.path:
            now = files.read(machine.root, file.path)
            for user in re.findall(rb"^u (\S+)", now.data if now else b"", re.MULTILINE):
                if machines.uid_of(machine, user.decode()) is not None:
                    yield f"user {user.decode()}"


def _present(paths: Sequence[str], machine: Machine) -> tuple[str, ...]:
    """Return the paths where there is something, or where only root could tell."""
    found = []
    for path in paths:
        try:
            there = files.exists(machine.root, path)
        except PermissionDeniedError:
            there = True
        found += [path] if there else []
    return tuple(found)


def _with_instances(unit: str, machine: Machine) -> Iterator[str]:
    yield unit
    if "@." in unit:
        yield from systemd.instances(machine, unit)


def _actions(receipt: Receipt, machine: Machine) -> Iterator[Action]:
    sockets = tuple(name for unit in receipt.sockets for name in _with_instances(unit, machine))
    services = tuple(_with_instances(receipt.service, machine))
    for units in (sockets, services):
        states = systemd.active(machine, tuple(unit for unit in units if "@." not in unit))
        running = tuple(unit for unit, active in states.items() if active)
        if running:
            yield Action(kind="stop", units=running)
    states = systemd.enabled(machine, tuple(unit for unit in (*sockets, *services) if "@." not in unit))
    enabled = tuple(unit for unit, is_enabled in states.items() if is_enabled)
    if enabled:
        yield Action(kind="disable", units=enabled)
    if machine.booted:
        yield Action(kind="daemon-reload")


def _purge(paths: tuple[str, ...], machine: Machine) -> Iterator[str]:
    for path in paths:
        try:
            files.remove_tree(machine.root, path)
        except (SvcctlError, OSError) as error:
            yield f"{machine.root}{path}: {describe_cause(error)}"
