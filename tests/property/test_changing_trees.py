"""The lifecycle of trees that change while they live, as a state machine: some things must never happen."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from svcctl.application import lifecycle
from svcctl.application.tree.record import State, record_of
from svcctl.errors import LifecycleError, StartError, StopTimeoutError
from tests.fakes.loop import JumpingLoop
from tests.property.lifecycle_probes import Hook, Spec
from tests.property.lifecycle_world import Action, LogReader, Referee

KINDS = ("leaf", "leaf", "foreign leaf", "slotted leaf")
HOLDERS = ("collection", "collection", "foreign collection")
TASKS_END_WITHIN = 1000

hooks = st.builds(
    Hook,
    asynchronous=st.booleans(),
    up=st.sampled_from(("no", "before", "after")),
    fails_at=st.sampled_from([frozenset[int]()] * 12 + [frozenset({0}), frozenset({1})]),
    waits=st.integers(0, 2),
)
all_hooks = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("bind", "start", "stop", "drain", "release"), hooks)
)
leaves = st.builds(
    Spec,
    kind=st.sampled_from(KINDS),
    named=st.just(True),  # noqa: FBT003 (a value, not a switch)
    drains=st.booleans(),
    hooks=all_hooks,
    children=st.just(()),
)
holders = st.builds(
    Spec,
    kind=st.sampled_from(HOLDERS),
    named=st.just(True),  # noqa: FBT003 (the same)
    drains=st.booleans(),
    hooks=all_hooks,
    children=st.lists(leaves, max_size=3).map(tuple),
)
trees = st.builds(
    Spec,
    kind=st.sampled_from(HOLDERS),
    named=st.just(True),  # noqa: FBT003 (the same)
    drains=st.booleans(),
    hooks=all_hooks,
    children=st.lists(leaves | holders, max_size=4).map(tuple),
)
labels = st.sampled_from(["r", "r0", "r1", "r2", "r00", "r01", "r10", "r11", "x1-", "x2-", "x1-0"])
actions = st.dictionaries(
    st.tuples(st.sampled_from(("bind", "start", "stop", "drain")), labels),
    st.builds(Action, st.sampled_from(("add", "remove")), st.integers(0, 20), leaves | holders),
    max_size=4,
)


class ChangingTree(RuleBasedStateMachine):
    """A tree, somebody who starts and stops it, and others who change it at any moment."""

    @initialize(tree=trees, changes=actions)
    def begin(self, tree: Spec, changes: dict[tuple[str, str], Action]) -> None:
        """Build the tree."""
        self.loop = JumpingLoop()
        asyncio.set_event_loop(self.loop)
        self.world = Referee(tree, changes)
        self.handler = LogReader(self.world)
        logging.getLogger("svcctl").addHandler(self.handler)
        lifecycle.on_failure(self.world.root, self.world.told.append)
        lifecycle.watch(self.world.root, self.observe)
        self.task: asyncio.Task[None] | None = None
        self.doing = ""

    @property
    def state(self) -> State:
        """The state of the root."""
        return record_of(self.world.root).state

    def do(self, name: str, coroutine: Any) -> None:  # noqa: ANN401 (a coroutine)
        """Begin a start or stop."""
        self.doing = name
        self.begun = False
        self.task = self.loop.create_task(coroutine)
        self.task.add_done_callback(self.done)

    def done(self, task: asyncio.Task[None]) -> None:
        """Check how the tree is in the very moment in which a start or stop has ended."""
        name, self.doing, self.task = self.doing, "", None
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.world.told.append(error)
            if isinstance(error, StartError):
                self.world.check_start_error(error)
            elif not isinstance(error, ExceptionGroup):
                self.world.wrong.append(f"{name} raised {error!r}")
        came_up = name == "start" and error is None and not task.cancelled()
        never_ran = task.cancelled() and not self.begun
        if not came_up and not never_ran and (name != "bind" or error is not None):
            left = [each for each in self.world.running() if not self.given_up()]
            if left:
                self.world.wrong.append(f"after {name}, {left} still run")

    def observe(self, transition: lifecycle.Transition) -> None:
        """Check that everything is up in the very moment in which the root becomes ready."""
        if transition.path == "r":
            self.begun = True
            if transition.after is State.READY:
                self.world.check_all_up()

    def given_up(self) -> bool:
        """Tell whether some hook did not end in time, after which nothing can be promised."""
        return any(
            isinstance(each, StopTimeoutError)
            for error in self.world.told
            for each in getattr(error, "exceptions", [error])
        )

    @precondition(lambda self: self.task is None and self.state in {State.STOPPED, State.FAILED})
    @rule()
    def start(self) -> None:
        """Begin to start the tree."""
        self.do("start", lifecycle.start(self.world.root))

    @precondition(lambda self: self.task is None and self.state is State.STOPPED)
    @rule()
    def bind(self) -> None:
        """Begin to bind the tree."""
        self.do("bind", lifecycle.bind(self.world.root))

    @precondition(lambda self: self.task is None)
    @rule(budget=st.sampled_from((0.0, 1.0, 10.0)))
    def stop(self, budget: float) -> None:
        """Begin to stop the tree."""
        self.do("stop", lifecycle.stop(self.world.root, budget))

    @precondition(lambda self: self.task is not None)
    @rule()
    def cancel(self) -> None:
        """Abandon the start, or cut the stop short."""
        assert self.task is not None
        self.task.cancel()

    @precondition(lambda self: self.task is not None)
    @rule(what=st.sampled_from((lifecycle.start, lifecycle.bind)))
    def start_again(self, what: Any) -> None:  # noqa: ANN401 (a coroutine function)
        """Have somebody else start or bind the tree meanwhile, who is refused."""

        async def intrude() -> None:
            if not record_of(self.world.root).busy and self.state not in {State.STARTING, State.STOPPING}:
                return
            try:
                await what(self.world.root)
            except LifecycleError:
                return
            self.world.wrong.append("a second start at the same time was not refused")

        self.world.tasks.append(self.loop.create_task(intrude()))

    @rule(times=st.integers(1, 6))
    def turn(self, times: int) -> None:
        """Let everybody go on for some turns of the loop."""
        self.loop.turn(times)

    @precondition(lambda self: self.world.gates)
    @rule(which=st.integers(0, 10))
    def open_gate(self, which: int) -> None:
        """Let a hook that waits go on."""
        assert self.world.gates
        gate = self.world.gates[which % len(self.world.gates)]
        if not gate.done():
            gate.set_result(None)

    @rule(seconds=st.sampled_from((0.5, 2.0, 11.0)))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.now += seconds
        self.loop.turn(2)

    @rule(which=st.integers(0, 20), spec=leaves | holders)
    def add(self, which: int, spec: Spec) -> None:
        """Add a service from outside."""
        self.loop.call_soon(self.world.add, which, spec)

    @rule(which=st.integers(0, 20), wait=st.booleans())
    def remove(self, which: int, *, wait: bool) -> None:
        """Remove a service from outside."""

        def act() -> None:
            self.world.remove(which, wait=wait)

        self.loop.call_soon(act)

    @precondition(lambda self: self.world.detached)
    @rule(which=st.integers(0, 20), wait=st.booleans())
    def add_again(self, which: int, *, wait: bool) -> None:
        """Add a removed service again, perhaps while it still stops."""

        def act() -> None:
            if self.world.detached:
                probe = self.world.detached.pop(which % len(self.world.detached))
                collections = [each for each in self.world.everyone() if each.core.spec.holds]
                self.world.join(collections[which % len(collections)], probe, wait=wait)

        self.loop.call_soon(act)

    @invariant()
    def nothing_is_wrong(self) -> None:
        """Nothing has happened that must never happen."""
        if hasattr(self, "world"):
            self.world.check_books()
            assert not self.world.wrong, self.world.wrong
            assert self.loop.unhandled == []

    def teardown(self) -> None:
        """Bring everything to its end and look at what is left."""
        if not hasattr(self, "world"):
            return
        try:
            self.finish()
            self.do("stop", lifecycle.stop(self.world.root, 10.0))
            self.finish()
            self.world.check_reports()
            self.nothing_is_wrong()
            assert all(task.done() for task in self.world.tasks)
            assert asyncio.all_tasks(self.loop) == set()
        finally:
            logging.getLogger("svcctl").removeHandler(self.handler)
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.turn(20)
            self.loop.close()
            asyncio.set_event_loop(None)
        gc.collect()
        assert self.loop.unhandled == []

    def finish(self) -> None:
        """Open every gate until nobody is busy any more."""
        for _ in range(TASKS_END_WITHIN):
            self.loop.turn()
            for gate in list(self.world.gates or ()):
                if not gate.done():
                    gate.set_result(None)
            if not asyncio.all_tasks(self.loop):
                self.loop.turn()  # for whoever is told of the end
                return
        raise AssertionError(f"these tasks do not end: {asyncio.all_tasks(self.loop)}")


TestChangingTree = ChangingTree.TestCase
TestChangingTree.settings = settings(max_examples=150, stateful_step_count=30)
