"""Brings the units of an application back that the last change of them replaced."""

from __future__ import annotations

from dataclasses import dataclass, replace

from svcctl.errors import ConfigurationError
from svcctl.host import machine as machines
from svcctl.host import receipts, systemd
from svcctl.host.apply import apply
from svcctl.host.machine import Machine
from svcctl.operations import generations, installed, transition
from svcctl.operations.installed import Installed
from svcctl.operations.preparation import need_booted
from svcctl.operations.preview import Approve, Preview, approve_always
from svcctl.operations.transition import Wanted
from svcctl.plan.codec import decode_receipt
from svcctl.plan.model import Plan, Receipt, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackResult:
    """What a rollback came to.

    Attributes:
        name: The application.
        preview: The plan with all that was known before it was applied.
        receipt: What is remembered of the installation then.
        applied: The plan was applied; False for a dry run and a refusal.
        running: The service runs, with the units that it was started with.
    """

    name: str
    preview: Preview
    receipt: Receipt
    applied: bool
    running: bool


def rollback(
    name: str, *, scope: Scope = "system", dry_run: bool = False, approve: Approve = approve_always
) -> RollbackResult:
    """Bring the generation of units before the present one back; a second rollback undoes the first.

    The application's own code is not touched, nor is a service that runs.

    Args:
        name: Name of an installed application.
        scope: ``system`` or ``user``.
        dry_run: Say what would be done and do nothing.
        approve: Asked before anything is changed.

    Raises:
        UsageError: There is no such application.
        ConfigurationError: Nothing has been replaced since it was installed.
        SvcctlError: It cannot be done; nothing has been changed.
    """
    machine = machines.find(scope)
    if dry_run:
        return _decide(installed.find(machine, name), machine)
    receipts.need_permission(machine)
    need_booted(machine)
    with receipts.locked(machine):
        result = _decide(installed.find(machine, name), machine)
        if not approve(result.preview):
            return result
        apply(result.preview.plan, machine, name=result.receipt.name)
    return replace(result, applied=True)


def _decide(found: Installed, machine: Machine) -> RollbackResult:
    now, previous = found.receipt, found.receipt.previous
    installed.refuse_packaged(now, "roll back", f"apt install --allow-downgrades ./{now.package}_OLDER.deb")
    if previous is None:
        raise ConfigurationError(
            f"nothing of {now.name} has been replaced since it was installed",
            hint="svcctl install makes its units anew",
        )
    receipt = replace(decode_receipt(previous.receipt), previous=generations.snapshot(now, machine))
    write = generations.files_of(previous, machine)
    kept = {file.path for file in receipt.files}
    removals = tuple(file for file in now.files if file.path not in kept)
    present = {file.path: file.content.encode("utf-8", "surrogateescape") for file in receipt.previous.files}  # type: ignore[union-attr]  # made just above
    reopen = [
        file.path.rpartition("/")[2]
        for file in write
        if file.path in present and transition.opens_otherwise(present[file.path], file.content)
    ]
    wanted = Wanted(service=receipt.service, sockets=receipt.sockets)
    actions = transition.actions(wanted, now, machine, write=write, removals=removals, reopen=reopen)
    plan = Plan(files=write, removals=removals, actions=tuple(actions), receipt=receipt)
    services: tuple[str, ...] = (receipt.service,)
    if "@." in receipt.service:
        services = systemd.instances(machine, receipt.service)
    return RollbackResult(
        name=receipt.name,
        preview=Preview(name=receipt.name, plan=plan, present=frozenset(present)),
        receipt=receipt,
        applied=False,
        running=any(systemd.active(machine, services).values()),
    )
