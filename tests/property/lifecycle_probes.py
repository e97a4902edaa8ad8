"""Services of every kind that write down what happens to them and fail where they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

from svcctl.application.service import MultiService, Service

PHASES = ("bind", "start", "stop", "release", "drain")


class Hook(NamedTuple):
    """How one hook of a probe is written.

    Attributes:
        asynchronous: It is ``async def``.
        up: When it calls the base class: ``no``, ``before`` or ``after`` its own work. Only classes of ours have one.
        fails_at: At which of its calls, counted from 0, it raises.
        waits: How often it waits for a gate to open, if it is asynchronous.
    """

    asynchronous: bool = False
    up: str = "no"
    fails_at: frozenset[int] = frozenset()
    waits: int = 0


class Spec(NamedTuple):
    """A probe to be built.

    Attributes:
        kind: ``leaf``, ``collection``, and the same with ``foreign`` or ``slotted`` in front of it.
        named: It has a name.
        drains: It has a ``drain`` hook.
        hooks: Its hooks by phase; what is missing is a plain function that does nothing.
        children: Its children.
    """

    kind: str = "leaf"
    named: bool = True
    drains: bool = False
    hooks: dict[str, Hook] = {}  # noqa: RUF012 (never changed)
    children: tuple[Spec, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is a collection."""
        return self.kind.endswith("collection")


class Boom(Exception):  # noqa: N818 (no error of ours: it stands for whatever users raise)
    """What a hook raises.

    Args:
        probe: Name of the probe.
        phase: Phase of the hook.
        attempt: At which of its calls.
    """

    def __init__(self, probe: str, phase: str, attempt: int) -> None:
        super().__init__(f"{probe} {phase} {attempt}")
        self.probe = probe
        self.phase = phase
        self.attempt = attempt


class World:
    """What all probes of a tree share.

    Attributes:
        log: What happened, in order: ``>`` or ``<`` (a hook began, or ended well), phase and probe.
        raised: What hooks raised.
        gates: What asynchronous hooks wait for; ``None`` if they only let others run.
    """

    def __init__(self) -> None:
        self.log: list[tuple[str, str, str]] = []
        self.raised: list[Boom] = []
        self.gates: list[asyncio.Future[None]] | None = None

    async def gate(self) -> None:
        """Wait until somebody opens the gate."""
        if self.gates is None:
            await asyncio.sleep(0)
            return
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        try:
            await gate
        finally:
            self.gates.remove(gate)

    def entered(self, probe: Core, phase: str) -> None:
        """Take note that a hook began."""
        self.log.append((">", phase, probe.label))

    def left(self, probe: Core, phase: str) -> None:
        """Take note that a hook ended well."""
        self.log.append(("<", phase, probe.label))

    def gone(self, probe: Core, phase: str) -> None:
        """Take note that a hook ended, whatever the way."""

    def act(self, probe: Core, phase: str) -> None:
        """Do what a hook does beyond its own work."""


