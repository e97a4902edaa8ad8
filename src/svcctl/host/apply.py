"""Applies a plan in two phases: first everything that can fail without a trace, then what can be undone."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

from svcctl.errors import (
    EX_SOFTWARE,
    ConfigurationError,
    PermissionDeniedError,
    SvcctlError,
    describe_cause,
)
from svcctl.host import analyze, files, receipts, systemd
from svcctl.host.machine import Machine
from svcctl.host.stage import Stage
from svcctl.plan import codec
from svcctl.plan.model import Action, ActionKind, Plan

log = logging.getLogger(__name__)


class ApplyError(SvcctlError):
    """A plan could not be applied, and what had been done of it was undone.

    Args:
        cause: What went wrong.
        undone: What was undone, in order.
        left: What could not be undone, each with its reason.
    """

    code = "apply"

    def __init__(self, cause: BaseException, undone: tuple[str, ...], left: tuple[str, ...]) -> None:
        state = f"undone: {', '.join(undone)}" if undone else "nothing was changed"
        if left:
            state += f"; NOT undone: {', '.join(left)}"
        super().__init__(f"{describe_cause(cause)} ({state})", hint=getattr(cause, "hint", ""))
        self.undone = undone
        self.left = left
        self.exit_status = getattr(cause, "exit_status", EX_SOFTWARE)


class _Undo(NamedTuple):
    what: str
    do: Callable[[], object]


def apply(plan: Plan, machine: Machine, *, name: str) -> None:
    """Make the machine as the plan says, or leave it as it is.

    The caller holds the lock of :func:`svcctl.host.receipts.locked`. Units are disabled before their files go;
    at a removal (a plan without a receipt) they are stopped before, too. All other actions follow the files; what
    an installation stops are sockets alone, while the service that was started with them runs on.

    Args:
        plan: What to do.
        machine: To what.
        name: Name of the application whose receipt it is.

    Raises:
        ApplyError: Something went wrong; everything that was done has been undone again.
        KeyboardInterrupt: The same, by an interrupt. One that comes after the last step is passed over.
    """
    made: list[str] = []
    stage = Stage(machine.root)
    try:
        try:
            _apply(plan, machine, stage, name, made)
        except BaseException:
            with _undisturbed():
                stage.close()
            raise
        # All is done, and nothing of it is undone any more: who interrupts now is told of what is there.
        with contextlib.suppress(KeyboardInterrupt), _undisturbed():
            stage.close()
    except BaseException:
        for folder in reversed(made):
            files.remove_empty_folder(machine.root, folder)
        raise


def digest(content: bytes) -> str:
    """Return the digest by which a receipt knows a file: SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _apply(plan: Plan, machine: Machine, stage: Stage, name: str, made: list[str]) -> None:
    undo: list[_Undo] = []
    try:
        _prepare(plan, machine, stage, name, made)
        early = [action for action in plan.actions if _comes_first(action, plan)]
        for action in early:
            _act(action, machine, undo, early=True)
        _exchange(plan, machine, stage, name, undo)
        for action in plan.actions:
            if action not in early:
                _act(action, machine, undo, early=False)
    # Also an interrupt from the keyboard must not leave half of it behind.
    except BaseException as error:
        with _undisturbed():
            undone, left = _roll_back(undo, stage)
        log.debug("plan undone", extra={"svcctl_undone": undone, "svcctl_left": left})
        if isinstance(error, Exception):
            raise ApplyError(_as_ours(error), undone, left) from error
        raise


def _comes_first(action: Action, plan: Plan) -> bool:
    return action.kind == "disable" or (action.kind == "stop" and plan.receipt is None)


