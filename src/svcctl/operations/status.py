"""Says how an installed application is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.host import machine as machines
from svcctl.host import systemd
from svcctl.host.machine import Machine
from svcctl.operations import credential, drift, installed, live
from svcctl.operations.installed import Installed
from svcctl.operations.live import Live
from svcctl.plan.model import Diagnostic, Receipt, Scope
from svcctl.wording import counted

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "UnitFileState",
    "StatusText",
    "MainPID",
    "ActiveEnterTimestamp",
    "ActiveExitTimestamp",
    "InactiveEnterTimestamp",
    "InactiveExitTimestamp",
    "StateChangeTimestamp",
    "NRestarts",
    "ExecMainStatus",
    "RuntimeDirectory",
)
#: For each ``ActiveState``, the property that says when it began; ``StateChangeTimestamp`` for all others.
_SINCE = {
    "active": "ActiveEnterTimestamp",
    "reloading": "ActiveEnterTimestamp",
    "refreshing": "ActiveEnterTimestamp",
    "deactivating": "ActiveExitTimestamp",
    "inactive": "InactiveEnterTimestamp",
    "failed": "InactiveEnterTimestamp",
    "activating": "InactiveExitTimestamp",
}
_LIMITS = {"trigger-limit-hit", "service-start-limit-hit", "start-limit-hit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """What systemd says about one unit; all empty where systemd does not run.

    Attributes:
        unit: Its name.
        active: ``active``, ``inactive``, ``failed`` …
        sub: The same in more detail: ``running``, ``listening`` …
        result: ``success``, or how it failed.
        enabled: ``enabled``, ``disabled`` …
    """

    unit: str
    active: str = ""
    sub: str = ""
    result: str = ""
    enabled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusResult:
    """How an installed application is.

    Attributes:
        name: Its name, with the instance if one was named.
        receipt: Its receipt.
        service: The service unit.
        sockets: The socket units; none for a template.
        addresses: What it listens on.
        status: What the application reported last.
        pid: Its main process; 0 if there is none.
        since: Since when it is in its present state, as systemd writes it.
        restarts: How often systemd restarted it after a failure.
        exit_status: Status of its last process.
        instances: Service units of its instances, for a template.
        findings: What is wrong with it or worth knowing.
        live: What it says of itself while it runs.
    """

    name: str
    receipt: Receipt
    service: UnitState
    sockets: tuple[UnitState, ...]
    addresses: tuple[str, ...] = ()
    status: str = ""
    pid: int = 0
    since: str = ""
    restarts: int = 0
    exit_status: int = 0
    instances: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    live: Live | None = None

    @property
    def failed(self) -> bool:
        """One of its units has failed, or the service fails and is started again and again."""
        failed = any(unit.active == "failed" for unit in (self.service, *self.sockets))
        return failed or _starts_again(self.service, self.restarts)


def status(name: str, *, scope: Scope = "system", root: str = "") -> StatusResult:
    """Return how an installed application is, and what should be done about it.

    If its file has changed since it was installed, it is described again, isolated as at the installation.

    Args:
        name: Name of the application, or of one instance: ``web@1``.
        scope: ``system`` or ``user``.
        root: Folder of another system's tree; empty for this machine.

    Raises:
        UsageError: There is no such application.
        SvcctlError: Its receipt is damaged, or systemd does not answer.
    """
    machine = machines.find(scope, root)
    found = installed.find(machine, name)
    units = () if found.template or not machine.booted else (found.service, *found.sockets)
    shown = systemd.show(machine, units, _PROPERTIES)
    main = shown.get(found.service, {})
    service = _state(found.service, main)
    sockets = tuple(_state(unit, shown.get(unit, {})) for unit in found.sockets if not found.template)
    restarts = _number(main.get("NRestarts", ""))
    instances = systemd.instances(machine, found.service) if found.template else ()
    findings = (
        *_scope_findings(machine),
        *_restart_findings(service, restarts, machine),
        *_unit_findings(found, service, sockets, machine),
        *credential.refused(
            _number(main.get("ExecMainStatus", "")), found.service, _journal(found.service, machine)
        ),
        *credential.missing_of(found.receipt, machine),
        *drift.findings(found.receipt, machine, instances if found.template else (found.service,)),
    )
    pid = _number(main.get("MainPID", ""))
    socket = live.socket_below(machine, main.get("RuntimeDirectory", ""))
    return StatusResult(
        name=found.name,
        receipt=found.receipt,
        service=service,
        sockets=sockets,
        addresses=tuple(text.replace("%i", found.instance or "%i") for text in found.receipt.addresses),
        status=main.get("StatusText", ""),
        pid=pid,
        since=main.get(_SINCE.get(service.active, "StateChangeTimestamp"), ""),
        restarts=restarts,
        exit_status=_number(main.get("ExecMainStatus", "")),
        instances=instances,
        findings=findings,
        live=live.look(socket, pid) if pid else None,
    )


def _state(unit: str, shown: dict[str, str]) -> UnitState:
    return UnitState(
        unit=unit,
        active=shown.get("ActiveState", ""),
        sub=shown.get("SubState", ""),
        result=shown.get("Result", ""),
        enabled=shown.get("UnitFileState", ""),
    )


def _scope_findings(machine: Machine) -> Iterator[Diagnostic]:
    if not machine.booted and not machine.root:
        yield Diagnostic(
            severity="note",
            subject="systemd",
            message="does not run here, so nothing is known but the receipt",
        )


def _starts_again(service: UnitState, restarts: int) -> bool:
    # systemd sets the number back when somebody starts the service by hand.
    return service.active == "activating" and (service.sub.startswith("auto-restart") or restarts > 0)


def _restart_findings(service: UnitState, restarts: int, machine: Machine) -> Iterator[Diagnostic]:
    if _starts_again(service, restarts):
        result = f" ({service.result})" if service.result not in {"", "success"} else ""
        again = (
            f"has started it again {counted(restarts, 'time')}" if restarts else "is about to start it again"
        )
        message = f"does not stay up{result}: systemd {again}"
        hint = _journal(service.unit, machine)
        yield Diagnostic(severity="error", subject=service.unit, message=message, hint=hint)


def _journal(unit: str, machine: Machine) -> str:
    return f"journalctl {'--user ' if machine.scope == 'user' else ''}-n 30 -u {unit}"


def _unit_findings(
    found: Installed, service: UnitState, sockets: tuple[UnitState, ...], machine: Machine
) -> Iterator[Diagnostic]:
    user = " --user" if machine.scope == "user" else ""
    for state in (service, *sockets):
        if state.active == "failed" and state.result in _LIMITS:
            message = f"was closed ({state.result}): it started too often in a row without coming up"
            hint = f"mend the cause, then: svcctl start{user} {found.name}"
            yield Diagnostic(severity="error", subject=state.unit, message=message, hint=hint)
        elif state.active == "failed":
            message = f"failed ({state.result})"
            hint = _journal(state.unit, machine)
            yield Diagnostic(severity="error", subject=state.unit, message=message, hint=hint)
    if service.active == "inactive" and any(state.sub == "listening" for state in sockets):
        message = "is not running, but its sockets are open: the next client starts it"
        hint = f"to stop it altogether: svcctl stop{user} {found.name}"
        yield Diagnostic(severity="note", subject=service.unit, message=message, hint=hint)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
