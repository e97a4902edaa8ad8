"""Installs an application as a service of Windows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from svcctl.errors import ConfigurationError, SvcctlError
from svcctl.host.windows.machine import Found, Machine
from svcctl.operations.preview import approve_always
from svcctl.operations.refusing import refuse
from svcctl.operations.windows import control, installed, preparation
from svcctl.operations.windows.ends import NotStartedError
from svcctl.operations.windows.preview import WindowsApprove, WindowsPreview, differing, edited
from svcctl.operations.windows.request import WindowsRequest
from svcctl.plan.windows import WindowsReceipt, encode_receipt
from svcctl.plan.windows_rights import folder_rights


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsInstallResult:
    """What an installation came to.

    Attributes:
        preview: What would be, or was, done.
        receipt: What is remembered of it.
        applied: It was done; False for a dry run, a refusal and when there was nothing to do.
        running: The service runs, as it was when it was started.
        started: This has started it.
    """

    preview: WindowsPreview
    receipt: WindowsReceipt
    applied: bool
    running: bool
    started: bool = False


def install(
    request: WindowsRequest,
    machine: Machine,
    *,
    dry_run: bool = False,
    approve: WindowsApprove = approve_always,
) -> WindowsInstallResult:
    """Describe an application, make a service and its folders, and remember it.

    A service that runs is left alone until it is restarted. Whatever goes wrong, the machine is as it was before.

    Args:
        request: What to install and how.
        machine: Where.
        dry_run: Say what would be done and do nothing; needs no rights.
        approve: Asked before anything is changed, unless there is nothing to do.

    Raises:
        SvcctlError: It cannot be installed; nothing has been changed.
    """
    request = preparation.absolute(request)
    if not dry_run:
        machine.services.need_administrator()
    found = machine.services.find(request.name or "")
    before = _ours(request.name or "", found)
    prepared = preparation.prepare(request, machine, found)
    refuse(prepared.service.name, prepared.diagnostics, what="a service of Windows")
    lines = tuple(_lines(prepared.receipt, before, found, request, machine))
    preview = WindowsPreview(name=prepared.service.name, lines=lines, diagnostics=prepared.diagnostics)
    running = control.runs(machine, prepared.service.name)
    result = WindowsInstallResult(preview=preview, receipt=prepared.receipt, applied=False, running=running)
    if dry_run or not preview.changes or not approve(preview):
        return result
    _apply(prepared.receipt, before, machine, now=request.now and not running)
    return replace(result, applied=True, started=request.now and not running, running=running or request.now)


def _ours(name: str, found: Found | None) -> WindowsReceipt | None:
    if found is not None and not (found.definition and found.receipt):
        raise ConfigurationError(
            f"there is a service named {name} already, and svcctl has not installed it",
            hint="use another --name",
        )
    before = installed.read_receipt(name, found)
    if before is None or found is None:
        return None
    installed.refuse_installer(before, "change")
    # When it starts may have been changed since, as it should be.
    start = found.start if found.start in {"automatic", "delayed"} else "manual"
    return replace(before, service=replace(before.service, start=start))  # type: ignore[arg-type]  # it is one of them


def _lines(
    wanted: WindowsReceipt,
    before: WindowsReceipt | None,
    found: Found | None,
    request: WindowsRequest,
    machine: Machine,
) -> Iterator[str]:
    service = wanted.service
    if found is None:
        yield f"+ service {service.name}, which runs as {service.account}, {START_WORDS[service.start]}"
        yield f"+ source {service.name} of the event log"
    else:
        changed = differing(wanted, before)
        # What differs from before shows in what is there, too.
        changed += [what for what in edited(service, found) if what == "start" or not changed]
        if changed:
            yield f"~ service {service.name}: {', '.join(changed)}"
    for folder in wanted.folders:
        if not machine.folders.exists(folder):
            yield f"+ {folder}"
    if request.now and not control.runs(machine, service.name):
        yield "! start"


#: When a service starts, in words.
START_WORDS = {
    "automatic": "starts with Windows",
    "delayed": "starts two minutes after Windows",
    "manual": "is started by hand",
    "disabled": "cannot be started",
}


def _apply(wanted: WindowsReceipt, before: WindowsReceipt | None, machine: Machine, *, now: bool) -> None:
    service = wanted.service
    rights = folder_rights(service.name)
    with contextlib.ExitStack() as undo:
        # The one that the others are in is the last to go.
        for folder in wanted.folders:
            if machine.folders.make(folder, rights):
                undo.callback(_quietly, machine.folders.remove, folder)
        if machine.services.install(service, encode_receipt(wanted)):
            undo.callback(_quietly, machine.services.delete, service.name)
        elif before is not None:
            receipt = encode_receipt(before)
            undo.callback(_quietly, machine.services.install, before.service, receipt)
        if now:
            limit = service.hosted.stop_limit_ms / 1000
            undo.callback(_quietly, machine.services.stop, service.name, limit)
            try:
                control.start(service.name, machine)
            except NotStartedError as error:
                error.hint = "mend that and install it again: nothing was changed"
                raise
        undo.pop_all()


def _quietly(function: object, *arguments: object) -> None:
    """Undo one thing; what cannot be undone does not keep the rest from it."""
    with contextlib.suppress(SvcctlError, OSError):
        function(*arguments)  # type: ignore[operator]  # one of those above