class Core:
    """What a probe is told to do, apart from what it is.

    Args:
        world: What it shares with others.
        label: Its name in the log.
        spec: What it is told to do.
        probe: The service.
    """

    def __init__(self, world: World, label: str, spec: Spec, probe: Any) -> None:  # noqa: ANN401 (services need no common class)
        self.world = world
        self.label = label
        self.spec = spec
        self.probe = probe
        self.attempts = dict.fromkeys(PHASES, 0)

    def call(self, phase: str, up: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401 (whatever hooks return)
        """Do what the hook of a phase does; ``up`` calls the base class."""
        hook = self.spec.hooks.get(phase, Hook())
        if up is None:
            hook = hook._replace(up="no")
        return self._later(phase, hook, up) if hook.asynchronous else self._now(phase, hook, up)

    def _now(self, phase: str, hook: Hook, up: Callable[[], Any] | None) -> Any:  # noqa: ANN401 (the same)
        self.world.entered(self, phase)
        try:
            result = up() if up is not None and hook.up == "before" else None
            self._work(phase, hook)
            if up is not None and hook.up == "after":
                result = up()
        finally:
            self.world.gone(self, phase)
        self.world.left(self, phase)
        return result

    async def _later(self, phase: str, hook: Hook, up: Callable[[], Any] | None) -> None:
        self.world.entered(self, phase)
        try:
            if up is not None and hook.up == "before":
                await up()
            for _ in range(hook.waits):
                await self.world.gate()
            self._work(phase, hook)
            if up is not None and hook.up == "after":
                await up()
        finally:
            self.world.gone(self, phase)
        self.world.left(self, phase)

    def _work(self, phase: str, hook: Hook) -> None:
        attempt = self.attempts[phase]
        self.attempts[phase] += 1
        self.world.act(self, phase)
        if attempt in hook.fails_at:
            boom = Boom(self.label, phase, attempt)
            self.world.raised.append(boom)
            raise boom


class Leaf(Service):
    """A probe that is a service of ours."""

    core: Core

    def privilegedStartService(self) -> Awaitable[None] | None:
        """Bind."""
        result: Awaitable[None] | None = self.core.call("bind", super().privilegedStartService)
        return result

    def startService(self) -> Awaitable[None] | None:
        """Start."""
        result: Awaitable[None] | None = self.core.call("start", super().startService)
        return result

    def stopService(self) -> Awaitable[None] | None:
        """Stop."""
        result: Awaitable[None] | None = self.core.call("stop", super().stopService)
        return result

    def release(self) -> Awaitable[None] | None:
        """Undo the binding."""
        result: Awaitable[None] | None = self.core.call("release")
        return result


class Collection(MultiService):
    """A probe that is a collection of ours."""

    core: Core

    def privilegedStartService(self) -> Awaitable[None] | None:
        """Bind."""
        result: Awaitable[None] | None = self.core.call("bind", super().privilegedStartService)
        return result

    def startService(self) -> Awaitable[None] | None:
        """Start."""
        result: Awaitable[None] | None = self.core.call("start", super().startService)
        return result

    def stopService(self) -> Awaitable[None] | None:
        """Stop."""
        result: Awaitable[None] | None = self.core.call("stop", super().stopService)
        return result

    def release(self) -> Awaitable[None] | None:
        """Undo the binding."""
        result: Awaitable[None] | None = self.core.call("release")
        return result


class SlottedLeaf:
    """A probe that inherits nothing of ours and has no room for anything else."""

    __slots__ = ("core", "drain", "name", "parent")

    core: Core
    drain: Callable[[], object]

    def __init__(self) -> None:
        self.name: str | None = None
        self.parent: Any = None

    @property
    def running(self) -> bool:
        """What the interface wants; the driver has its own books."""
        return False

    def setName(self, name: str) -> None:
        """Name it."""
        self.name = name

    def setServiceParent(self, parent: Any) -> object:  # noqa: ANN401 (a collection of any class)
        """Add it to a collection."""
        return parent.addService(self)

    def disownServiceParent(self) -> object:
        """Take it out of its collection."""
        return self.parent.removeService(self)

    def privilegedStartService(self) -> object:
        """Bind."""
        return self.core.call("bind")

    def startService(self) -> object:
        """Start."""
        return self.core.call("start")

    def stopService(self) -> object:
        """Stop."""
        return self.core.call("stop")

    def release(self) -> object:
        """Undo the binding."""
        return self.core.call("release")


class ForeignLeaf(SlottedLeaf):
    """A probe that inherits nothing of ours."""


class SlottedCollection(SlottedLeaf):
    """A collection that inherits nothing of ours and keeps its children as it likes."""

    __slots__ = ("children",)

    def __init__(self) -> None:
        super().__init__()
        self.children: list[Any] = []

    def getServiceNamed(self, name: str) -> Any:  # noqa: ANN401 (services need no common class)
        """Return the child of that name."""
        return {child.name: child for child in self.children}[name]

    def addService(self, service: Any) -> None:  # noqa: ANN401 (the same)
        """Put a child into the list."""
        service.parent = self
        self.children.append(service)

    def removeService(self, service: Any) -> None:  # noqa: ANN401 (the same)
        """Take a child out of the list."""
        self.children.remove(service)
        service.parent = None

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the children."""
        return iter(self.children)


class ForeignCollection(SlottedCollection):
    """A collection that inherits nothing of ours."""


_CLASSES: dict[str, type[Any]] = {
    "leaf": Leaf,
    "collection": Collection,
    "foreign leaf": ForeignLeaf,
    "foreign collection": ForeignCollection,
    "slotted leaf": SlottedLeaf,
    "slotted collection": SlottedCollection,
}


def build(world: World, spec: Spec, label: str) -> Any:  # noqa: ANN401 (services need no common class)
    """Build a probe and those below it; their labels are the positions on the way down, such as ``r02``."""
    probe = _CLASSES[spec.kind]()
    probe.core = Core(world, label, spec, probe)
    if spec.named:
        probe.name = label
    if spec.drains:
        probe.drain = lambda: probe.core.call("drain")
    for position, child in enumerate(spec.children):
        probe.addService(build(world, child, f"{label}{position}"))
    return probe


def path(probe: Any) -> str:  # noqa: ANN401 (services need no common class)
    """Return the path that errors have to name."""
    if probe.parent is None:
        return _label(probe, 0)
    position = [child is probe for child in probe.parent].index(True)
    return f"{path(probe.parent)}/{_label(probe, position)}"


def _label(probe: Any, position: int) -> str:  # noqa: ANN401 (the same)
    return str(probe.name) if probe.name is not None else f"{type(probe).__name__}[{position}]"
