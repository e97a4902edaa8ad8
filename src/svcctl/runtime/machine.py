"""What the runner does next: a pure function from (state, event) to (state, effects).

It is the only producer of ``READY=1``. The effects are data; :mod:`svcctl.runtime.runner` carries them out and
reports back with events. Every event is allowed in every phase: one that means nothing there changes nothing.

The rules:

- ``READY=1`` follows a complete start or ends a reload, and never comes after a failure or a request to stop;
- ``STOPPING=1`` is sent once, before anything is stopped;
- ``RELOADING=1`` is always followed by ``READY=1``, or by ``STOPPING=1``, before anything else is announced;
- a stop during the start abandons the start; a second one cuts the drain short;
- a reload asked for during the start, or during a reload, is done once that has ended.

Source: sd_notify(3), systemd.service(5) ``Type=notify-reload``.

Example:
    >>> state, effects = step(INITIAL, Fact.LOADED)
    >>> state.phase, effects
    (<Phase.BINDING: 'binding'>, (<Do.BIND: 'bind'>,))
"""

from __future__ import annotations

import enum

from svcctl.errors import EX_SOFTWARE
from svcctl.value import Value

#: Bytes of one status text: a whole message may have 4096 (systemd ignores longer ones).
STATUS_LIMIT = 3500

#: Field of our own, which init systems ignore: a piece of a reason that is longer than a status text may be.
REASON = "X_SVCCTL_REASON"


class Phase(enum.Enum):
    """Where the process is in its life."""

    LOADING = "loading"
    BINDING = "binding"
    STARTING = "starting"
    READY = "ready"
    RELOADING = "reloading"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class Fact(enum.Enum):
    """Events that carry nothing but their name."""

    LOADED = "loaded"
    BOUND = "bound"
    RELOAD_REQUESTED = "reload requested"
    RELOADED = "reloaded"
    ABANDONED = "abandoned"  # the step that was to be abandoned, or cut short, has ended


class Progress(Value):
    """So many services of so many are ready; the start goes on, or one of them is started again.

    Attributes:
        ready: Services that are ready.
        total: Services in the tree.
        waiting: Path of the service that is starting; empty if none is.
        limit: Seconds that the init system has to leave to the start if something became ready; 0 for no limit.
    """

    ready: int
    total: int
    waiting: str
    limit: float


class Started(Value):
    """The whole tree serves.

    Attributes:
        pid: The process that serves.
        ready: Services that are ready.
        total: Services in the tree.
    """

    pid: int
    ready: int
    total: int


class StopRequested(Value):
    """Somebody wants the process to end.

    Attributes:
        by: Who: the name of a signal, for people.
        exit_status: What the process ends with if nothing goes wrong on the way.
    """

    by: str
    exit_status: int


class ReloadFailed(Value):
    """A reload did not work; the application goes on as it was.

    Attributes:
        reason: Why, for people.
        kept: Services that have reloaded all the same, and could not be taken back.
    """

    reason: str
    kept: tuple[str, ...] = ()


class Failed(Value):
    """Something that must not fail has failed.

    Attributes:
        reason: Path and cause, for people.
        errno: The cause's error number; 0 if it has none.
        exit_status: What the process ends with.
        serving: Something is up that has to be stopped: a service failed while it ran. If not, the step in
            progress (load, bind, start) failed and has been rolled back already.
    """

    reason: str
    errno: int
    exit_status: int
    serving: bool


class Stopped(Value):
    """The tree has stopped.

    Attributes:
        errors: What went wrong while it did, one line each.
    """

    errors: tuple[str, ...]


class Succession(Value):
    """Base of the events by which another process takes over: :mod:`svcctl.runtime.succession` has them."""


class Do(enum.Enum):
    """Effects that carry nothing but their name."""

    BIND = "bind"
    START = "start"
    RELOAD = "reload"
    STOP = "stop"
    ABANDON = "abandon"  # cancel the step in progress; its end comes as an event
    CUT_SHORT = "cut short"  # cancel the stop's waiting
    SPAWN = "spawn"  # start the process that is to take over
    DISMISS = "dismiss"  # end that process, which does not take over
    HAND_OVER = "hand over"  # tell that process that it is the main process now


class Notify(Value):
    """Send this message to the init system.

    Attributes:
        text: ``KEY=value`` lines.
        stamped: Add ``MONOTONIC_USEC=`` with the time at which the message is sent.
    """

    text: str
    stamped: bool = False


class Exit(Value):
    """End the process with this status."""

    status: int


Event = Fact | Progress | Started | StopRequested | ReloadFailed | Failed | Stopped | Succession
Effect = Do | Notify | Exit
Effects = tuple[Effect, ...]


