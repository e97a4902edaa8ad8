"""Starts, stops, restarts, reloads, enables and disables installed services of Windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from svcctl.errors import ConfigurationError
from svcctl.host.varlink import NoAnswerError
from svcctl.host.windows.machine import Machine, Status
from svcctl.operations import live
from svcctl.operations.live import Act, LiveService
from svcctl.operations.windows import ends, installed
from svcctl.operations.windows.ends import NotStartedError
from svcctl.operations.windows.installed import Installed
from svcctl.windows.names import control_pipe

Verb = Literal["enable", "disable", "start", "stop", "restart", "reload"]

STOPPED, START_PENDING, STOP_PENDING, RUNNING, PAUSED = 1, 2, 3, 4, 7

#: What Windows may take beyond the limit of the application itself.
_MARGIN = 15.0

#: Lines of the log among which its last words are.
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsControlResult:
    """What was done.

    Attributes:
        name: The service.
        verb: What was asked for.
        failed: ``stop``: it has stopped, but with an error.
    """

    name: str
    verb: Verb
    failed: bool = False


def control(verb: Verb, name: str, machine: Machine) -> WindowsControlResult:
    """Do one of the six to a service.

    Args:
        verb: What to do. ``start`` and ``restart`` return when it serves, ``stop`` when it has stopped, ``reload``
            when the application has been told.
        name: Name of an installed service.
        machine: Where it is.

    Raises:
        UsageError: There is no such application.
        NotStartedError: The service failed; the message has its reason.
        SvcctlError: No right to do that, or Windows refuses it.
    """
    found = installed.find(machine, name)
    name = found.name
    failed = False
    match verb:
        case "enable":
            if found.found.start not in {"automatic", "delayed"}:
                machine.services.set_start(name, "automatic")
        case "disable":
            machine.services.set_start(name, "manual")
        case "start":
            start(name, machine)
        case "stop":
            failed = _stop(found, machine)
        case "restart":
            _stop(found, machine)
            start(name, machine)
        case "reload":
            _reload(found, machine)
    return WindowsControlResult(name=name, verb=verb, failed=failed)


def act(verb: Act, name: str, path: str, machine: Machine) -> LiveService:
    """Start, stop, restart or reload one service of a running application.

    Args:
        verb: What to do.
        name: Name of the installed service.
        path: Path of the service in the application's tree, from below its root: ``storage/db``.
        machine: Where it is.

    Returns:
        The service as it is afterwards.

    Raises:
        SvcctlError: As :func:`svcctl.operations.live.act`.
    """
    found = installed.find(machine, name)
    status = machine.services.query(found.name)
    if status is None or not status.pid:
        raise NoAnswerError(f"{found.name} does not run", hint=f"svcctl start {found.name}")
    return live.act_at(control_pipe(found.name), verb, found.name, path, process=status.pid)


def runs(machine: Machine, name: str) -> bool:
    """Return whether a service has a process."""
    status = machine.services.query(name)
    return status is not None and status.state != STOPPED


def start(name: str, machine: Machine) -> None:
    """Start a service and wait until it serves.

    Raises:
        NotStartedError: It has failed.
        SvcctlError: Windows refuses it.
    """
    found = installed.find(machine, name)
    try:
        machine.services.start(name)
    except (ConfigurationError, PermissionError) as error:
        number = getattr(error.__cause__, "winerror", 0)
        if number not in ends.REFUSED:
            raise
        raise _failure(found, machine, Status(STOPPED, number, 0, 0, 0)) from error
    status = machine.services.await_start(name)
    if status is None or status.state != RUNNING:
        raise _failure(found, machine, status)


def _failure(found: Installed, machine: Machine, status: Status | None) -> NotStartedError:
    reason = ends.reason(found.receipt, status, machine)
    said = ends.last_words(machine.folders.last_lines(found.receipt.service.hosted.log, _LOOKED_AT))
    return NotStartedError(
        found.name, f"{reason}: {said}" if said else reason, hint=f"svcctl logs {found.name} shows more"
    )


def _stop(found: Installed, machine: Machine) -> bool:
    machine.services.stop(found.name, found.receipt.service.hosted.stop_limit_ms / 1000 + _MARGIN)
    status = machine.services.query(found.name)
    return status is not None and ends.is_failure(status)


def _reload(found: Installed, machine: Machine) -> None:
    status = machine.services.query(found.name)
    if status is None or status.state != RUNNING:
        raise ConfigurationError(
            f"{found.name} does not run, so there is nothing to reload", hint=f"svcctl start {found.name}"
        )
    if not found.receipt.service.hosted.reload:
        raise ConfigurationError(
            f"nothing in {found.name} can be reloaded", hint=f"svcctl restart {found.name}"
        )
    machine.services.reload(found.name)
