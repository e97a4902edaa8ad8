"""Lists the installed applications."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.host import machine as machines
from svcctl.host import receipts, systemd
from svcctl.host.machine import Machine
from svcctl.plan.model import Receipt, Scope
from svcctl.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One installed application.

    Attributes:
        name: Its name.
        application: Absolute path, ``module:attribute`` or plug-in.
        state: systemd's word for its service (``active``, ``failed`` …); of its sockets if these wait for it
            (``listening``); ``unknown`` where systemd does not run. On Windows, the service manager's word.
        enabled: It starts at boot.
        addresses: What it listens on.
    """

    name: str
    application: str
    state: str
    enabled: bool
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All installed applications.

    Attributes:
        entries: Sorted by name.
        damaged: One line about each receipt that could not be read.
    """

    entries: tuple[Entry, ...]
    damaged: tuple[str, ...]


def list_installed(*, scope: Scope = "system", root: str = "") -> Listing:
    """Return the installed applications and their states.

    Args:
        scope: ``system`` or ``user``.
        root: Folder of another system's tree; empty for this machine.

    Raises:
        SvcctlError: The receipts cannot be read, or systemd does not answer.
    """
    machine = machines.find(scope, root)
    found = receipts.read_all(machine)
    return Listing(
        entries=tuple(_entry(receipt, machine) for receipt in found.receipts),
        damaged=tuple(str(error) for error in found.damaged),
    )


def _entry(receipt: Receipt, machine: Machine) -> Entry:
    units = (receipt.service, *receipt.sockets)
    template = "@." in receipt.service
    plain = () if template else units
    instances = systemd.instances(machine, receipt.service) if template else ()
    enabled = systemd.enabled(machine, (*plain, *instances))
    return Entry(
        name=receipt.name,
        application=receipt.application,
        state=_state(receipt, plain, machine),
        enabled=any(enabled.values()),
        addresses=receipt.addresses,
    )


def _state(receipt: Receipt, units: tuple[str, ...], machine: Machine) -> str:
    if not machine.booted:
        return "unknown"
    if not units:
        return counted(len(systemd.instances(machine, receipt.service)), "instance")
    shown = systemd.show(machine, units, ("ActiveState", "SubState"))
    service = shown.get(receipt.service, {}).get("ActiveState", "unknown")
    if service == "inactive" and any(shown[unit].get("SubState") == "listening" for unit in units):
        return "listening"
    return service
