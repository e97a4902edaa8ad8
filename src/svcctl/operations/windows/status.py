"""Says how an installed service of Windows is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.host.windows.machine import Machine, Status
from svcctl.manifest import codec
from svcctl.operations import live
from svcctl.operations.live import Live
from svcctl.operations.windows import drift, ends, installed
from svcctl.operations.windows.installed import Installed
from svcctl.plan.model import Diagnostic
from svcctl.plan.windows import WindowsReceipt
from svcctl.windows.names import control_pipe

#: What the service manager calls states, without the prefix.
STATES = {
    1: "stopped",
    2: "start pending",
    3: "stop pending",
    4: "running",
    5: "continue pending",
    6: "pause pending",
    7: "paused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsStatusResult:
    """How an installed service is.

    Attributes:
        name: Its name.
        receipt: What is remembered of its installation.
        state: Windows' word for its state.
        start: When it starts: ``automatic``, ``delayed``, ``manual`` or ``disabled``.
        pid: The process of its service host; 0 if there is none.
        since: When that was started, in local time; empty if it is not known.
        win32: Windows' number for how it ended; 0 for no error.
        exit_status: The application's own status, if that is how it ended.
        reason: Why it does not run, in words; empty if that is no failure.
        addresses: What it listens on.
        findings: What is wrong with it or worth knowing.
        live: What it says of itself while it runs.
    """

    name: str
    receipt: WindowsReceipt
    state: str
    start: str
    pid: int = 0
    since: str = ""
    win32: int = 0
    exit_status: int = 0
    reason: str = ""
    addresses: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    live: Live | None = None

    @property
    def failed(self) -> bool:
        """It has ended with an error, or waits to be started again after one."""
        return bool(self.reason)


def status(name: str, machine: Machine) -> WindowsStatusResult:
    """Return how an installed service is, and what should be done about it.

    If its file has changed since it was installed, it is described again, as at the installation.

    Args:
        name: Name of the service.
        machine: Where it is.

    Raises:
        UsageError: There is no such application.
        SvcctlError: Its receipt is damaged, or Windows does not answer.
    """
    found = installed.find(machine, name)
    now = machine.services.query(found.name) or Status(1, 0, 0, 0, 0)
    reason = ends.reason(found.receipt, now, machine) if ends.is_failure(now) else ""
    since = machine.services.started_at(now.pid) if now.pid else 0.0
    listeners = codec.decode(found.receipt.manifest).listeners()
    return WindowsStatusResult(
        name=found.name,
        receipt=found.receipt,
        state=STATES[now.state],
        start=found.found.start,
        pid=now.pid,
        since=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since)) if since else "",
        win32=now.win32,
        exit_status=now.status,
        reason=reason,
        addresses=tuple(listener.endpoint for listener in listeners),
        findings=(*_failures(found, reason), *drift.findings(found, machine, since)),
        live=live.look(control_pipe(found.name), now.pid) if now.pid else None,
    )


def _failures(found: Installed, reason: str) -> Iterator[Diagnostic]:
    if reason:
        hint = f"svcctl logs {found.name}; the event log has more: eventvwr"
        yield Diagnostic(severity="error", subject=found.name, message=reason, hint=hint)
