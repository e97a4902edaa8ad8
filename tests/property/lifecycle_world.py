"""The referee of trees that change while they live: it knows what must never happen, whatever happens."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, NamedTuple

from svcctl.application.tree.record import State, record_of
from svcctl.errors import ServiceFailedError, StartError, StopError
from tests.property.lifecycle_probes import Boom, Core, Spec, World, build, path


class Action(NamedTuple):
    """What a hook does to the tree besides its own work.

    Attributes:
        what: ``add`` or ``remove``.
        which: Picks the collection to add to, or the service to remove.
        spec: What is added.
    """

    what: str
    which: int
    spec: Spec = Spec()


class Status:
    """What has happened to one probe, according to its own hooks."""

    def __init__(self) -> None:
        self.bound = False
        self.started = False
        self.drained = False
        self.inside: list[str] = []


class Referee(World):
    """A world that changes, and notes everything that must not be.

    Attributes:
        root: The root of the tree.
        wrong: What must not have been, in words.
        actions: What hooks do to the tree, by phase and label.
        detached: Services that were removed.
        late: Services that were added to what was in use.
        found_paths: The path at which each probe failed.
    """

    def __init__(self, spec: Spec, actions: dict[tuple[str, str], Action]) -> None:
        super().__init__()
        self.gates = []
        self.wrong: list[str] = []
        self.status: dict[str, Status] = {}
        self.actions = actions
        self.count = 0
        self.detached: list[Any] = []
        self.late: list[Any] = []
        self.told: list[BaseException] = []
        self.found_paths: dict[str, str] = {}
        self.tasks: list[asyncio.Task[None]] = []
        self.root = build(self, spec, "r")

    # What the probes tell.

    def entered(self, probe: Core, phase: str) -> None:
        """Check whether this hook may be called now."""
        super().entered(probe, phase)
        status = self.status.setdefault(probe.label, Status())
        allowed = {
            "bind": not status.bound and not status.started and not status.inside,
            "start": status.bound and not status.started and not status.inside,
            "stop": status.started and not status.inside,
            "drain": status.started and not status.drained,
            "release": status.bound and not status.started and not status.inside,
        }[phase]
        if not allowed:
            self.wrong.append(f"{phase} of {probe.label} while {vars(status)}")
        if phase == "drain":
            status.drained = True
        if phase in {"start", "stop"}:
            self._check_order(probe, phase)
        status.inside.append(phase)
        self.found_paths[f"{probe.label} {phase}"] = path(probe.probe)

    def gone(self, probe: Core, phase: str) -> None:
        """Take note of what a hook leaves behind even if it failed."""
        status = self.status[probe.label]
        status.inside.remove(phase)
        if phase == "stop":
            status.started = status.bound = status.drained = False
        elif phase == "release":
            status.bound = False

    def left(self, probe: Core, phase: str) -> None:
        """Take note of what a hook that succeeded has done."""
        super().left(probe, phase)
        status = self.status[probe.label]
        if phase == "bind":
            status.bound = True
        elif phase == "start":
            status.started = True

    def _check_order(self, probe: Core, phase: str) -> None:
        parent = probe.probe.parent
        if parent is None or not any(child is probe.probe for child in parent):
            return
        siblings = list(parent)
        position = [child is probe.probe for child in siblings].index(True)
        state = record_of(parent).state
        if phase == "start" and state is State.STARTING:
            early = [each for each in siblings[:position] if not self._is_up(each)]
            if early:
                self.wrong.append(f"{probe.label} starts before {early[0].core.label}")
        if phase == "stop" and state is State.STOPPING and record_of(probe.probe).stop_task is None:
            late = [each for each in siblings[position + 1 :] if self._is_up(each)]
            if late:
                self.wrong.append(f"{probe.label} stops before {late[0].core.label}")

    def _is_up(self, probe: Any) -> bool:  # noqa: ANN401 (services need no common class)
        status = self.status.get(probe.core.label)
        return status is not None and status.started

    def act(self, probe: Core, phase: str) -> None:
        """Do what the hook is told to do to the tree, once."""
        action = self.actions.pop((phase, probe.label), None)
        if action is None:
            return
        if action.what == "add":
            self.add(action.which, action.spec)
        else:
            self.remove(action.which, wait=False)

    # What changes the tree.

    def everyone(self) -> list[Any]:
        """Return all services of the tree, parents first."""
        return _below(self.root)

    def add(self, which: int, spec: Spec) -> None:
        """Add a new service to some collection of the tree, and wait for it or not."""
        collections = [each for each in self.everyone() if each.core.spec.holds]
        collection = collections[which % len(collections)]
        self.count += 1
        self.join(collection, build(self, spec, f"x{self.count}-"), wait=which % 2 == 0)

    def join(self, collection: Any, probe: Any, *, wait: bool) -> None:  # noqa: ANN401 (services need no common class)
        """Put a service into a collection."""
        ours = hasattr(probe, "fail")
        running = record_of(collection).state not in {State.STOPPED, State.FAILED}
        if not ours and collection.core.spec.kind != "collection" and running:
            return  # nobody of ours is in between, so nobody could know
        if running:
            self.late.append(probe)
        outcome = probe.setServiceParent(collection)
        if wait and outcome is not None:
            self.wait_for(outcome)

    def remove(self, which: int, *, wait: bool) -> None:
        """Remove some service of the tree, and wait for it or not."""
        candidates = [
            each
            for each in self.everyone()
            if each.parent is not None
            and (hasattr(each, "fail") or each.parent.core.spec.kind == "collection")
        ]
        if not candidates:
            return
        probe = candidates[which % len(candidates)]
        outcome = probe.disownServiceParent()
        self.detached.append(probe)
        if wait and outcome is not None:
            self.wait_for(outcome)

    def wait_for(self, outcome: Any) -> None:  # noqa: ANN401 (anything that can be awaited)
        """Wait for an outcome in a task, and keep what it raises."""
        self.tasks.append(asyncio.get_event_loop().create_task(self._collect(outcome)))

    async def _collect(self, outcome: Any) -> None:  # noqa: ANN401 (the same)
        try:
            await outcome
        except Exception as error:  # noqa: BLE001 (whatever it is, the referee judges it)
            self.told.append(error)

    # What must be true.

    def running(self) -> list[str]:
        """Return the labels of all services that have started or are bound, wherever they are."""
        return [label for label, status in self.status.items() if status.started or status.bound]

    def check_books(self) -> None:
        """Check that `running` is never true of what has not started or has stopped."""
        for probe in [*self.everyone(), *(each for top in self.detached for each in _below(top))]:
            if hasattr(probe, "fail") and probe.running and not self._is_up(probe):
                self.wrong.append(f"{probe.core.label} claims to run")

    def check_all_up(self) -> None:
        """Check that everything in the tree is up, but for what came too late to be a part of the start and failed."""
        failed = [each for each in self.late if record_of(each).state is State.FAILED]
        excused = [id(each) for top in failed for each in _below(top)]
        for probe in self.everyone():
            if id(probe) in excused:
                continue
            if not self._is_up(probe):
                self.wrong.append(f"{probe.core.label} is not up although the tree is ready")
            elif hasattr(probe, "fail") and not probe.running and record_of(probe).state is not State.FAILED:
                self.wrong.append(f"{probe.core.label} is up and says it does not run")

    def check_reports(self) -> None:
        """Check that each error of a start or stop was reported once, and by the right name."""
        counted = Counter(id(boom) for error in self.told for boom in self._culprits(error))
        for boom in self.raised:
            if boom.phase != "release" and counted[id(boom)] != 1:
                self.wrong.append(f"{boom} was reported {counted[id(boom)]} times")

    def _culprits(self, error: BaseException) -> list[Boom]:
        if isinstance(error, ExceptionGroup):
            return [boom for each in error.exceptions for boom in self._culprits(each)]
        if isinstance(error, ServiceFailedError):
            return self._culprits(error.__cause__) if error.__cause__ is not None else []
        if isinstance(error, StartError | StopError):
            cause = error.__cause__
            rollback = getattr(error, "rollback", ())
            return [boom for each in (cause, *rollback) if each is not None for boom in self._culprits(each)]
        return [error] if isinstance(error, Boom) else []

    def check_start_error(self, error: StartError) -> None:
        """Check that a failed start names its culprit."""
        if isinstance(error.__cause__, Boom):
            culprit = error.__cause__
            expected = self.found_paths[f"{culprit.probe} {culprit.phase}"]
            if (error.path, error.phase) != (expected, culprit.phase):
                self.wrong.append(f"{error.path} {error.phase} is blamed for {culprit} at {expected}")


class LogReader(logging.Handler):
    """Takes what was logged as told, too.

    Args:
        referee: Who is told.
    """

    def __init__(self, referee: Referee) -> None:
        super().__init__()
        self.referee = referee

    def emit(self, record: logging.LogRecord) -> None:
        """Take the error of a record."""
        if record.exc_info and record.exc_info[1] is not None:
            self.referee.told.append(record.exc_info[1])


def _below(probe: Any) -> list[Any]:  # noqa: ANN401 (services need no common class)
    return [probe, *(each for child in (probe if probe.core.spec.holds else ()) for each in _below(child))]