class Machine(Value):
    """The state.

    Attributes:
        phase: Where the process is in its life.
        ready: Services that were ready when it was last told; -1 before the first time.
        serving: The texts that go with ``READY=1``; empty before the first time.
        busy: The step in progress, which has to end before another one begins.
        reload_pending: A reload was asked for at a moment when it could not be done.
        cut: The stop has been cut short.
        failure: The first failure, the reason for the end; ``None`` if there is none.
        exit_status: What the process ends with if there is no failure.
        upgrading: Another process has been started to take over.
        succeeded: Another process has taken over, so the init system listens to this one no longer.
    """

    phase: Phase = Phase.LOADING
    ready: int = -1
    serving: str = ""
    busy: Do | None = None
    reload_pending: bool = False
    cut: bool = False
    failure: Failed | None = None
    exit_status: int = 0
    upgrading: bool = False
    succeeded: bool = False


INITIAL = Machine()


def step(state: Machine, event: Event) -> tuple[Machine, Effects]:
    """Return the state after an event, and what has to be done now, in order."""
    following, effects = _step(state, event)
    if following.succeeded:
        effects = tuple(each for each in effects if not isinstance(each, Notify) or not state.succeeded)
    return following, effects


def _step(state: Machine, event: Event) -> tuple[Machine, Effects]:
    match event:
        case Succession():
            from svcctl.runtime.succession import succession_step  # noqa: PLC0415 (only in an upgrade)

            return succession_step(state, event)
        case Fact.RELOAD_REQUESTED:
            return _reload_requested(state)
        case Progress():
            return _progress(state, event)
        case StopRequested():
            return _stop_requested(state, event)
        case Failed():
            return _failed(state, event)
        case _:
            return _step_ended(state, event)


def _step_ended(state: Machine, event: Event) -> tuple[Machine, Effects]:
    following: tuple[Machine, Effects] = state, ()
    match state.phase, event:
        case Phase.LOADING, Fact.LOADED:
            following = state.replace(phase=Phase.BINDING, busy=Do.BIND), (Do.BIND,)
        case Phase.BINDING, Fact.BOUND:
            following = state.replace(phase=Phase.STARTING, busy=Do.START), (Do.START,)
        case Phase.STARTING, Started(pid, ready, total):
            serving = f"MAINPID={pid}\nSTATUS={ready}/{total} ready"
            following = _ready(state.replace(serving=serving), serving)
        case Phase.RELOADING, Fact.RELOADED:
            main_pid, _, status = state.serving.partition("\nSTATUS=")
            following = _ready(state, f"{main_pid}\n{status_line(f'reloaded, {status}')}")
        case Phase.RELOADING, ReloadFailed(reason, kept):
            main_pid = state.serving.splitlines()[0]
            on = f"and {', '.join(kept)} reloaded all the same" if kept else "going on as before"
            following = _ready(state, f"{main_pid}\n{status_line(f'reload failed, {on}: {reason}')}")
        case Phase.STOPPING, _:
            following = _stopping(state, event)
    return following


def _ready(state: Machine, text: str) -> tuple[Machine, Effects]:
    ready = state.replace(phase=Phase.READY, busy=None)
    announced = Notify(f"READY=1\n{text}")
    if not state.reload_pending:
        return ready, (announced,)
    reloading, effects = _reload_requested(ready.replace(reload_pending=False))
    return reloading, (announced, *effects)


def _reload_requested(state: Machine) -> tuple[Machine, Effects]:
    if state.phase is Phase.READY and not (state.upgrading or state.succeeded):
        announced = Notify("RELOADING=1\nSTATUS=reloading", stamped=True)
        return state.replace(phase=Phase.RELOADING, busy=Do.RELOAD), (announced, Do.RELOAD)
    if state.phase in {Phase.STOPPING, Phase.STOPPED, Phase.FAILED}:
        return state, ()
    return state.replace(reload_pending=True), ()


def _progress(state: Machine, event: Progress) -> tuple[Machine, Effects]:
    waiting = f", waiting for {event.waiting}" if event.waiting else ""
    text = status_line(f"{event.ready}/{event.total} ready{waiting}")
    if state.phase is Phase.READY:  # a service is restarted, or has finished
        main_pid, _, told = state.serving.partition("\n")
        if told == text:
            return state, ()  # what has been said since, of a reload say, stays
        return state.replace(serving=f"{main_pid}\n{text}"), (Notify(text),)
    if state.phase not in {Phase.BINDING, Phase.STARTING}:
        return state, ()
    if event.ready > state.ready and event.limit > 0:
        text += f"\nEXTEND_TIMEOUT_USEC={round(event.limit * 1_000_000)}"
    return state.replace(ready=max(state.ready, event.ready)), (Notify(text),)


