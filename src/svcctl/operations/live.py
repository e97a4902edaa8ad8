"""Asks a running application about its tree, and has it act on one service of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from svcctl.errors import EX_NOINPUT, EX_UNAVAILABLE, PermissionDeniedError, SvcctlError
from svcctl.host import machine as machines
from svcctl.host import systemd, varlink
from svcctl.host.machine import Machine
from svcctl.host.usage import Usage, usage_of
from svcctl.operations import installed
from svcctl.operations.installed import Installed
from svcctl.plan.model import Scope

INTERFACE = "io.svcctl.Control"
SOCKET = "control"

#: Seconds that somebody who only looks waits for an answer.
PATIENCE = 3.0

Act = Literal["start", "stop", "restart", "reload"]

#: Who may do everything on this machine, and how one becomes it.
_RULERS, _AS_THEY_DO = (
    ("administrators", "in an elevated console") if os.name == "nt" else ("root", "with sudo")
)

_METHODS: dict[Act, str] = {"start": "Start", "stop": "Stop", "restart": "Restart", "reload": "Reload"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveService:
    """One service as it is now.

    Attributes:
        path: Its path in the tree.
        state: ``ready``, ``starting``, ``backing_off`` …
        since: Since when, in microseconds since 1970; 0 if it never changed.
        held: It stays down: it has finished, or was stopped by hand.
        restarts: Starts after the first one.
        failures: How often it failed.
        error: Its last failure; empty if there was none.
        connections: How many are open; ``None`` if it is no server.
        accepted: How many there have been; ``None`` if it is no server.
        beat: Seconds since its last heartbeat; ``None`` if it gives none.
        listeners: What it listens on; the address if there is one.
        kind: What the manifest calls it.
    """

    path: str
    state: str
    since: int = 0
    held: bool = False
    restarts: int = 0
    failures: int = 0
    error: str = ""
    connections: int | None = None
    accepted: int | None = None
    beat: float | None = None
    listeners: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What a running application says of itself, and what its process uses.

    Attributes:
        socket: Its control socket.
        problem: Why it says nothing; empty if it does.
        phase: ``ready``, ``starting`` …
        ready: Services that are ready.
        total: Services in the tree.
        waiting: Path of the service that the start waits for.
        services: The services, parents before children.
        usage: What its process uses.
    """

    socket: str
    problem: str = ""
    phase: str = ""
    ready: int = 0
    total: int = 0
    waiting: str = ""
    services: tuple[LiveService, ...] = ()
    usage: Usage | None = None


class ServiceRefusedError(SvcctlError):
    """A running application did not do what it was asked to do with a service."""

    code = "service-refused"
    exit_status = EX_UNAVAILABLE


class UnknownServiceError(ServiceRefusedError):
    """A running application has no such service."""

    exit_status = EX_NOINPUT


def socket_of(machine: Machine, service: str) -> str:
    """Return the path of the control socket of a unit; empty if it has none.

    Raises:
        CommandError: systemd does not answer.
    """
    if not machine.booted:
        return ""
    shown = systemd.show(machine, (service,), ("RuntimeDirectory",)).get(service, {})
    return socket_below(machine, shown.get("RuntimeDirectory", ""))


def socket_below(machine: Machine, folders: str) -> str:
    """Return the path of the control socket for what a unit has as its ``RuntimeDirectory``; empty if nothing."""
    folder = folders.partition(" ")[0].partition(":")[0]
    return f"{machine.directories['runtime']}/{folder}/{SOCKET}" if folder else ""


def look(socket: str, pid: int) -> Live:
    """Ask an application how it is; what it does not answer is told in the result.

    Args:
        socket: Its control socket, or its pipe; empty if it has none.
        pid: Its main process, or that of its service host; 0 if there is none.
    """
    usage = usage_of(pid) if pid else None
    if not socket or not pid:
        return Live(socket=socket, usage=usage)
    try:
        answer = varlink.call(socket, f"{INTERFACE}.GetTree", time_limit=PATIENCE, process=pid)
        return _live(socket, answer, usage)
    except PermissionError:
        problem = f"the tree is shown to {_RULERS} and to the user of the service alone"
    except (KeyError, TypeError, AttributeError):
        problem = "the application answers in a form that this version does not know"
    except SvcctlError as error:
        missing = "; it was installed, or started, by a version without live control"
        problem = str(error) + (missing if not os.path.lexists(socket) and _is_root() else "")
    return Live(socket=socket, problem=problem, usage=usage)


