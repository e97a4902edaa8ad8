"""Enables, disables, starts, stops, restarts and reloads installed applications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from svcctl.errors import CommandError, ConfigurationError, UsageError
from svcctl.host import machine as machines
from svcctl.host import receipts, systemd
from svcctl.host.machine import Machine
from svcctl.operations import installed
from svcctl.operations.installed import Installed
from svcctl.plan.model import Action, Scope

#: How the status of an application begins that could not reload.
RELOAD_FAILED = "reload failed"

Verb = Literal["enable", "disable", "start", "stop", "restart", "reload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """What was done.

    Attributes:
        name: The application, with its instance if it has one.
        verb: What was asked for.
        units: The units it was done to, in order.
        state: systemd's word for the service's state afterwards; empty where it does not run.
    """

    name: str
    verb: Verb
    units: tuple[str, ...]
    state: str


def control(verb: Verb, name: str, *, scope: Scope = "system", root: str = "") -> ControlResult:
    """Do one of the six to an application.

    ``stop`` and ``disable`` act on the sockets first, so that no client starts the service again in between;
    ``start`` and ``enable`` act on both, and ``start`` after a limit was hit, too; ``restart`` leaves the sockets alone, so that no client is refused.
    ``reload`` returns when the application has reloaded.

    Args:
        verb: What to do.
        name: Name of an installed application, or of one instance: ``web@1``.
        scope: ``system`` or ``user``.
        root: Folder of another system's tree, for ``enable`` and ``disable``; empty for this machine.

    Raises:
        UsageError: There is no such application or instance.
        CommandError: systemd refused it, or the service failed; the message has its reason.
        SvcctlError: Not root, or no systemd.
    """
    machine = machines.find(scope, root)
    found = installed.find(machine, name)
    _refuse(machine, verb, found)
    units = (found.service,) if verb in {"restart", "reload"} else (*found.sockets, found.service)
    match verb:
        case "enable" | "disable":
            systemd.act(machine, Action(kind=verb, units=units))
        case "stop":
            if found.sockets:
                systemd.change(machine, "stop", found.sockets)
            systemd.change(machine, "stop", (found.service,))
        case "start":
            # Limits that were hit would stand against it; whoever starts it by hand has mended the cause.
            systemd.forget(machine, units)
            systemd.change(machine, verb, units)
        case "restart":
            systemd.change(machine, verb, units)
        case "reload":
            _reload(machine, found)
    shown = systemd.show(machine, (found.service,), ("ActiveState",)) if machine.booted else {}
    state = shown.get(found.service, {}).get("ActiveState", "")
    return ControlResult(name=found.name, verb=verb, units=units, state=state)


def _reload(machine: Machine, found: Installed) -> None:
    shown = systemd.show(machine, (found.service,), ("CanReload", "ActiveState")).get(found.service, {})
    if shown.get("ActiveState") not in {"active", "reloading"}:
        hint = f"svcctl start{found.flag} {found.name}"
        raise ConfigurationError(f"{found.name} does not run, so there is nothing to reload", hint=hint)
    if shown.get("CanReload") == "no":
        hint = f"svcctl restart{found.flag} {found.name}"
        raise ConfigurationError(f"nothing in {found.name} can be reloaded", hint=hint)
    systemd.change(machine, "reload", (found.service,))
    status = (
        systemd.show(machine, (found.service,), ("StatusText",)).get(found.service, {}).get("StatusText", "")
    )
    if status.startswith(RELOAD_FAILED):
        # For systemd a reload has succeeded when the service is ready again, whatever became of it.
        command = ("systemctl", "reload", found.service)
        raise CommandError(command, None, status, hint="it goes on with the settings it had")


def _refuse(machine: Machine, verb: Verb, found: Installed) -> None:
    if found.template:
        name = found.receipt.name
        raise UsageError(f"{name} has instances", hint=f"name one: svcctl {verb} {name}@INSTANCE")
    receipts.need_permission(machine)
    if machine.root and verb not in {"enable", "disable"}:
        raise UsageError(f"--root cannot {verb} anything", hint="only enable and disable work there")
    if not machine.booted and not machine.root:
        raise ConfigurationError(
            "no systemd runs here that could be told", hint="svcctl run starts an application without it"
        )
