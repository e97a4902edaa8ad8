from __future__ import annotations

import contextlib
import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import ProblemsError
from svcctl.manifest.codec import decode, digest, encode
from svcctl.manifest.model import (
    ApplicationInfo,
    Identity,
    Lifecycle,
    Listener,
    Manifest,
    Needs,
    Origin,
    ServiceNode,
    Supervision,
    Timer,
)
from svcctl.manifest.validation import validate
from tests.fakes.manifests import echo_manifest

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**53 - 1), 2**53 - 1)


def tuples(items: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Return a strategy for short tuples."""
    return st.lists(items, max_size=3).map(tuple)


LISTENERS = st.builds(Listener, name=TEXTS, endpoint=TEXTS)
TIMERS = st.builds(Timer, interval_ms=NUMBERS, callable=TEXTS)
SUPERVISIONS = st.builds(
    Supervision,
    strategy=st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"]),
    restarts=NUMBERS,
    within_ms=NUMBERS,
)
LEAVES = st.builds(
    ServiceNode,
    path=TEXTS,
    kind=TEXTS,
    class_name=TEXTS,
    listeners=st.lists(LISTENERS, max_size=2).map(tuple),
    timers=st.lists(TIMERS, max_size=2).map(tuple),
    connections=tuples(TEXTS),
    after=st.none() | tuples(TEXTS),
    restart=st.sampled_from(["permanent", "transient", "temporary"]),
    supervision=st.none() | SUPERVISIONS,
)
TREES = st.recursive(
    LEAVES,
    lambda below: st.builds(
        ServiceNode, path=TEXTS, kind=TEXTS, class_name=TEXTS, children=st.lists(below, max_size=3).map(tuple)
    ),
    max_leaves=5,
)
FLAGS = [field.name for field in dataclasses.fields(Needs) if field.type == "bool"]
LISTS = [field.name for field in dataclasses.fields(Needs) if field.type == "tuple[str, ...]"]
NEEDS = st.builds(
    Needs,
    network=st.sampled_from(["none", "inbound", "outbound"]),
    **dict.fromkeys(LISTS, tuples(TEXTS)),
    **dict.fromkeys(FLAGS, st.booleans()),
)
MANIFESTS = st.builds(
    Manifest,
    application=st.builds(ApplicationInfo, name=TEXTS, description=TEXTS, homepage=TEXTS, maintainer=TEXTS),
    tree=TREES,
    origin=st.builds(Origin, kind=st.sampled_from(["tac", "object"]), digest=TEXTS, requires_python=TEXTS),
    identity=st.builds(Identity, uid=TEXTS | NUMBERS | st.none(), gid=TEXTS | NUMBERS | st.none()),
    needs=NEEDS,
    lifecycle=st.builds(Lifecycle, start_limit_ms=NUMBERS, stop_limit_ms=NUMBERS, reload=st.booleans()),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4),
)


@given(MANIFESTS)
def test_every_manifest_survives_being_written_and_read(manifest: Manifest) -> None:
    """The canonical text has one form, and reading it gives the same value and digest."""
    text = encode(manifest)
    again = decode(text)
    assert again == manifest
    assert encode(again) == text
    assert digest(again) == digest(manifest)


@given(MANIFESTS)
def test_validation_takes_whatever_the_types_allow(manifest: Manifest) -> None:
    """It collects problems, each on one line, and never raises."""
    assert not any("\n" in problem.where + problem.message for problem in validate(manifest))


@given(st.data())
def test_a_manifest_with_any_part_replaced_is_read_or_refused(data: st.DataObject) -> None:
    """Hostile JSON leads to a value of the model or to a list of problems."""
    values = json.loads(encode(echo_manifest()))
    place = values
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    with contextlib.suppress(ProblemsError):
        manifest = decode(json.dumps(values))
        assert decode(encode(manifest)) == manifest
        assert isinstance(validate(manifest), tuple)