def act(verb: Act, name: str, path: str, *, scope: Scope = "system") -> LiveService:
    """Start, stop, restart or reload one service of a running application.

    Args:
        verb: What to do.
        name: Name of the installed application, or of one instance.
        path: Path of the service from below the root of the tree: ``storage/db``.
        scope: ``system`` or ``user``.

    Returns:
        The service as it is afterwards.

    Raises:
        UsageError: There is no such application.
        UnknownServiceError: It has no such service; the hint has the nearest name.
        ServiceRefusedError: It refused, or failed; the message has its reason.
        PermissionDeniedError: Only root and the user of the service may.
        NoAnswerError: It does not run, or has no control socket.
    """
    machine = machines.find(scope)
    found = installed.find(machine, name)
    return act_at(_running_socket(machine, found), verb, found.name, path)


def act_at(socket: str, verb: Act, name: str, path: str, *, process: int = 0) -> LiveService:
    """Have an application act on one service of it, by its control socket or its pipe.

    Args:
        socket: That socket, or the name of the pipe.
        verb: What to do.
        name: Name of the application.
        path: Path of the service, as for :func:`act`.
        process: With a pipe, the process of its service host.

    Raises:
        SvcctlError: As :func:`act`.
    """
    where = f"/{path.strip('/')}"
    try:
        varlink.call(
            socket, f"{INTERFACE}.{_METHODS[verb]}", {"path": where}, time_limit=None, process=process
        )
        answer = varlink.call(socket, f"{INTERFACE}.GetTree", {"path": where, "depth": 0}, process=process)
    except varlink.VarlinkError as error:
        raise _refusal(error, name, path) from error
    except PermissionError:
        raise PermissionDeniedError(
            f"only {_RULERS} and the user of {name} may do that", hint=f"repeat the command {_AS_THEY_DO}"
        ) from None
    return _service(answer["services"][0])


def _is_root() -> bool:
    return getattr(os, "geteuid", lambda: -1)() == 0


def _running_socket(machine: Machine, found: Installed) -> str:
    socket = socket_of(machine, found.service) if not found.template else ""
    if not socket:
        hint = f"name an instance: {found.name}@INSTANCE/PATH" if found.template else ""
        raise varlink.NoAnswerError(f"{found.name} has no control socket", hint=hint or _repeat(found))
    if not _is_root() or os.path.lexists(socket):
        return socket
    raise varlink.NoAnswerError(
        f"{found.name} does not run, or has no control socket at {socket}",
        hint=f"svcctl start{found.flag} {found.name}",
    )


def _repeat(found: Installed) -> str:
    return f"install it again, which adds one: {installed.repeat_command(found.receipt)}"


def _refusal(error: varlink.VarlinkError, name: str, path: str) -> SvcctlError:
    facts = error.parameters
    kind = error.name.removeprefix(f"{INTERFACE}.")
    if kind == "NotFound":
        nearest = [str(each).partition("/")[2] for each in facts.get("nearest", ())]
        hint = (
            f"did you mean {name}/{nearest[0]}?"
            if nearest and nearest[0]
            else f"svcctl status {name} lists them"
        )
        return UnknownServiceError(f"{name} has no service {path!r}", hint=hint)
    reason = str(facts.get("reason", error))
    return ServiceRefusedError(reason, hint=str(facts.get("hint", "")))


def _live(socket: str, answer: dict[str, Any], usage: Usage | None) -> Live:
    application = answer["application"]
    return Live(
        socket=socket,
        phase=application["phase"],
        ready=application["ready"],
        total=application["total"],
        waiting=application["waiting"],
        services=tuple(_service(each) for each in answer["services"]),
        usage=usage,
    )


def _service(facts: dict[str, Any]) -> LiveService:
    counted = facts.get("connections") or {}
    return LiveService(
        path=facts["path"],
        kind=facts["kind"],
        state=facts["state"],
        since=facts.get("since") or 0,
        held=facts["held"],
        restarts=facts["restarts"],
        failures=facts["failures"],
        error=facts.get("error") or "",
        connections=counted.get("open"),
        accepted=counted.get("accepted"),
        beat=(facts.get("heartbeat") or {}).get("age"),
        listeners=tuple(each.get("address") or each["endpoint"] for each in facts["listeners"]),
    )
