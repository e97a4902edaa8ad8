"""What the runner does when another process takes over: the part of :mod:`svcctl.runtime.machine` for upgrades.

The rules:

- an upgrade begins only while the application is ready, and there is one at a time;
- a reload that is asked for meanwhile is done afterwards, by whoever serves then;
- a stop, or a failure of a service, ends the new process, too;
- an upgrade that fails changes nothing but the status;
- once ``MAINPID=`` has named the new process, this one announces nothing any more, and stops.
"""

from __future__ import annotations

from svcctl.runtime.machine import (
    Do,
    Effect,
    Fact,
    Machine,
    Notify,
    Phase,
    Succession,
    status_line,
    step,
)

Effects = tuple[Effect, ...]


class UpgradeRequested(Succession):
    """Somebody wants a new process to take over."""


class UpgradeFailed(Succession):
    """The new process does not take over; this one goes on as it was.

    Attributes:
        reason: Why, for people.
    """

    reason: str


class SuccessorReady(Succession):
    """The new process serves.

    Attributes:
        pid: Its process id.
    """

    pid: int


class HandedOver(Succession):
    """The new process knows that it is the main process."""


class Promoted(Succession):
    """This process is the main process now: the one before it says so.

    Attributes:
        reload: A reload was asked for that the other one has not done.
    """

    reload: bool


def succession_step(state: Machine, event: Succession) -> tuple[Machine, Effects]:
    """Return the state after one of these events, and what has to be done now, in order."""
    match event:
        case UpgradeRequested() if state.phase is Phase.READY and not (state.upgrading or state.succeeded):
            return state.replace(upgrading=True), (
                Notify("STATUS=upgrading: the new process starts"),
                Do.SPAWN,
            )
        case UpgradeFailed(reason) if state.upgrading:
            return _failed(state.replace(upgrading=False), reason)
        case SuccessorReady(pid) if state.upgrading and state.phase is Phase.READY:
            succeeded = state.replace(upgrading=False, succeeded=True)
            return succeeded, (Notify(f"MAINPID={pid}\nSTATUS=the new process serves"), Do.HAND_OVER)
        case HandedOver() if state.succeeded and state.phase is Phase.READY:
            return state.replace(phase=Phase.STOPPING, busy=Do.STOP), (Do.STOP,)
        case Promoted(reload):
            return _promoted(state, reload=reload)
    return state, ()


def _failed(state: Machine, reason: str) -> tuple[Machine, Effects]:
    announced = Notify(status_line(f"upgrade failed, going on as before: {reason}"))
    if not state.reload_pending:
        return state, (announced,)
    reloading, effects = step(state.replace(reload_pending=False), Fact.RELOAD_REQUESTED)
    return reloading, (announced, *effects)


def _promoted(state: Machine, *, reload: bool) -> tuple[Machine, Effects]:
    if state.phase is Phase.STOPPING:  # somebody has asked this process itself to end
        return state, (Notify("STATUS=stopping"),)
    if state.phase is Phase.RELOADING:
        return state.replace(reload_pending=state.reload_pending or reload), ()
    if state.phase is not Phase.READY:
        return state, ()
    announced = Notify(state.serving)
    if not reload:
        return state, (announced,)
    reloading, effects = step(state, Fact.RELOAD_REQUESTED)
    return reloading, (announced, *effects)
