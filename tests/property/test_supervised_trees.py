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
from svcctl.application.tree.record import RESTING, State, record_of
from svcctl.errors import DependencyError, LifecycleError, StartError
from tests.fakes.loop import JumpingLoop
from tests.property.supervised_world import Branch, Leaf, Probe, Referee

seconds = st.sampled_from((0.0, 0.5, 2.0))
picks = st.none() | st.lists(st.integers(0, 9), max_size=3).map(tuple)
kinds = st.sampled_from(("permanent", "permanent", "transient", "temporary"))
across = st.just(()) | st.lists(st.integers(0, 9), max_size=2).map(tuple)
broken = st.frozensets(st.integers(0, 5), max_size=2)
leaves = st.builds(Leaf, seconds, seconds, broken, kinds, picks, across)
policies = st.none() | st.tuples(st.sampled_from(STRATEGIES), st.integers(0, 3), st.sampled_from((5.0, 60.0)))
branches = st.builds(Branch, st.lists(leaves, max_size=4).map(tuple), policies, picks)


class SupervisedTree(RuleBasedStateMachine):
    """A tree, somebody who starts and stops it, and services that fail, end, come and go."""

    @initialize(grown=st.lists(branches, min_size=1, max_size=3).map(tuple), policy=policies)
    def begin(self, grown: tuple[Branch, ...], policy: tuple[str, int, float] | None) -> None:
        """Build the tree."""
        logging.disable(logging.CRITICAL)
        self.loop = JumpingLoop()
        asyncio.set_event_loop(self.loop)
        self.world = Referee(grown, policy)
        self.gone: list[Probe] = []
        self.task: asyncio.Task[None] | None = None

    def soon(self, call: Any, *arguments: Any) -> None:  # noqa: ANN401 (a function and its arguments)
        """Call something in the loop, as services do."""
        self.loop.call_soon(call, *arguments)
        self.loop.turn()

    def picked(self, which: int) -> Probe | None:
        """Return one of the services."""
        probes = list(self.world.probes())
        return probes[which % len(probes)] if probes else None

    @precondition(lambda self: self.task is None and record_of(self.world.root).state in RESTING)
    @rule()
    def start(self) -> None:
        """Begin to start the tree."""
        self.do(lifecycle.start, self.world.root)

    @precondition(lambda self: self.task is None)
    @rule(budget=st.sampled_from((0.0, 1.0, 100.0)))
    def stop(self, budget: float) -> None:
        """Begin to stop the tree."""
        self.do(lifecycle.stop, self.world.root, budget)

    @precondition(lambda self: self.task is not None)
    @rule()
    def cancel(self) -> None:
        """Abandon the start, or cut the stop short."""
        assert self.task is not None
        self.task.cancel()

    def do(self, work: Any, *arguments: Any) -> None:  # noqa: ANN401 (a coroutine function and its arguments)
        """Do something that may go wrong in the ways that are allowed."""
        self.task = self.loop.create_task(self.judged(work, *arguments))

    async def judged(self, work: Any, *arguments: Any) -> None:  # noqa: ANN401 (the same)
        """Take note of errors that must not be."""
        try:
            await work(*arguments)
        except (StartError, ExceptionGroup, asyncio.CancelledError):
            pass
        except LifecycleError as error:
            if record_of(self.world.root).state is not State.FAILED:
                self.world.wrong.append(repr(error))
        finally:
            self.task = None
            if record_of(self.world.root).state in RESTING and not record_of(self.world.root).started:
                self.world.told.clear()

    @rule(which=st.integers(0, 20))
    def fail(self, which: int) -> None:
        """Let a service fail by itself."""

        def act() -> None:
            probe = self.picked(which)
            if probe is not None and probe.running and not probe.over:
                probe.fallen, probe.over = True, probe.restart == "temporary"
                probe.fail(ValueError(f"{probe.name} fails"))

        self.soon(act)

    @rule(which=st.integers(0, 20))
    def end(self, which: int) -> None:
        """Let a service end by itself."""

        def act() -> None:
            probe = self.picked(which)
            if probe is not None and probe.running and not probe.over:
                probe.fallen, probe.over = probe.restart == "permanent", probe.restart != "permanent"
                probe.finish()

        self.soon(act)

    @rule(which=st.integers(0, 20), leaf=leaves)
    def add(self, which: int, leaf: Leaf) -> None:
        """Add a service."""
        collection = self.world.root[which % len(self.world.root)]
        self.soon(lambda: self.world.join(self.world.probe(leaf, collection)))

    @rule(which=st.integers(0, 20))
    def remove(self, which: int) -> None:
        """Remove a service, unless others need it."""

        def act() -> None:
            probe = self.picked(which)
            if probe is None:
                return
            needing, path = self.world.needing(probe), probe.path
            try:
                probe.disownServiceParent()
            except DependencyError:
                if not needing:
                    self.world.wrong.append(f"{probe.name} could not be removed")
                return
            self.gone.append(probe)
            if needing and record_of(self.world.root).state not in RESTING:
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
            there = {
                name
                for each in self.world.probes()
                for name in (each.path, each.home is probe.home and each.name)
            }
            there |= {each.path for each in self.world.root}
            if probe.after is not None:
                probe.after = [text for text in probe.after if text in there]
            self.world.join(probe)

        self.soon(act)

    @rule(passing=st.sampled_from((0.1, 0.6, 3.0)))
    def wait(self, passing: float) -> None:
        """Let time pass."""
        self.loop.run_until_complete(asyncio.sleep(passing))

    @rule()
    def settle(self) -> None:
        """Wait until everything that was going on is over."""
        self.loop.run_until_complete(asyncio.sleep(500))
        self.world.check_quiet()

    @invariant()
    def nothing_is_wrong(self) -> None:
        """Nothing has happened that must never happen."""
        if hasattr(self, "world"):
            assert not self.world.wrong, self.world.wrong
            assert self.loop.unhandled == []

    def teardown(self) -> None:
        """Stop the tree, and look at what is left."""
        if not hasattr(self, "world"):
            return
        try:
            self.loop.run_until_complete(asyncio.sleep(500))
            self.do(lifecycle.stop, self.world.root, 100.0)
            self.loop.run_until_complete(asyncio.sleep(500))
            self.nothing_is_wrong()
            self.world.check_quiet()
            self.nothing_is_wrong()
            assert [each.name for each in self.world.everyone if each.up or each.inside] == []
        finally:
            logging.disable(logging.NOTSET)
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.turn(20)
            self.loop.close()
            asyncio.set_event_loop(None)


TestSupervisedTree = SupervisedTree.TestCase
TestSupervisedTree.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)
