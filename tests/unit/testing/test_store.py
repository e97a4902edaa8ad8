"""The descriptor store, as far as no service is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from svcctl.testing.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    """Give a store for three."""
    store = Store(3)
    yield store
    store.clear()


def is_open(descriptor: int) -> bool:
    """Tell whether a number stands for anything."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_what_is_not_taken_is_closed(store: Store) -> None:
    """Whoever sent it would else wait for its end for ever."""
    made = [os.memfd_create(str(number)) for number in range(4)]
    told = store.put({"FDNAME": "a"}, made)
    assert told == [("a", ""), ("a", ""), ("a", ""), ("a", "the store is full")]
    assert [is_open(each) for each in made] == [True, True, True, False]


def test_one_thing_is_kept_once(store: Store) -> None:
    """Under the name it had first."""
    made = os.memfd_create("x")
    again = os.dup(made)
    assert store.put({"FDNAME": "a"}, [made]) == [("a", "")]
    assert store.put({"FDNAME": "b"}, [again]) == [("b", "it is there already")]
    assert not is_open(again)


def test_both_ends_of_a_pipe_are_two_things(store: Store) -> None:
    """Although the kernel has one number for them."""
    ours, theirs = os.pipe()
    assert [refused for _, refused in store.put({}, [ours, theirs])] == ["", ""]


def test_what_hangs_up_is_dropped_unless_it_is_not_to_be_looked_at(store: Store) -> None:
    """By name."""
    for fields in ({"FDNAME": "dropped"}, {"FDNAME": "kept", "FDPOLL": "0"}):
        ours, theirs = os.pipe()
        store.put(fields, [ours])
        os.close(theirs)
    assert store.hung_up() == ["dropped"]
    assert [entry.name for entry in store.entries] == ["kept"]


def test_all_of_a_name_are_removed(store: Store) -> None:
    """And nothing else."""
    for name in ("a", "a", "b"):
        store.put({"FDNAME": name}, [os.memfd_create(name)])
    assert (store.remove("a"), store.remove("a")) == (2, 0)
    assert [entry.name for entry in store.entries] == ["b"]
