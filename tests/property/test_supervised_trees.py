"""Random graphs, random failures, services that come and go: what holds whatever happens."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from svcctl.application import lifecycle
from svcctl.application.supervision import STRATEGIES
from svcctl.application.tree.failing import KINDS, PERMANENT, TEMPORARY
from svcctl.application.tree.record import RESTING, RUNNING, State, is_ending, record_of
from svcctl.errors import DependencyError, LifecycleError, StartError
from tests.fakes.loop import JumpingLoop
from tests.property.supervised_order import Order
from tests.property.supervised_restarts import Restarts
from tests.property.supervised_world import Branch, Leaf, Probe, World, state_of

seconds = st.sampled_from((0.0, 0.5, 2.0))
picks = st.none() | st.lists(st.integers(0, 9), max_size=3).map(tuple)
kinds = st.sampled_from(KINDS)
across = st.just(()) | st.lists(st.integers(0, 9), max_size=2).map(tuple)
broken = st.just(frozenset[int]()) | st.frozensets(st.integers(0, 5), max_size=2)
leaves = st.builds(Leaf, seconds, seconds, broken, kinds, picks, across, st.booleans())
supervised = st.tuples(
    st.sampled_from((*STRATEGIES, "rest_for_one")),
    st.sampled_from((0, 1, 3, 9)),
    st.sampled_from((5.0, 60.0)),
)
policies = st.one_of(st.none(), supervised, supervised, supervised)
plain = leaves.map(lambda leaf: leaf._replace(after=None, across=()))
crowds = st.lists(st.integers(0, 20), min_size=1, max_size=3)
members = st.lists(leaves, min_size=1, max_size=4) | st.lists(plain, min_size=2, max_size=4)
branches = st.builds(Branch, members.map(tuple), policies, picks)
trees = st.lists(branches, min_size=1, max_size=3).map(tuple)


class SupervisedTree(RuleBasedStateMachine):
    """A tree, somebody who starts and stops it, and services that fail, end, come and go."""

    @initialize(grown=trees, policy=policies, passing=st.sampled_from((60.0, 60.0, 0.6)))
    def begin(self, grown: tuple[Branch, ...], policy: tuple[str, int, float] | None, passing: float) -> None:
        """Build the tree and start it; mostly wait until it is up."""
        logging.disable(logging.CRITICAL)
        self.loop = JumpingLoop()
        asyncio.set_event_loop(self.loop)
        self.world = World(grown, policy)
        self.order = Order(self.world)
        self.restarts = Restarts(self.world)
        self.gone: list[Probe] = []
        self.cut = False
        self.task: asyncio.Task[None] | None = None
        self.start()
        self.wait(passing)

    def soon(self, call: Any, *arguments: Any) -> None:  # noqa: ANN401 (a function and its arguments)
        """Call something in the loop, as services do."""
        self.loop.call_soon(call, *arguments)
        self.loop.turn()

    def picked(self, which: int) -> Probe | None:
        """Return one of the services."""
        probes = list(self.world.probes())
        return probes[which % len(probes)] if probes else None

    @precondition(lambda self: self.task is None and state_of(self.world.root) in RESTING)
    @rule()
    def start(self) -> None:
        """Begin to start the tree."""
        self.world.cut = False
        self.do(lifecycle.start, self.world.root)

    @precondition(lambda self: self.task is None)
    @rule(budget=st.sampled_from((0.0, 1.0, 100.0, 100.0)))
    def stop(self, budget: float) -> None:
        """Begin to stop the tree."""
        self.world.cut = budget < 100.0
        self.cut = self.cut or self.world.cut
        self.do(lifecycle.stop, self.world.root, budget)

    @precondition(lambda self: self.task is not None)
    @rule()
    def cancel(self) -> None:
        """Abandon the start, or cut the stop short."""
        assert self.task is not None
        self.cut = self.world.cut = True
        self.loop.call_soon(self.task.cancel)  # what is cancelled before its first step does nothing

    def do(self, work: Any, *arguments: Any) -> None:  # noqa: ANN401 (a coroutine function and its arguments)
        """Do something that may go wrong in the ways that are allowed."""
        self.task = self.loop.create_task(self.judged(work, *arguments))

    async def judged(self, work: Any, *arguments: Any) -> None:  # noqa: ANN401 (the same)
        """Take note of errors that must not be."""
        try:
            if work is lifecycle.start:
                self.world.arrange()
            await work(*arguments)
            if work is lifecycle.stop and not self.cut:
                await asyncio.sleep(0.01)
                left = asyncio.all_tasks() - {self.task}
                self.world.wrong += [f"{each} goes on after the stop" for each in left]
        except (StartError, ExceptionGroup, asyncio.CancelledError):
            pass
        except LifecycleError as error:
            if state_of(self.world.root) is not State.FAILED:
                self.world.wrong.append(repr(error))
        finally:
            self.task = None
            if state_of(self.world.root) in RESTING and not record_of(self.world.root).started:
                self.world.told.clear()

    @rule(which=crowds, then=st.sampled_from(("", "remove", "stop")))
    def fail(self, which: list[int], then: str) -> None:
        """Let services fail by themselves, at once; perhaps remove one, or stop all, while it is down."""

        def act() -> None:
            for probe in map(self.picked, which):
                if probe is not None and probe.running and not probe.over:
                    probe.fail(ValueError(f"{probe.name} fails"))

        self.soon(act)
        if then:
            self.wait(0.1)
        if then == "remove":
            self.remove(which[0])
        elif then == "stop" and self.task is None:
            self.stop(100.0)

    @rule(which=st.integers(0, 20))
    def crash(self, which: int) -> None:
        """Let the background of a service fail."""

        def act() -> None:
            probe = self.picked(which)
            if probe is not None and probe.running and probe.crash is not None and not probe.crash.done():
                probe.crash.set_exception(ValueError(f"{probe.name} crashes"))

        self.soon(act)

    @rule(which=st.integers(0, 20))
    def end(self, which: int) -> None:
        """Let a service end by itself."""

        def act() -> None:
            probe = self.picked(which)
            if probe is not None and probe.running and not (probe.over or is_ending(record_of(probe))):
                probe.over = probe.restart != PERMANENT and probe not in self.world.back
                probe.finish()

        self.soon(act)

    @rule(which=st.integers(0, 20), leaf=leaves)
    def add(self, which: int, leaf: Leaf) -> None:
        """Add a service."""
        collection = self.world.root[which % len(self.world.root)]
        self.soon(lambda: self.restarts.join(self.world.probe(leaf, collection)))

    @rule(which=st.integers(0, 20))
    def remove(self, which: int) -> None:
        """Remove a service, unless others need it."""

        def act() -> None:
            probe = self.picked(which)
            if probe is None:
                return
            needing, path, record = self.world.needing(probe), probe.path, record_of(probe)
            live = state_of(self.world.root) in (*RUNNING, State.STARTING)
            try:
                probe.disownServiceParent()
            except DependencyError:
                if live and not needing:
                    self.world.wrong.append(f"{probe.name} could not be removed")
                return
            self.gone.append(probe)
            self.restarts.leaves(probe)
            supervisor = record_of(probe.home).supervisor
            if supervisor is not None and supervisor.mends(record):
                self.world.wrong.append(f"{probe.name} was removed and would be restarted")
            if live and needing:
                self.world.wrong.append(f"{probe.name} was removed from a tree that needs it")
            for each in needing:  # in a stopped tree: as whoever removes it would have to
                each.after = [text for text in each.after or () if text not in (probe.name, path)]

        self.soon(act)

    @precondition(lambda self: self.gone)
    @rule(which=st.integers(0, 20))
    def add_again(self, which: int) -> None:
        """Add a service that was removed, perhaps while it still stops."""

        def act() -> None:
            probe = self.gone.pop(which % len(self.gone))
            there = {each.path for each in (*self.world.root, *self.world.probes())}
            there |= {each.name for each in self.world.probes() if each.home is probe.home}
            if probe.after is not None:
                probe.after = [text for text in probe.after if text in there]
            self.restarts.join(probe)

        self.soon(act)

    @rule(passing=st.sampled_from((0.1, 0.6, 3.0)))
    def wait(self, passing: float) -> None:
        """Let time pass."""
        self.loop.call_later(passing, self.loop.stop)
        self.loop.run_forever()

    @rule()
    def settle(self) -> None:
        """Wait until everything that was going on is over."""
        self.wait(500.0)
        self.check_quiet()

    @invariant()
    def nothing_is_wrong(self) -> None:
        """Nothing has happened that must never happen."""
        if hasattr(self, "world"):
            assert not self.world.wrong, self.world.wrong
            assert self.loop.unhandled == []

    def check_quiet(self) -> None:
        """Check that a tree that is ready and quiet is up, but for what may be down."""
        world, everyone = self.world, self.world.everyone
        busy = len(asyncio.all_tasks(self.loop)) > sum(each.working for each in everyone)
        # When something is down for good, what comes after it may be tried for ever.
        if busy and not world.told:
            world.wrong.append("tasks are left")
        if not busy:
            waiting = [each for each in world.probes() if state_of(each) is State.BACKING_OFF]
            world.wrong += [f"{each.name} waits for a restart that does not come" for each in waiting]
        if state_of(world.root) is State.STOPPED:
            world.wrong += [f"{each.name} is up, the tree is not" for each in everyone if each.up]
        if state_of(world.root) not in RUNNING or world.told:
            return
        for each in world.probes():
            # A temporary one may have been stopped with others before it was up.
            if not (each.running and each.up) and not (each.over or each.restart == TEMPORARY):
                world.wrong.append(f"{each.name} is down, {state_of(each).value}")
            if each.running and each.crash is not None and each.crash.done():
                world.wrong.append(f"nobody has heard of the crash of {each.name}")

    def teardown(self) -> None:
        """Stop the tree, and look at what is left."""
        if not hasattr(self, "world"):
            return
        try:
            self.wait(500.0)
            assert self.task is None, "a start or a stop does not end"
            self.world.cut = False
            self.do(lifecycle.stop, self.world.root, 100.0)
            self.wait(500.0)
            self.nothing_is_wrong()
            self.check_quiet()
            self.nothing_is_wrong()
            assert [each.name for each in self.world.everyone if each.inside] == []
        finally:
            logging.disable(logging.NOTSET)
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.turn(20)
            self.loop.close()
            asyncio.set_event_loop(None)


TestSupervisedTree = SupervisedTree.TestCase
TestSupervisedTree.settings = settings(max_examples=500, stateful_step_count=25)
