"""Trees with dependencies and supervision, and a referee who knows what must never happen in them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from svcctl.application import lifecycle
from svcctl.application.events import RestartLimitReached, RestartScheduled
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree.failing import PERMANENT, TEMPORARY
from svcctl.application.tree.record import RESTING, RUNNING, State, record_of
from svcctl.errors import DependencyError

ONE_FOR_ONE = "one_for_one"
Policy = tuple[str, int, float] | None


class Leaf(NamedTuple):
    """What a service is made of.

    Attributes:
        starting: Seconds that its start takes.
        stopping: Seconds that its stop takes.
        broken: Which of its starts fail, counted from 0.
        restart: Its kind.
        after: Picks what it comes after among its siblings; ``None`` if it does not say.
        across: Picks what it comes after in the branches before its own, by path.
    """

    starting: float = 0.0
    stopping: float = 0.0
    broken: frozenset[int] = frozenset()
    restart: str = PERMANENT
    after: tuple[int, ...] | None = None
    across: tuple[int, ...] = ()


class Branch(NamedTuple):
    """What a collection is made of.

    Attributes:
        leaves: Its services.
        policy: Strategy, restarts and seconds of its supervision; ``None`` for none.
        after: Picks the branches that it comes after; ``None`` if it does not say.
    """

    leaves: tuple[Leaf, ...] = ()
    policy: Policy = None
    after: tuple[int, ...] | None = None


class Failure(NamedTuple):
    """A failure that the observers were told of.

    Attributes:
        time: When.
        path: Of what.
        error: Why.
        at_start: It failed to start.
    """

    time: float
    path: str
    error: BaseException | None
    at_start: bool


class Probe(Service):
    """A service that tells the referee what happens to it.

    Attributes:
        home: The collection it was made for.
        up: It has started and not stopped.
        inside: The hook that goes on.
        fallen: It has failed since it started.
        late: It was added while its collection or the tree was starting or stopping already.
        over: It has ended for good: finished, or it is temporary and failed, or went down with others.
    """

    def __init__(self, referee: Referee, name: str, leaf: Leaf, home: MultiService) -> None:
        self.referee = referee
        self.name = name
        self.leaf = leaf
        self.restart = leaf.restart
        self.home = home
        self.starts = 0
        self.up = self.fallen = self.over = self.late = False
        self.inside = ""

    @property
    def healthy(self) -> bool:
        """Whether it does its work."""
        return self.up and not self.fallen

    async def startService(self) -> None:
        """Start, or fail to."""
        self.referee.starts(self)
        self.inside = "start"
        number, self.starts = self.starts, self.starts + 1
        self.fallen = self.over = False
        try:
            await asyncio.sleep(self.leaf.starting)
        except asyncio.CancelledError:
            self.over = self.referee.goes_down_for_good(self)
            raise
        finally:
            self.inside = ""
        if number in self.leaf.broken:
            self.over = self.restart == TEMPORARY
            raise ValueError(f"{self.name} is broken")
        self.up = True

    async def stopService(self) -> None:
        """Stop."""
        self.referee.stops(self)
        self.inside = "stop"
        try:
            await asyncio.sleep(self.leaf.stopping)
        finally:
            self.inside = ""
            self.up = False


class Referee:
    """Builds a tree and watches it.

    Attributes:
        wrong: What must not have been, in words.
        told: What the owner of the tree has been told since it was at rest.
        everyone: All services that there have been.
        fallen: The branches that have failed since they started.
        graphs: The collections that began their last start or stop in the order of a graph.
    """

    def __init__(self, branches: tuple[Branch, ...], policy: Policy) -> None:
        self.wrong: list[str] = []
        self.told: list[BaseException] = []
        self.everyone: list[Probe] = []
        self.fallen: set[str] = set()
        self.graphs: set[str] = set()
        self.failures: dict[str, list[Failure]] = defaultdict(list)
        self.root = MultiService(supervision=_policy(policy))
        self.root.setName("root")
        for branch in branches:
            self.grow(branch)
        lifecycle.watch(self.root, self.observe)
        lifecycle.on_failure(self.root, self.told.append)

    def grow(self, branch: Branch) -> None:
        """Add a branch to a tree that is being built."""
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
        before = list(self.root)[: [each is home for each in self.root].index(True)]
        there = [each for collection in before for each in (collection, *collection)]
        across = [each.path for each in _picked(there, leaf.across)]
        if leaf.after is not None or across:
            probe.after = [each.name for each in _picked(list(home), leaf.after or ())] + across
        self.everyone.append(probe)
        return probe

    def join(self, probe: Probe) -> None:
        """Put a service into its collection."""
        probe.late = not {_state(probe.home), _state(self.root)} <= {*RUNNING, *RESTING}
        probe.setServiceParent(probe.home)

    def probes(self) -> Iterator[Probe]:
        """Yield the services of the tree that are no collections."""
        for collection in self.root:
            yield from collection

    def needing(self, probe: Probe) -> list[Probe]:
        """Return the services of the tree that say that they come after another one."""
        return [
            each
            for each in self.probes()
            for text in each.after or ()
            if text == probe.path or (text == probe.name and each.parent is probe.parent)
        ]

    # What the services tell.

    def starts(self, probe: Probe) -> None:
        """Check whether a service may be started now."""
        if probe.inside or probe.up:
            self.wrong.append(f"{probe.name} is started while it is up or in its {probe.inside}")
        home = probe.parent
        if home is None:
            return  # it has been removed while it was about to start
        if State.STOPPING in (_state(self.root), _state(home)):
            self.wrong.append(f"{probe.name} starts while the tree stops")
        early = [each for each in self.beside(probe) if not self.serves(each, home)]
        early += [each for each in self.across(probe) if not self.serves(each, self.root)]
        if _state(home) is State.STARTING and self.is_sequence(home):
            position = list(home).index(probe)
            early += [each for each in list(home)[:position] if not self.serves(each, home)]
        self.wrong += [f"{probe.name} starts before {each.name}" for each in early]
        for branch in self.branches_before(home):
            if _state(branch) not in RUNNING and not (
                branch.name in self.fallen and _state(self.root) is State.STARTING
            ):
                self.wrong.append(f"{probe.name} starts before {branch.name}")

    def is_sequence(self, collection: MultiService) -> bool:
        """Tell whether a collection is no graph now, and was none when it began to start or stop."""
        return not record_of(collection).ordered and collection.path not in self.graphs

    def serves(self, probe: Probe, common: MultiService) -> bool:
        """Tell whether what comes after a service may start: in a start it is enough to have been ready once."""
        return probe.healthy or probe.over or (probe.fallen and _state(common) is State.STARTING)

    def stops(self, probe: Probe) -> None:
        """Check whether a service may be stopped now."""
        if probe.inside or not probe.up:
            self.wrong.append(f"{probe.name} is stopped while it is not up or in its {probe.inside}")
        alone = probe.over or (probe.fallen and _strategy(probe.home) == ONE_FOR_ONE)
        late = [] if alone else [each for each in self.everyone if probe in self.beside(each)]
        home = probe.parent
        probe.over = probe.over or self.goes_down_for_good(probe)
        if home is not None and _state(home) is State.STOPPING:
            if self.is_sequence(home) and not alone:
                late += list(home)[list(home).index(probe) + 1 :]
            if home.name not in self.fallen or _state(self.root) is State.STOPPING:
                late += [each for each in self.probes() if home in self.branches_before(each.parent)]
        self.wrong += [f"{probe.name} stops before {each.name}" for each in late if each.up or each.inside]

    def goes_down_for_good(self, probe: Probe) -> bool:
        """Tell whether a temporary service is stopped with what is restarted around it."""
        return probe.restart == TEMPORARY and probe.parent is not None and _state(probe.parent) in RUNNING

    def beside(self, probe: Probe) -> list[Probe]:
        """Return the siblings that a service says it comes after; also of one that has left."""
        return [
            each
            for each in self.everyone
            if each.home is probe.home and each.name in (probe.after or ()) and (each.parent or each.up)
        ]

    def across(self, probe: Probe) -> list[Probe]:
        """Return the services in other branches that a service says it comes after."""
        paths = [text for text in probe.after or () if text.count("/") > 1]
        return [each for each in self.probes() if each.path in paths]

    def branches_before(self, branch: MultiService) -> list[MultiService]:
        """Return the branches that all of a branch comes after, but for what came too late to hold it up."""
        names = set(branch.after or ())
        for probe in (each for each in branch if not each.late):
            names |= {text.split("/")[1] for text in probe.after or () if "/" in text}
        found = [each for each in self.root if each.name in names]
        if self.is_sequence(self.root) and _state(self.root) not in RUNNING:
            found = list(self.root)[: [each is branch for each in self.root].index(True)]
        return found

    # What the driver tells.

    def observe(self, event: object) -> None:
        """Note failures, and check restarts against them."""
        now = asyncio.get_running_loop().time()
        if isinstance(event, RestartScheduled):
            self._check_restart(event)
        elif isinstance(event, RestartLimitReached):
            failures = self._recent(event.path, now)
            known = any(each.error is event.error for each in failures)
            refused = isinstance(event.error, DependencyError)  # which no transition tells of
            if not refused and len(failures) + (not known) <= event.restarts:
                self.wrong.append(f"{event.path} gives up after {failures}")
        elif isinstance(event, lifecycle.Transition):
            self._moved(event, now)

    def _moved(self, event: lifecycle.Transition, now: float) -> None:
        parent, _, name = event.path.rpartition("/")
        if event.after in (State.STARTING, State.STOPPING):
            self.graphs.discard(event.path)
            if any(event.path == each.path and record_of(each).ordered for each in (self.root, *self.root)):
                self.graphs.add(event.path)
        if event.after is State.STARTING:
            for each in self.probes():
                each.late = each.late and each.home.name != name
            self.failures.pop(event.path, None)
            self.fallen.discard(name)
        elif event.after is State.FAILED:
            seen = self.failures[parent]
            if not any(each.error is event.error for each in seen):
                seen.append(Failure(now, event.path, event.error, event.before not in RUNNING))
            if parent == "root":
                self.fallen.add(name)
        elif event.after is State.READY and parent in ("", "root"):
            for each in self.everyone:
                each.late = each.late and parent == "root"
            ready = self.probes() if not parent else self.root.getServiceNamed(name)
            late = [each for each in ready if not (each.up or each.over or self._may_be_late(each, parent))]
            self.wrong += [f"{name} is ready without {each.name}" for each in late]

    def _may_be_late(self, probe: Probe, parent: str) -> bool:
        """Tell whether a service is being restarted, or was added to a branch and waits for another one."""
        restarted = self.failures["root"] or self.failures[probe.home.path]
        across = any("/" in text for each in probe.home for text in each.after or ())
        return bool(restarted or (parent and probe.late and across))

    def _check_restart(self, event: RestartScheduled) -> None:
        parent, _, name = event.path.rpartition("/")
        collection = self.root if parent == "root" else self.root.getServiceNamed(parent.rpartition("/")[2])
        policy = collection.supervision
        if policy is None or collection.getServiceNamed(name).restart == TEMPORARY:
            self.wrong.append(f"{event.path} is restarted")
            return
        mine = [each for each in self.failures[parent] if each.path == event.path]
        if not mine:
            if not isinstance(event.error, DependencyError):
                self.wrong.append(f"{event.path} is restarted and has not failed")
            return
        # Of starts that fail at the same time nobody knows which one the supervisor hears of first.
        sure = [
            each
            for each in self._recent(parent, mine[-1].time)
            if each is mine[-1] or each.time < mine[-1].time or not each.at_start
        ]
        count = len(sure)
        if count > policy.restarts:
            self.wrong.append(f"{event.path} is restarted after {count} failures")

    def _recent(self, path: str, now: float) -> list[Failure]:
        collection = self.root if path == "root" else self.root.getServiceNamed(path.rpartition("/")[2])
        assert collection.supervision is not None
        return [
            each
            for each in self.failures[path]
            if now - collection.supervision.within < each.time <= now and not self._is_temporary(each.path)
        ]

    def _is_temporary(self, path: str) -> bool:
        return any(
            each.name == path.rpartition("/")[2] for each in self.everyone if each.restart == TEMPORARY
        )

    def check_quiet(self) -> None:
        """Check that a tree that is ready and quiet is up, but for what may be down."""
        if asyncio.all_tasks(asyncio.get_event_loop()):
            self.wrong.append("tasks are left")
        if _state(self.root) is State.STOPPED:
            self.wrong += [f"{each.name} is up, the tree is not" for each in self.everyone if each.up]
        if _state(self.root) not in RUNNING or self.told:
            return
        for each in self.probes():
            if not (each.running and each.healthy) and not each.over:
                self.wrong.append(f"{each.name} is down, {_state(each).value}")


def _state(service: Any) -> State:  # noqa: ANN401 (a probe or a collection)
    return record_of(service).state


def _strategy(collection: MultiService) -> str:
    return collection.supervision.strategy if collection.supervision is not None else ""


def _policy(policy: Policy) -> Supervision | None:
    if policy is None:
        return None
    strategy, restarts, within = policy
    return Supervision(strategy, restarts, within, lambda attempt: 0.5 * attempt)


def _picked(candidates: list[Any], picks: tuple[int, ...]) -> list[Any]:
    return [candidates[pick % len(candidates)] for pick in picks] if candidates else []
