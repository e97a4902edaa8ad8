"""Installs an application as a service."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from svcctl.errors import SvcctlError, UsageError
from svcctl.host import files, receipts, systemd
from svcctl.host import machine as machines
from svcctl.host.apply import ApplyError, apply
from svcctl.host.machine import Machine
from svcctl.operations import conflicts, planning, preparation
from svcctl.operations.preparation import Prepared
from svcctl.operations.preview import Approve, Preview, approve_always
from svcctl.operations.refusing import refuse
from svcctl.operations.request import InstallRequest
from svcctl.plan.model import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallResult:
    """What an installation came to.

    Attributes:
        preview: The plan with all that was known before it was applied.
        receipt: What is remembered of it.
        applied: The plan was applied; False for a dry run, a refusal and when there was nothing to do.
        running: The service runs, with the units it was started with.
        root: Folder of the system it is on; empty for this machine.
    """

    preview: Preview
    receipt: Receipt
    applied: bool
    running: bool
    root: str = ""


def install(
    request: InstallRequest,
    *,
    dry_run: bool = False,
    approve: Approve = approve_always,
    first: Callable[[InstallResult], None] | None = None,
) -> InstallResult:
    """Describe an application, make its units, put them in place and remember it.

    A service that runs is left alone until it is restarted; sockets that its application no longer has are
    closed. Whatever goes wrong, the machine is as it was before.

    Args:
        request: What to install and how.
        dry_run: Say what would be done and do nothing; needs no privileges.
        approve: Asked before anything is changed, unless there is nothing to do.
        first: Called before anything is changed, also if there is nothing to do; what it raises ends all of it.

    Raises:
        SvcctlError: It cannot be installed; nothing has been changed.
    """
    request = preparation.absolute(request)
    preparation.name_of(request)
    if request.instances and (request.enable or request.now):
        raise UsageError(
            "a template is neither enabled nor started, only its instances are",
            hint="install it, then svcctl enable NAME@INSTANCE and svcctl start NAME@INSTANCE",
        )
    machine = machines.find(request.scope, request.root, version=request.systemd_version)
    if request.now and request.root:
        raise UsageError("--now cannot start anything below --root", hint="use --enable, to start it at boot")
    if dry_run:
        return _decide(request, machine)[0]
    receipts.need_permission(machine)
    preparation.need_booted(machine)
    with receipts.locked(machine) as fresh:
        result, prepared = _decide(request, machine, fresh)
        if result.preview.changes and not approve(result.preview):
            return result
        if first is not None:
            first(result)
        if not result.preview.changes:
            return result
        absent = [path for path in result.receipt.directories if not files.exists(machine.root, path)]
        try:
            apply(result.preview.plan, machine, name=prepared.options.name)
        except (ApplyError, KeyboardInterrupt):
            _remove_made(absent, machine)
            raise
    return replace(result, applied=True, running=_runs(prepared, machine))


def _remove_made(directories: list[str], machine: Machine) -> None:
    """Remove the folders that systemd made for a service that never came up."""
    for path in directories:
        above, _, name = path.rpartition("/")
        for made in (path, f"{above}/private/{name}"):
            with contextlib.suppress(SvcctlError, OSError):
                files.remove_tree(machine.root, made)


def _decide(
    request: InstallRequest, machine: Machine, fresh: tuple[str, ...] = ()
) -> tuple[InstallResult, Prepared]:
    request = preparation.absolute(request)
    # Before it is looked at: the description would fail on most home folders, for a reason that helps nobody.
    refuse(preparation.name_of(request), preparation.hidden_code(request, machine))
    prepared = preparation.prepare(request, machine)
    name = prepared.options.name
    refuse(name, prepared.rendering.diagnostics)
    before = receipts.read(machine, name)
    folders = planning.directories(prepared.description.manifest, prepared.options, machine.directories)
    conflicts.refuse_conflicts(prepared, before, folders, machine)
    problems = tuple(conflicts.port_problems(prepared, before, machine))
    planned = planning.plan_install(prepared, before, machine, fresh=fresh)
    preview = Preview(
        name=name,
        plan=planned.plan,
        present=planned.present,
        diagnostics=(*prepared.rendering.diagnostics, *problems, *planned.diagnostics),
        exposure=preparation.exposure(prepared),
        changes=planned.changes,
    )
    assert planned.plan.receipt is not None  # noqa: S101 (an installation has one)
    result = InstallResult(
        preview=preview,
        receipt=planned.plan.receipt,
        applied=False,
        running=_runs(prepared, machine),
        root=prepared.request.root,
    )
    return result, prepared


def _runs(prepared: Prepared, machine: Machine) -> bool:
    services: tuple[str, ...] = (prepared.units.service,)
    if prepared.options.instances:
        services = systemd.instances(machine, prepared.units.service)
    return any(systemd.active(machine, services).values())
