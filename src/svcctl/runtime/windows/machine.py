"""What the service host does next: a pure function from (state, event, time) to (state, effects).

It is the only producer of the state that the service manager sees. The effects are data; the host carries them out
and reports back with events. Every event is allowed in every phase: one that means nothing there changes nothing.

The rules:

- RUNNING is reported when the application is ready, and at no other time;
- what ends before it was ready the first time is STOPPED with an error: the service manager has to know;
- what ends with an error later is started again, after pauses that grow; the service is PAUSED meanwhile, since it
  does not serve and yet can be stopped, which the service manager refuses for one in START_PENDING;
- a pending state is reported with a rising checkpoint until its limit has passed;
- whatever was asked to stop is ended at its limit, and STOPPED is reported once, as the last state.

Times are whole milliseconds of a clock that never goes back. Source: ``SetServiceStatus`` and "Service State
Transitions" on learn.microsoft.com.

Example:
    >>> state, effects = step(Machine(Limits()), Fact.BEGIN, 0)
    >>> state.phase, effects[-1]
    (<Phase.STARTING: 'starting'>, <Do.LAUNCH: 'launch'>)
"""

from __future__ import annotations

import enum

from svcctl.errors import EX_SOFTWARE, PERMANENT_STATUSES
from svcctl.value import Value

#: Between two reports of a pending state, and how long the service manager may wait for the next one.
REPORT_EVERY = 2_000
WAIT_HINT = 10_000

#: For what was killed to be gone, and for an application to give up its start, or its stop, by itself first.
GRACE = 5_000

#: Error numbers of Windows that the service manager shows.
NO_ERROR = 0
SERVICE_REQUEST_TIMEOUT = 1053
SERVICE_SPECIFIC_ERROR = 1066
PROCESS_ABORTED = 1067

#: Statuses of a program that the interrupt has ended: of ours, and of Windows (STATUS_CONTROL_C_EXIT).
_INTERRUPTED = (0, 130, 0xC000013A)


class ServiceState(enum.IntEnum):
    """States that the service manager knows."""

    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    RUNNING = 4
    PAUSED = 7


