"""What the driver has to do with a tree that nobody changes, written as simply as possible."""

from __future__ import annotations

from typing import NamedTuple

from tests.property.lifecycle_probes import PHASES, Hook, Spec


class Fault(NamedTuple):
    """An error that has to be reported.

    Attributes:
        phase: In which phase a hook raised.
        label: Whose hook it was.
    """

    phase: str
    label: str


class FailedError(Exception):
    """A start came to nothing.

    Args:
        fault: Why.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault
        self.rollback: list[Fault] = []


class Node:
    """A service in the model.

    Args:
        spec: What it is.
        label: Its name in the log.
        log: The log of the whole tree.
    """

    def __init__(self, spec: Spec, label: str, log: list[tuple[str, str, str]]) -> None:
        self.spec = spec
        self.label = label
        self.log = log
        self.children = [
            Node(child, f"{label}{position}", log) for position, child in enumerate(spec.children)
        ]
        self.bound = self.started = self.drained = False
        self.attempts = dict.fromkeys(PHASES, 0)

    def hook(self, phase: str) -> Hook:
        """Return how a hook is written; foreign classes have nothing to call up to."""
        hook = self.spec.hooks.get(phase, Hook())
        has_base = self.spec.kind in {"leaf", "collection"} and phase in {"bind", "start", "stop"}
        return hook if has_base else hook._replace(up="no")

    def work(self, phase: str) -> bool:
        """Do a hook's own work; return whether it succeeded."""
        attempt = self.attempts[phase]
        self.attempts[phase] += 1
        return attempt not in self.hook(phase).fails_at

    def simple(self, phase: str) -> list[Fault]:
        """Call a hook that does nothing but its own work; return what went wrong."""
        self.log.append((">", phase, self.label))
        if not self.work(phase):
            return [Fault(phase, self.label)]
        self.log.append(("<", phase, self.label))
        return []

    def walk(self) -> list[Node]:
        """Return it and all below it, parents first."""
        return [self, *(each for child in self.children for each in child.walk())]

    def bind(self) -> None:
        """Bind the tree, or release what was bound and raise."""
        for each in self.walk():
            if each.bound:
                continue
            if each.simple("bind"):
                for other in reversed(self.walk()):
                    other.release()
                raise FailedError(Fault("bind", each.label))
            each.bound = True

    def release(self) -> None:
        """Undo the binding, if it is bound and has not started; what goes wrong is only logged."""
        if self.bound and not self.started:
            self.bound = False
            self.simple("release")

    def start(self) -> None:
        """Bind and start the tree, or undo everything and raise."""
        self.bind()
        self._start()

    def _start(self) -> None:
        try:
            self._start_hook()
            self.started = True
            self._start_children()
        except FailedError as error:
            error.rollback += self.drain()
            error.rollback += self.bring_down()
            raise

    def _start_hook(self) -> None:
        hook = self.hook("start")
        waits_for_children = self.spec.kind == "collection" and hook.asynchronous
        self.log.append((">", "start", self.label))
        if waits_for_children and hook.up == "before":
            self._start_children()
        if not self.work("start"):
            raise FailedError(Fault("start", self.label))
        if waits_for_children and hook.up == "after":
            self._start_children()
        self.log.append(("<", "start", self.label))

    def _start_children(self) -> None:
        for child in self.children:
            if not child.started:
                child._start()

    def stop(self) -> list[Fault]:
        """Drain and stop the tree; return what went wrong."""
        return [*self.drain(), *self.bring_down()]

    def drain(self) -> list[Fault]:
        """Drain what has started: first every hook is called, then those that wait go on."""
        asked = [each for each in self.walk() if each.spec.drains and each.started and not each.drained]
        faults: list[Fault] = []
        later: list[Fault] = []
        for each in asked:
            each.drained = True
            if not each.hook("drain").asynchronous:
                faults += each.simple("drain")
        for each in asked:
            if each.hook("drain").asynchronous:
                later += each.simple("drain")
        return faults + later

    def bring_down(self) -> list[Fault]:
        """Stop what has started, release what is only bound; return what went wrong."""
        faults: list[Fault] = []
        if self.started:
            faults += self._stop_hook()
        for child in reversed(self.children):
            faults += child.bring_down()
        if self.started:
            self.started = self.bound = self.drained = False
        else:
            self.release()
        return faults

    def _stop_hook(self) -> list[Fault]:
        hook = self.hook("stop")
        waits_for_children = self.spec.kind == "collection" and hook.asynchronous
        faults: list[Fault] = []
        self.log.append((">", "stop", self.label))
        if waits_for_children and hook.up == "before":
            for child in reversed(self.children):
                faults += child.bring_down()
        if not self.work("stop"):
            return [*faults, Fault("stop", self.label)]
        if waits_for_children and hook.up == "after":
            for child in reversed(self.children):
                faults += child.bring_down()
        self.log.append(("<", "stop", self.label))
        return faults
