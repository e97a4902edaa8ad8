"""The lifecycle of trees that nobody changes: whatever happens is exactly what a small model says."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.application import lifecycle
from svcctl.application.tree.record import State
from svcctl.errors import StartError, StopError
from tests.fakes.loop import run
from tests.property.lifecycle_model import FailedError, Fault, Node
from tests.property.lifecycle_probes import PHASES, Boom, Hook, Spec, World, build, path

KINDS = ("leaf", "foreign leaf", "slotted leaf", "collection", "foreign collection", "slotted collection")


def hooks(phase: str) -> st.SearchStrategy[Hook]:
    """Return every way to write a hook; one in a few fails at its first or second call."""
    return st.builds(
        Hook,
        asynchronous=st.booleans(),
        up=st.sampled_from(("no", "before", "after")),
        fails_at=st.sampled_from(
            [frozenset[int]()] * 9 + [frozenset({0}), frozenset({1}), frozenset({0, 1})]
        ),
        waits=st.just(0) if phase == "drain" else st.integers(0, 2),
    )


def specs(kinds: tuple[str, ...], children: st.SearchStrategy[tuple[Spec, ...]]) -> st.SearchStrategy[Spec]:
    """Return probes of some kinds."""
    return st.builds(
        Spec,
        kind=st.sampled_from(kinds),
        named=st.booleans(),
        drains=st.booleans(),
        hooks=st.fixed_dictionaries({}, optional={phase: hooks(phase) for phase in PHASES}),
        children=children,
    )


LEAVES = specs(KINDS[:3], st.just(()))
COLLECTIONS = st.recursive(
    specs(KINDS[3:], st.just(())),
    lambda inner: specs(KINDS[3:], st.lists(LEAVES | inner, max_size=4).map(tuple)),
    max_leaves=10,
)
STEPS = st.lists(st.sampled_from(("bind", "start", "start", "start", "stop", "stop")), min_size=1, max_size=6)


@given(spec=COLLECTIONS | LEAVES, steps=STEPS)
@settings(max_examples=200)
def test_a_tree_that_nobody_changes_behaves_exactly_as_the_model_says(spec: Spec, steps: list[str]) -> None:
    """Order of bind, start, roll-back, drain and stop, and what is raised, for every kind of service and failure."""
    world = World()
    probe = build(world, spec, "r")
    log: list[tuple[str, str, str]] = []
    model = Node(spec, "r", log)
    for step in steps:
        expected = expect(model, step)
        failure = run(perform(probe, step))
        assert world.log == log
        assert describe(probe, failure) == expected
        compare_books(model, probe)
    gc.collect()


async def perform(probe: Any, step: str) -> BaseException | None:  # noqa: ANN401 (services need no common class)
    """Do one step with the real tree; return what it raised."""
    try:
        if step == "bind":
            await lifecycle.bind(probe)
        elif step == "start":
            await lifecycle.start(probe)
        else:
            await lifecycle.stop(probe, 10.0)
    except (StartError, ExceptionGroup) as error:
        return error
    finally:
        assert asyncio.all_tasks() == {asyncio.current_task()}
    return None


def expect(model: Node, step: str) -> tuple[Fault | None, list[Fault]]:
    """Do one step in the model; return why it failed and what else went wrong."""
    if step == "stop":
        return None, model.stop()
    if model.started:
        return None, []
    try:
        model.bind() if step == "bind" else model.start()
    except FailedError as error:
        return error.fault, error.rollback
    return None, []


def describe(probe: Any, failure: BaseException | None) -> tuple[Fault | None, list[Fault]]:  # noqa: ANN401 (the same)
    """Return in the model's words what was raised, having checked that it says so itself."""
    paths = {each.core.label: path(each) for each in everyone(probe)}
    if isinstance(failure, StartError):
        culprit = failure.__cause__
        assert isinstance(culprit, Boom)
        assert (failure.path, failure.phase) == (paths[culprit.probe], culprit.phase)
        return Fault(culprit.phase, culprit.probe), [stop_fault(each, paths) for each in failure.rollback]
    if isinstance(failure, ExceptionGroup):
        return None, [stop_fault(each, paths) for each in failure.exceptions]
    return None, []


def stop_fault(error: BaseException, paths: dict[str, str]) -> Fault:
    """Return one error of a stop in the model's words."""
    assert isinstance(error, StopError)
    assert isinstance(error.__cause__, Boom)
    assert error.path == paths[error.__cause__.probe]
    return Fault(error.__cause__.phase, error.__cause__.probe)


def compare_books(model: Node, probe: Any) -> None:  # noqa: ANN401 (the same)
    """Check that `running` and the progress of the tree tell the truth."""
    up = [each.label for each in model.walk() if each.started]
    progress = lifecycle.progress(probe)
    assert (progress.ready, progress.total, progress.waiting) == (len(up), len(model.walk()), "")
    for each in everyone(probe):
        if each.core.spec.kind in {"leaf", "collection"}:
            assert each.running is (each.core.label in up)


def everyone(probe: Any) -> list[Any]:  # noqa: ANN401 (the same)
    """Return a probe and all below it, parents first."""
    return [probe, *(each for child in (probe if probe.core.spec.holds else ()) for each in everyone(child))]


@given(spec=COLLECTIONS)
@settings(max_examples=50)
def test_observers_see_each_service_go_through_the_states_in_order(spec: Spec) -> None:
    """A transition begins where the one before ended, and only the known ones happen."""
    probe = build(World(), spec, "r")
    seen: list[tuple[str, State, State]] = []
    lifecycle.watch(probe, lambda each: seen.append((each.path, each.before, each.after)))
    run(perform(probe, "start"))
    run(perform(probe, "stop"))
    states: dict[str, State] = {}
    for where, before, after in seen:
        assert states.get(where, State.STOPPED) is before
        assert (before, after) in ALLOWED
        states[where] = after
    assert not {State.STARTING, State.STOPPING, State.READY} & set(states.values())


ALLOWED = {
    (State.STOPPED, State.STARTING),
    (State.STOPPED, State.FAILED),  # it failed to bind
    (State.FAILED, State.STARTING),
    (State.STARTING, State.READY),
    (State.STARTING, State.STOPPING),
    (State.STARTING, State.FAILED),
    (State.READY, State.STOPPING),
    (State.STOPPING, State.STOPPED),
    (State.STOPPING, State.FAILED),
}