class Phase(enum.Enum):
    """Where the service is in its life."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing off"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Fact(enum.Enum):
    """Events that carry nothing but their name."""

    BEGIN = "begin"
    READY = "ready"
    PROGRESS = "progress"  # the start goes on
    ALIVE = "alive"
    RELOAD_REQUESTED = "reload requested"
    STOP_REQUESTED = "stop requested"
    TIME_PASSED = "time passed"


class Ended(Value):
    """The application has ended.

    Attributes:
        status: Its exit status, from 0 to 2**32 - 1.
    """

    status: int


class NotLaunched(Value):
    """The application could not be started at all.

    Attributes:
        error: Number of Windows' error, at least 1.
        reason: Its text.
    """

    error: int
    reason: str


class Do(enum.Enum):
    """Effects that carry nothing but their name."""

    LAUNCH = "launch"
    RELOAD = "reload"
    ASK_TO_STOP = "ask to stop"
    INTERRUPT = "interrupt"
    KILL = "kill"  # the application and all that it has started; its end comes as an event


class Report(Value):
    """Tell the service manager.

    Attributes:
        state: What the service is.
        win32: 0, an error of Windows, or 1066 if ``status`` has the reason.
        status: The application's own status, if that is the reason.
        checkpoint: Rises while a state is pending.
        wait_hint: Within which time the next report comes; 0 if none is due.
    """

    state: ServiceState
    win32: int = NO_ERROR
    status: int = 0
    checkpoint: int = 0
    wait_hint: int = 0


class Tell(Value):
    """Say it in the log.

    Attributes:
        severity: ``info``, ``warning`` or ``error``.
        text: One line.
    """

    severity: str
    text: str


Event = Fact | Ended | NotLaunched
Effect = Do | Report | Tell
Effects = tuple[Effect, ...]


class Limits(Value):
    """What is known of the application; see :class:`svcctl.plan.windows.Hosted`. 0 is no limit, but for the stop."""

    start: int = 90_000
    stop: int = 10_000
    watchdog: int = 0
    first_pause: int = 1_000
    longest_pause: int = 60_000
    most_failures: int = 10
    healthy: int = 60_000
    permanent: tuple[int, ...] = PERMANENT_STATUSES


class Machine(Value):
    """The state.

    Attributes:
        limits: What is known of the application.
        phase: Where the service is in its life.
        deadline: When the phase has lasted too long, or the next start is due; ``None`` if it may last.
        report_at: When a pending state has to be reported again; ``None`` if none is pending.
        interrupt_at: When the application gets its interrupt; ``None`` if it has had it, or gets none.
        checkpoint: The last one that was reported.
        since: When the application was started or became ready.
        failures: Crashes in a row.
        late: It was killed because a limit had passed.
        interrupted: It has got its interrupt.
        reported: What the service manager was told last.
    """

    limits: Limits
    phase: Phase = Phase.NEW
    deadline: int | None = None
    report_at: int | None = None
    interrupt_at: int | None = None
    checkpoint: int = 0
    since: int = 0
    failures: int = 0
    late: bool = False
    interrupted: bool = False
    reported: Report = Report(ServiceState.START_PENDING, wait_hint=WAIT_HINT)


Following = tuple[Machine, Effects]


def wake_at(state: Machine) -> int | None:
    """Return when ``Fact.TIME_PASSED`` is due; ``None`` if there is nothing to wait for but events."""
    return min(
        (each for each in (state.deadline, state.report_at, state.interrupt_at) if each is not None),
        default=None,
    )


def step(state: Machine, event: Event, now: int) -> Following:
    """Return the state after an event, and what has to be done now, in order."""
    return _STEPS[state.phase](state, event, now)


def _new(state: Machine, event: Event, now: int) -> Following:
    return _launch(state, Phase.STARTING, now) if event is Fact.BEGIN else (state, ())


def _launch(state: Machine, phase: Phase, now: int) -> Following:
    launched = state.replace(phase=phase, deadline=_start_deadline(state, now), since=now, late=False)
    if phase is Phase.RESTARTING:  # still PAUSED
        return launched, (Do.LAUNCH,)
    pending, effects = _pending(launched, ServiceState.START_PENDING, now)
    return pending, (*effects, Do.LAUNCH)


def _starting(state: Machine, event: Event, now: int) -> Following:
    following: Following = state, ()
    match event:
        case Fact.READY if not state.late:
            deadline = now + state.limits.watchdog if state.limits.watchdog else None
            ready = state.replace(phase=Phase.RUNNING, deadline=deadline, report_at=None, since=now)
            following = _report(ready, Report(ServiceState.RUNNING))
        case Fact.PROGRESS if not state.late:
            following = state.replace(deadline=_start_deadline(state, now)), ()
        case Fact.STOP_REQUESTED:
            following = _begin_stop(state, now)
        case Fact.TIME_PASSED:
            following = _too_late(state, now, "it is not ready within its limit")
        case Ended(status):
            following = _start_failed(state, _verdict(state, status), now)
        case NotLaunched(error, reason):
            failed, effects = _start_failed(state, Report(ServiceState.STOPPED, error), now)
            following = failed, (Tell("error", f"it cannot be started: {reason}"), *effects)
    return following


def _start_failed(state: Machine, verdict: Report, now: int) -> Following:
    if state.phase is Phase.RESTARTING:
        return _crashed(state, verdict, now)
    return _end(state, verdict, "it ended before it was ready")


def _running(state: Machine, event: Event, now: int) -> Following:
    following: Following = state, ()
    match event:
        case Fact.RELOAD_REQUESTED:
            following = state, (Do.RELOAD,)
        case Fact.ALIVE if state.deadline is not None and not state.late:
            following = state.replace(deadline=now + state.limits.watchdog), ()
        case Fact.STOP_REQUESTED:
            following = _begin_stop(state, now)
        case Fact.TIME_PASSED:
            following = _too_late(state, now, "it gives no sign of life")
        case Ended(0) if not state.late:
            following = _end(state, Report(ServiceState.STOPPED), "it has finished")
        case Ended(status):
            healthy = now - state.since >= state.limits.healthy
            row = state.replace(failures=0) if healthy else state
            following = _crashed(row, _verdict(state, status), now)
    return following


def _crashed(state: Machine, verdict: Report, now: int) -> Following:
    limits = state.limits
    failures = state.failures + 1
    if verdict.status in limits.permanent:
        return _end(
            state, verdict, f"it ended with status {verdict.status}, which another start does not mend"
        )
    if failures > limits.most_failures:
        said = (
            f"it failed {failures} times in a row" if failures > 1 else f"it failed ({_described(verdict)})"
        )
        return _end(state, verdict, f"{said} and is given up")
    pause = min(limits.first_pause * 2 ** min(failures - 1, 32), limits.longest_pause)
    text = f"it failed ({_described(verdict)}) and is started again in {pause / 1000:g} s"
    waiting = state.replace(
        phase=Phase.BACKING_OFF, deadline=now + pause, report_at=None, failures=failures, late=False
    )
    following, effects = _report(waiting, Report(ServiceState.PAUSED))
    return following, (Tell("warning", text), *effects)


def _backing_off(state: Machine, event: Event, now: int) -> Following:
    if event is Fact.STOP_REQUESTED:
        return _end(state, Report(ServiceState.STOPPED), "stopped before it was started again")
    if event is Fact.TIME_PASSED and _passed(state.deadline, now):
        return _launch(state, Phase.RESTARTING, now)
    return state, ()


def _begin_stop(state: Machine, now: int) -> Following:
    stop = state.limits.stop
    stopping = state.replace(
        phase=Phase.STOPPING, deadline=now + stop + GRACE, interrupt_at=now + stop // 2, late=False
    )
    pending, effects = _pending(stopping, ServiceState.STOP_PENDING, now)
    return pending, (*effects, Do.ASK_TO_STOP)


def _stopping(state: Machine, event: Event, now: int) -> Following:
    match event:
        case Ended(status):
            clean = not state.late and status in (_INTERRUPTED if state.interrupted else (0,))
            verdict = Report(ServiceState.STOPPED) if clean else _verdict(state, status)
            return _end(
                state, verdict, "stopped" if clean else f"it did not stop well ({_described(verdict)})"
            )
        case NotLaunched():
            return _end(state, Report(ServiceState.STOPPED), "stopped")
        case Fact.TIME_PASSED:
            if _passed(state.interrupt_at, now) and not state.late:
                interrupted, effects = _too_late(
                    state.replace(interrupt_at=None, interrupted=True),
                    now,
                    "it does not stop within its limit",
                )
                return interrupted, (Do.INTERRUPT, *effects)
            return _too_late(state, now, "it does not stop within its limit")
        case _:
            return state, ()


def _too_late(state: Machine, now: int, reason: str) -> Following:
    """Kill what is over its limit, once; what does not even end then is given up. Report what is pending."""
    if not _passed(state.deadline, now):
        return _again(state, now)
    if state.late:
        return _end(state, _verdict(state, EX_SOFTWARE), "it was killed and has not ended")
    killed, effects = _again(state.replace(late=True, deadline=now + GRACE, interrupt_at=None), now)
    return killed, (Tell("error", f"{reason} and is killed"), Do.KILL, *effects)


def _again(state: Machine, now: int) -> Following:
    return _pending(state, state.reported.state, now) if _passed(state.report_at, now) else (state, ())


def _pending(state: Machine, pending: ServiceState, now: int) -> Following:
    checkpoint = state.checkpoint + 1 if state.reported.state is pending else 1
    report = Report(pending, checkpoint=checkpoint, wait_hint=WAIT_HINT)
    return _report(state.replace(checkpoint=checkpoint, report_at=now + REPORT_EVERY), report)


def _report(state: Machine, report: Report) -> Following:
    return state.replace(reported=report), (report,)


def _end(state: Machine, verdict: Report, text: str) -> Following:
    severity = "info" if verdict.win32 == NO_ERROR else "error"
    ended = Machine(state.limits, Phase.STOPPED, failures=state.failures, reported=verdict)
    return ended, (Tell(severity, text), verdict)


def _verdict(state: Machine, status: int) -> Report:
    if state.late:
        return Report(ServiceState.STOPPED, SERVICE_REQUEST_TIMEOUT)
    if status == 0:
        return Report(ServiceState.STOPPED, PROCESS_ABORTED)
    return Report(ServiceState.STOPPED, SERVICE_SPECIFIC_ERROR, status)


def _described(verdict: Report) -> str:
    return f"status {verdict.status}" if verdict.status else f"error {verdict.win32}"


def _start_deadline(state: Machine, now: int) -> int | None:
    return now + state.limits.start + state.limits.stop + GRACE if state.limits.start else None


def _passed(moment: int | None, now: int) -> bool:
    return moment is not None and now >= moment


def _over(state: Machine, _event: Event, _now: int) -> Following:
    return state, ()


_STEPS = {
    Phase.NEW: _new,
    Phase.STARTING: _starting,
    Phase.RUNNING: _running,
    Phase.BACKING_OFF: _backing_off,
    Phase.RESTARTING: _starting,
    Phase.STOPPING: _stopping,
    Phase.STOPPED: _over,
}