def _prepare(plan: Plan, machine: Machine, stage: Stage, name: str, made: list[str]) -> None:
    """Write everything aside and have systemd look at it: what can go wrong should go wrong here."""
    targets = {file.path: (file.content, file.mode) for file in plan.files}
    if plan.receipt is not None:
        content = codec.encode_receipt(plan.receipt).encode()
        targets[receipts.path_of(machine, name)] = (content, 0o644)
    for path, (content, mode) in targets.items():
        made += files.make_folder(machine.root, path.rpartition("/")[0])
        stage.write(path, content, mode)
    if machine.booted:
        complaints = analyze.verify(plan.files, machine)
        if complaints:
            raise ConfigurationError(
                f"systemd does not accept the units: {'; '.join(complaints)}",
                hint="mend what --set, --after, --requires or a drop-in says",
            )


def _exchange(plan: Plan, machine: Machine, stage: Stage, name: str, undo: list[_Undo]) -> None:
    """Put the files in place.

    The receipt is the first to come and the last to go: whatever kills us in between, it names what is there.
    """
    receipt = receipts.path_of(machine, name)
    if plan.receipt is not None:
        with _undisturbed():
            stage.swap(receipt)
            undo.append(_Undo("the receipt", lambda: stage.restore(receipt)))
    if machine.booted:
        # Undoing goes backwards: systemd reads the files again once they are all back.
        undo.append(_Undo("", lambda: systemd.systemctl(machine, "daemon-reload")))
    for file in plan.files:
        with _undisturbed():
            stage.swap(file.path)
            undo.append(_Undo(file.path, lambda path=file.path: stage.restore(path)))  # type: ignore[misc]  # bound now
    for removal in plan.removals:
        _take(removal.path, removal.path, machine, stage, undo)
    if plan.receipt is None:
        _take(receipt, "the receipt", machine, stage, undo)
    stage.sync()


def _take(path: str, what: str, machine: Machine, stage: Stage, undo: list[_Undo]) -> None:
    if files.exists(machine.root, path):
        with _undisturbed():
            stage.take(path)
            undo.append(_Undo(what, lambda: stage.restore(path)))


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back an interrupt from the keyboard: between a step and the note of how to undo it, it would leave half.

    A blocked signal would go to another thread, if there is one, and come back to us from there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted, and only it may change handlers
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held and callable(before):
        before(signal.SIGINT, None)


def _act(action: Action, machine: Machine, undo: list[_Undo], *, early: bool) -> None:
    """Do one action; remember first how things were, since a failed action may have done half of its work."""
    back: ActionKind | None
    units: tuple[str, ...]
    match action.kind:
        case "enable" | "disable":
            before = systemd.enabled(machine, action.units)
            back = "disable" if action.kind == "enable" else "enable"
            units = tuple(unit for unit, was in before.items() if was == (back == "enable"))
        case "start" | "stop":
            before = systemd.active(machine, action.units)
            back = "stop" if action.kind == "start" else "start"
            units = tuple(unit for unit, was in before.items() if was == (back == "start"))
        case _:
            back, units = None, ()
    if units and back:
        reverse = Action(kind=back, units=units)
        step = _Undo(f"{action.kind} {' '.join(units)}", lambda: systemd.act(machine, reverse))
        # What was running comes back after its files, so it goes to the end that is undone last.
        undo.insert(0 if back == "start" else len(undo), step)
    systemd.act(machine, action, alone=not early)


def _roll_back(undo: list[_Undo], stage: Stage) -> tuple[tuple[str, ...], tuple[str, ...]]:
    undone: list[str] = []
    left: list[str] = []
    for step in reversed(undo):
        try:
            step.do()
        except (SvcctlError, OSError) as error:
            left.append(f"{step.what}: {describe_cause(error)}" if step.what else describe_cause(error))
        else:
            undone += [step.what] if step.what else []
    with contextlib.suppress(OSError):
        stage.sync()
    return tuple(undone), tuple(left)


def _as_ours(error: Exception) -> Exception:
    if isinstance(error, PermissionError) and not isinstance(error, SvcctlError):
        where = f" {error.filename}" if error.filename else ""
        return PermissionDeniedError(f"not allowed{where}: {error.strerror}", hint="try with sudo")
    if isinstance(error, OSError) and not isinstance(error, SvcctlError):
        return ConfigurationError(
            f"cannot write: {error.strerror or error}", hint="is the disk full or read-only?"
        )
    return error
