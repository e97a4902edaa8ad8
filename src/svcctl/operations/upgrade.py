"""Upgrades an installed application while it serves: its units first described anew, then a new process in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from svcctl.errors import ConfigurationError, SvcctlError, UsageError
from svcctl.host import machine as machines
from svcctl.host import receipts, systemd, varlink
from svcctl.host.machine import Machine
from svcctl.operations import installed, live
from svcctl.operations.generations import restart_reasons
from svcctl.operations.install import InstallResult, install
from svcctl.operations.installed import Installed
from svcctl.operations.preparation import need_booted
from svcctl.operations.preview import Approve, Preview, approve_always
from svcctl.operations.request import from_options
from svcctl.plan.model import Scope

#: Seconds beside the application's own limits that an upgrade may take.
_MARGIN = 60.0


class FailedUpgradeError(SvcctlError):
    """The new process did not take over, and nothing has changed."""

    code = "upgrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeResult:
    """What an upgrade came to.

    Attributes:
        name: The application, with its instance if it has one.
        how: A new process took over while the old one served (``overlapping``), or one came after the other
            (``restart``); ``none`` if it was declined.
        pid: The new main process; 0 if there is none.
        reasons: Why it had to be a restart.
        preview: What changed of the units.
        applied: Units were changed.
    """

    name: str
    how: Literal["overlapping", "restart", "none"]
    pid: int
    reasons: tuple[str, ...]
    preview: Preview
    applied: bool


@dataclass
class _Upgrade:
    """One upgrade under way.

    Attributes:
        machine: Where.
        found: The application.
        pid: The new process, once it has taken over.
        reasons: Why none can.
    """

    machine: Machine
    found: Installed
    pid: int = 0
    reasons: list[str] = field(default_factory=list)

    def take_over(self, result: InstallResult) -> None:
        """Have a new process take over, unless the new units ask for what it cannot have.

        Raises:
            FailedUpgradeError: It did not become ready.
        """
        self.reasons += restart_reasons(
            result.preview.plan, self.found.receipt, self.found.service, self.machine
        )
        if self.reasons:
            return
        socket = live.socket_of(self.machine, self.found.service)
        try:
            answer = varlink.call(socket, f"{live.INTERFACE}.Upgrade", time_limit=_limit(self))
            self.pid = int(answer["pid"])
        except varlink.VarlinkError as error:
            reason = str(error.parameters.get("reason", error))
            if error.name != f"{live.INTERFACE}.Failed":
                self.reasons.append(reason)
                return
            raise FailedUpgradeError(
                f"{self.found.name} serves on as before: {reason}",
                hint=f"svcctl logs{self.found.flag} {self.found.name}",
            ) from error
        except varlink.SlowAnswerError as error:
            raise FailedUpgradeError(f"{self.found.name} does not answer: {error}") from error
        except varlink.NoAnswerError:
            self.reasons.append("the process that runs cannot be asked to")


def upgrade(name: str, *, scope: Scope = "system", approve: Approve = approve_always) -> UpgradeResult:
    """Have a new process of an installed application take over from the one that serves.

    The application is described and its units made anew, as an installation would. If a process can take them up in
    the sandbox that is there, a new one takes over while the old one serves, and the units follow; else they come
    first, and the service is restarted. Whatever fails before a restart leaves everything as it was.

    Args:
        name: Name of an installed application, or of one instance: ``web@1``.
        scope: ``system`` or ``user``.
        approve: Asked before anything is done, unless the units stay as they are.

    Raises:
        UsageError: There is no such application or instance.
        FailedUpgradeError: The new process did not become ready; the old one serves on.
        SvcctlError: It does not run, or cannot be installed as it is now; nothing has changed.
    """
    machine = machines.find(scope)
    found = installed.find(machine, name)
    installed.refuse_packaged(
        found.receipt, "upgrade", f"apt install ./{found.receipt.package}_NEWER.deb: a new process takes over"
    )
    if found.template:
        raise UsageError(f"{name} has instances", hint=f"name one: svcctl upgrade {name}@INSTANCE")
    receipts.need_permission(machine)
    need_booted(machine)
    if found.service not in systemd.started(machine, (found.service,)):
        raise ConfigurationError(
            f"{found.name} does not run",
            hint=f"svcctl start{found.flag} {found.name} starts what is there now",
        )
    work = _Upgrade(machine, found)
    request = from_options(found.receipt.options, scope=scope)
    result = install(request, approve=approve, first=work.take_over)
    if result.preview.changes and not result.applied:
        return _result(work, result, "none")
    if not work.reasons:
        return _result(work, result, "overlapping")
    systemd.change(machine, "restart", (found.service,))
    return _result(work, result, "restart")


def _result(
    work: _Upgrade, result: InstallResult, how: Literal["overlapping", "restart", "none"]
) -> UpgradeResult:
    return UpgradeResult(
        name=work.found.name,
        how=how,
        pid=work.pid,
        reasons=tuple(work.reasons),
        preview=result.preview,
        applied=result.applied,
    )


def _limit(work: _Upgrade) -> float | None:
    from svcctl.manifest import codec  # noqa: PLC0415 (a value of its own)

    life = codec.decode(work.found.receipt.manifest).lifecycle
    return (life.start_limit_ms + life.stop_limit_ms) / 1000 + _MARGIN if life.start_limit_ms else None
