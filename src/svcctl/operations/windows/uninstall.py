"""Removes an installed service of Windows."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.errors import ConfigurationError
from svcctl.host.windows.machine import Machine
from svcctl.operations.preview import approve_always
from svcctl.operations.windows import control, installed
from svcctl.operations.windows.preview import WindowsApprove, WindowsPreview


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsUninstallResult:
    """What a removal came to.

    Attributes:
        preview: What would be, or was, done.
        applied: It was done.
        kept: Folders that stay.
        failed: What a purge could not remove, each with its reason.
    """

    preview: WindowsPreview
    applied: bool
    kept: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def uninstall(
    name: str,
    machine: Machine,
    *,
    purge: bool = False,
    dry_run: bool = False,
    approve: WindowsApprove = approve_always,
) -> WindowsUninstallResult:
    """Stop a service, remove it and its source of the event log. What it wrote stays, unless purged.

    Args:
        name: Name of the service.
        machine: Where it is.
        purge: Remove its folders, for good.
        dry_run: Say what would be done and do nothing.
        approve: Asked before anything is changed.

    Raises:
        UsageError: There is no such application.
        SvcctlError: It cannot be removed.
    """
    found = installed.find(machine, name)
    installed.refuse_installer(found.receipt, "uninstall")
    if not dry_run:
        machine.services.need_administrator()
    root = found.receipt.folders[:1]
    there = tuple(folder for folder in root if machine.folders.exists(folder))
    running = control.runs(machine, found.name)
    lines = (
        *(("! stop",) if running else ()),
        f"- service {found.name}",
        f"- source {found.name} of the event log",
        *(f"- {folder} (with all that is in it)" for folder in there if purge),
    )
    preview = WindowsPreview(name=found.name, lines=lines)
    kept = () if purge else there
    result = WindowsUninstallResult(preview=preview, applied=False, kept=kept)
    if dry_run or not approve(preview):
        return result
    if running:
        control.control("stop", found.name, machine)
    machine.services.delete(found.name)
    failed = []
    for folder in there if purge else ():
        try:
            machine.folders.remove(folder)
        except ConfigurationError as error:
            failed.append(error.message)
    return WindowsUninstallResult(preview=preview, applied=True, kept=kept, failed=tuple(failed))
