"""Trees with dependencies and supervision, and what can be seen of the services in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree.failing import PERMANENT, TEMPORARY
from svcctl.application.tree.record import RESTING, RUNNING, State, record_of

#: A probe or a collection.
Node: TypeAlias = Any


class Leaf(NamedTuple):
    """What a service is made of.

    Attributes:
        starting, stopping: Seconds that its start and stop take.
        broken: Which of its starts fail, counted from 0.
        restart: Its kind.
        after, across: Pick what it comes after among its siblings, if it says so, and in the branches before its own.
        busy: It has something in the background.
    """

    starting: float = 0.0
    stopping: float = 0.0
    broken: frozenset[int] = frozenset()
    restart: str = PERMANENT
    after: tuple[int, ...] | None = None
    across: tuple[int, ...] = ()
    busy: bool = False


class Branch(NamedTuple):
    """What a collection is made of: services, supervision, and what picks the branches that it comes after."""

    leaves: tuple[Leaf, ...] = ()
    policy: tuple[str, int, float] | None = None
    after: tuple[int, ...] | None = None


class Probe(Service):
    """A service that complains when it is started or stopped in the wrong moment of its own life.

    Attributes:
        home: The collection it was made for.
        up: It has started and not stopped.
        inside: The hook that goes on.
        over: It has ended for good: finished, or it is temporary and failed, or went down with others.
        working: How many tasks it has in the background.
        crash: What its background waits for; an error makes it raise that.
    """

    def __init__(self, world: World, name: str, leaf: Leaf, home: MultiService) -> None:
        self.world = world
        self.name = name
        self.leaf = leaf
        self.restart = leaf.restart
        self.home = home
        self.starts = 0
        self.up = self.over = False
        self.inside = ""
        self.working = 0
        self.crash: asyncio.Future[None] | None = None

    async def startService(self) -> None:
        """Start, or fail to."""
        if self.inside or self.up or self.working:
            self.world.wrong.append(f"{self.name} is started while it is up or in its {self.inside}")
        self.inside = "start"
        number, self.starts = self.starts, self.starts + 1
        self.crash = None
        if self.leaf.busy:
            self.crash = asyncio.get_running_loop().create_future()
            self.spawn(self.work(self.crash))
        try:
            await asyncio.sleep(self.leaf.starting)
        finally:
            self.inside = ""
        if number in self.leaf.broken:
            raise ValueError(f"{self.name} is broken")
        self.up = True

    async def stopService(self) -> None:
        """Stop."""
        if self.inside or not self.up:
            self.world.wrong.append(f"{self.name} is stopped while it is not up or in its {self.inside}")
        self.inside = "stop"
        try:
            await asyncio.sleep(self.leaf.stopping)
        finally:
            self.inside = ""
            self.up = False

    async def work(self, crash: asyncio.Future[None]) -> None:
        """Be busy in the background, until that fails or is cancelled."""
        self.working += 1
        try:
            await crash
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # it is to be waited for
            raise
        finally:
            self.working -= 1


class World:
    """A tree ``root/b0/p0``, and what has become of its services.

    Attributes:
        wrong: What must not have been, in words.
        told: What the owner of the tree has been told since it was at rest.
        everyone: All services that there have been, also those that were removed.
        served: Who has been ready since its collection began to start, until that has stopped.
        late: Who was added since its collection began to start, or may have to wait for somebody elsewhere.
        back: Who was added and has not begun to start: until then it may still be stopping from its last stay.
        sequences: The collections in which nobody says what it comes after.
        lasting: Those that have been sequences since they began to start.
        follows: What each branch comes after: by its own word, or for the sake of what is in it.
        cut: The stop has no time, so that it need not keep the order.
    """

    def __init__(self, branches: tuple[Branch, ...], policy: tuple[str, int, float] | None) -> None:
        self.wrong: list[str] = []
        self.told: list[BaseException] = []
        self.everyone: list[Probe] = []
        self.served: set[Node] = set()
        self.late: set[Probe] = set()
        self.back: set[Probe] = set()
        self.sequences: set[MultiService] = set()
        self.lasting: set[MultiService] = set()
        self.follows: dict[MultiService, list[MultiService]] = {}
        self.cut = False
        self.root = MultiService(supervision=_policy(policy))
        self.root.setName("root")
        for branch in branches:
            self._grow(branch)
        self.watch(self._note)
        lifecycle.on_failure(self.root, self.told.append)

    def _grow(self, branch: Branch) -> None:
        collection = MultiService(supervision=_policy(branch.policy))
        collection.setName(f"b{len(self.root)}")
        if branch.after is not None:
            collection.after = [each.name for each in _picked(list(self.root), branch.after)]
        self.root.addService(collection)
        for leaf in branch.leaves:
            collection.addService(self.probe(leaf, collection))

    def probe(self, leaf: Leaf, home: MultiService) -> Probe:
        """Return a service that comes only after others that are there already, so that there is no cycle."""
        probe = Probe(self, f"p{len(self.everyone)}", leaf, home)
        before = list(self.root)[: list(self.root).index(home)]
        there = [each for collection in before for each in (collection, *collection)]
        across = [each.path for each in _picked(there, leaf.across)]
        if leaf.after is not None or across:
            probe.after = [each.name for each in _picked(list(home), leaf.after or ())] + across
        self.everyone.append(probe)
        return probe

    def join(self, probe: Probe) -> None:
        """Put a service into its collection."""
        probe.over = False
        self.served.discard(probe)
        self.late.add(probe)
        self.back.add(probe)
        probe.setServiceParent(probe.home)
        in_use = not (is_down(probe.home) and is_down(self.root))
        if in_use and (probe.after is not None or probe.home not in self.sequences):
            self.arrange()

    def arrange(self) -> None:
        """Work out the order, as the driver does when it starts the tree or adds to one that runs."""
        stating = [each for each in (*self.root, *self.probes()) if each.after is not None]
        graphs = [each.parent for each in stating]
        graphs += [self.root for each in self.probes() if self.across(each)]
        self.sequences = {each for each in (self.root, *self.root) if each not in graphs}
        self.lasting &= self.sequences
        self.follows = {}
        for branch in self.root:
            names = {text.split("/")[1] for probe in branch for text in self.across(probe)}
            names |= set(branch.after or ())
            self.follows[branch] = [each for each in self.root if each.name in names]

    def watch(self, observer: Callable[[Any, Any], None]) -> None:
        """Call an observer with each event and the service it is about, if that is still in the tree.

        The driver survives observers that raise, so their own faults count as something wrong.
        """

        def observe(event: Any) -> None:  # noqa: ANN401 (events of several kinds)
            service = self.at(event.path)
            try:
                if service is not None:
                    observer(event, service)
            except Exception as error:  # noqa: BLE001 (whatever it is, it belongs into the report)
                self.wrong.append(f"{observer} cannot judge {event}: {error!r}")

        lifecycle.watch(self.root, observe)

    def _note(self, event: Any, service: Node) -> None:  # noqa: ANN401 (an event of any kind, a probe or a collection)
        if not isinstance(event, lifecycle.Transition):
            return
        if isinstance(service, MultiService) and State.STOPPING in (event.before, event.after):
            self._hold_up()
            if event.before is State.STOPPING:
                self.served.difference_update(service)
        if event.after is State.READY:
            self.served.add(service)
        elif event.after is State.STARTING and isinstance(service, MultiService):
            self.lasting |= {service} & self.sequences
            self.served.difference_update(service)
            self.late.difference_update(service)
            for probe in self.probes_of(service):
                probe.over = False
            self._hold_up()
        elif event.after is State.STARTING:
            self.back.discard(service)
        elif service not in self.back and is_temporary(service):
            fails = event.after is State.FAILED and event.before is not State.STOPPING
            goes_down = state_of(service.home) in RUNNING and event.before in (*RUNNING, State.STARTING)
            service.over |= fails or goes_down

    def _hold_up(self) -> None:
        """Take note of who cannot start with its collection."""
        starting = [each for each in self.probes() if state_of(each.home) is State.STARTING]
        missing = {each for each in self.probes() if each not in self.served and not has_ended(each)}
        missing |= {each for each in self.probes() if state_of(each.home) is State.STOPPING}
        held = {each for each in starting if any(self.at(path) in missing for path in self.across(each))}
        while more := {each for each in starting if held.intersection(self.beside(each))} - held:
            held |= more
        self.late |= held

    def probes(self) -> Iterator[Probe]:
        """Yield the services of the tree that are no collections."""
        for collection in self.root:
            yield from collection

    def probes_of(self, service: Node) -> list[Probe]:
        """Return a service that is no collection, or those of the tree that are in it."""
        return [each for each in self.probes() if service in (each, each.home, self.root)]

    def at(self, path: str) -> Node | None:
        """Return what is at a path; ``None`` if that is no longer in the tree."""
        first, *rest = path.split("/")
        service: Node | None = self.root if first == "root" else None
        for name in rest:
            service = service.namedServices.get(name) if service is not None else None
        return service

    def beside(self, service: Node) -> list[Node]:
        """Return the siblings that a service comes after in a graph."""
        if isinstance(service, Probe):
            return [each for each in service.home if each.name in (service.after or ())]
        return list(self.follows.get(service, ()))

    def across(self, probe: Probe) -> list[str]:
        """Return the paths into other branches that a service comes after."""
        return [text for text in probe.after or () if "/" in text]

    def needing(self, probe: Probe) -> list[Probe]:
        """Return the services of the tree that say that they come after another one."""
        return [
            each
            for each in self.probes()
            if probe.path in self.across(each) or (each.home is probe.home and probe in self.beside(each))
        ]

    def is_up(self, service: Node) -> bool:
        """Tell whether something of a service is up, starts or stops; also of a collection what was removed."""
        those = [each for each in self.everyone if service in (each, each.home)]
        return any(each.inside or each.up for each in those)


def state_of(service: Node) -> State:
    """Return where a service is in its life."""
    return record_of(service).state


def has_ended(service: Node) -> bool:
    """Tell whether a service is down for good, until its collection starts again."""
    return isinstance(service, Probe) and service.over


def is_temporary(service: Node) -> bool:
    """Tell whether a service is never restarted."""
    return isinstance(service, Probe) and service.restart == TEMPORARY


def strategy_of(collection: MultiService) -> str:
    """Return what a collection restarts; nothing if it does not supervise."""
    return collection.supervision.strategy if collection.supervision is not None else ""


def is_down(service: Node) -> bool:
    """Tell whether a service has stopped or failed."""
    return state_of(service) in RESTING


def _policy(policy: tuple[str, int, float] | None) -> Supervision | None:
    return Supervision(*policy, lambda attempt: 0.5 * attempt) if policy is not None else None


def _picked(candidates: list[Node], picks: tuple[int, ...]) -> list[Node]:
    return [candidates[pick % len(candidates)] for pick in picks] if candidates else []