def _stop_requested(state: Machine, event: StopRequested) -> tuple[Machine, Effects]:
    if state.phase in {Phase.STOPPED, Phase.FAILED}:
        return state, ()
    if state.phase is Phase.STOPPING:
        return state.replace(cut=True), () if state.cut else (Do.CUT_SHORT,)
    text = f"STOPPING=1\n{status_line(f'stopping: {event.by}')}"
    return _begin_stop(state.replace(exit_status=event.exit_status), text)


def _failed(state: Machine, event: Failed) -> tuple[Machine, Effects]:
    if state.phase in {Phase.STOPPED, Phase.FAILED}:
        return state, ()
    if state.phase is Phase.STOPPING:
        state = state.replace(failure=state.failure or event)
        return (state, ()) if event.serving else _stopping(state, Fact.ABANDONED)
    state = state.replace(failure=event)
    if not event.serving and state.phase in {Phase.LOADING, Phase.BINDING, Phase.STARTING}:
        return _end(state.replace(busy=None))
    return _begin_stop(state, f"STOPPING=1\n{_verdict(event)}")


def _begin_stop(state: Machine, text: str) -> tuple[Machine, Effects]:
    stopping = state.replace(phase=Phase.STOPPING)
    if state.phase is Phase.LOADING:
        ended, effects = _end(stopping)
        return ended, (Notify(text), *effects)
    if state.busy is None:
        dismissed = (Do.DISMISS,) if state.upgrading else ()
        return stopping.replace(busy=Do.STOP, upgrading=False), (Notify(text), *dismissed, Do.STOP)
    return stopping, (Notify(text), Do.ABANDON)


def _stopping(state: Machine, event: Event) -> tuple[Machine, Effects]:
    """Take the end of the step that was in progress when the stop began, or of the stop itself."""
    if isinstance(event, Stopped) and event.errors and state.failure is None:
        more = f" (and {len(event.errors) - 1} more)" if len(event.errors) > 1 else ""
        reason = f"stopped with errors: {event.errors[0]}{more}"
        state = state.replace(failure=Failed(reason, 0, EX_SOFTWARE, serving=False))
    match state.busy, event:
        case Do.BIND | Do.START, Fact.ABANDONED:
            return _end(state)  # rolled back: nothing is up any more
        case Do.BIND, Fact.BOUND:
            return state.replace(busy=Do.STOP), (Do.STOP,)
        case Do.START, Started():
            return state.replace(busy=Do.STOP), (Do.STOP,)
        case Do.RELOAD, Fact.ABANDONED | Fact.RELOADED | ReloadFailed():
            return state.replace(busy=Do.STOP), (Do.STOP,)
        case Do.STOP, Fact.ABANDONED | Stopped():
            return _end(state)
        case _:
            return state, ()


def _end(state: Machine) -> tuple[Machine, Effects]:
    state = state.replace(busy=None)
    if state.failure is None:
        return state.replace(phase=Phase.STOPPED), (Notify("STATUS=stopped"), Exit(state.exit_status))
    ended = state.replace(phase=Phase.FAILED, exit_status=state.failure.exit_status)
    whole = map(Notify, _whole_reason(state.failure.reason))
    return ended, (*whole, Notify(_verdict(state.failure)), Exit(ended.exit_status))


def _verdict(failure: Failed) -> str:
    status = status_line(failure.reason)
    return f"{status}\nERRNO={failure.errno}" if failure.errno > 0 else status


def _whole_reason(reason: str) -> list[str]:
    """Return a reason that is too long for one message in pieces, for the starter of a daemon; else nothing."""
    line = _one_line(reason)
    if len(line.encode("utf-8", "backslashreplace")) <= STATUS_LIMIT:
        return []
    # A character has up to four bytes, and up to ten if it is none of Unicode's.
    size = STATUS_LIMIT // 10
    return [f"{REASON}={line[start : start + size]}" for start in range(0, len(line), size)]


def status_line(text: str) -> str:
    r"""Return ``STATUS=`` and a text, made one line and short enough for one message.

    Example:
        >>> status_line("cannot read\nthe file")
        'STATUS=cannot read the file'
    """
    line = _one_line(text)
    encoded = line.encode("utf-8", "backslashreplace")
    if len(encoded) > STATUS_LIMIT:
        line = encoded[: STATUS_LIMIT - 3].decode("utf-8", "ignore") + "\N{HORIZONTAL ELLIPSIS}"
    return f"STATUS={line}"


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
