from __future__ import annotations

import copy
import pickle
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.application import internet
from svcctl.application.backoff import backoffPolicy
from svcctl.errors import UsageError


def none() -> float:
    """Return no jitter."""
    return 0.0


def test_the_delays_grow_to_the_maximum() -> None:
    """The first retry is number 1."""
    policy = backoffPolicy(jitter=none)
    assert [policy(failures) for failures in (1, 2, 3, 4)] == [1.5, 2.25, 3.375, 5.0625]
    assert policy(11) == 60.0


def test_jitter_comes_on_top_of_the_maximum() -> None:
    """It is drawn anew each time."""
    drawn = iter([0.25, 0.5])
    policy = backoffPolicy(maxDelay=2.0, jitter=lambda: next(drawn))
    assert (policy(100), policy(100)) == (2.25, 2.5)


def test_the_default_jitter_is_less_than_a_second() -> None:
    """And not always the same."""
    policy = backoffPolicy(initialDelay=0)
    delays = {policy(1) for _ in range(20)}
    assert len(delays) > 1
    assert all(0 <= delay < 1 for delay in delays)


def test_the_growth_ends_at_100_failures() -> None:
    """So that a large maximum is not reached ever later."""
    policy = backoffPolicy(factor=1.01, maxDelay=10.0**9, jitter=none)
    assert policy(99) < policy(100) == policy(101) == policy(10**6)


@given(
    st.integers(min_value=1),
    st.one_of(st.integers(0, 10**400), st.floats(0, 1e308)),
    st.one_of(st.integers(1, 10**400), st.floats(1, 1e308)),
    st.floats(0, 1e308),
)
def test_nothing_overflows(failures: int, initial: float, factor: float, most: float) -> None:
    """Neither the number of failures nor the factor is too large; no delay exceeds the maximum."""
    assert 0 <= backoffPolicy(initial, most, factor, none)(failures) <= most


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("initialDelay", -1),
        ("initialDelay", float("nan")),
        ("initialDelay", "1"),
        ("maxDelay", float("inf")),
        ("maxDelay", None),
        ("maxDelay", True),
        ("factor", 0.5),
        ("factor", 1j),
        ("jitter", 0.1),
    ],
)
def test_wrong_values_are_refused(name: str, value: object) -> None:
    """At once, not at the first failure."""
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(UsageError) as caught:
        backoffPolicy(**wrong)
    assert str(caught.value).startswith(f"{name} is {value!r}")
    assert caught.value.hint


@pytest.mark.parametrize("policy", [backoffPolicy(), backoffPolicy(2, 3, 4, none)])
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])  # noqa: S301 (our own bytes)
def test_policies_survive_pickling(policy: Any, again: Any) -> None:  # noqa: ANN401 (a policy and a way to copy it)
    """With whatever they were made of."""
    assert again(policy) == policy


def test_the_state_of_the_default_jitter_is_not_pickled() -> None:
    """Else all who load the policy would draw the same numbers."""
    data = pickle.dumps(backoffPolicy())
    assert len(data) < 200
    loaded = pickle.loads(data)  # noqa: S301 (our own bytes)
    random.seed(1)
    first = loaded(1)
    random.seed(1)
    assert first == 1.5 + random.random()  # noqa: S311 (no secret is made of it)


def test_it_is_found_where_the_framework_had_it() -> None:
    """Under the same name."""
    assert internet.backoffPolicy is backoffPolicy
