from __future__ import annotations

import collections
import datetime as dt
import enum
import functools
import math
import operator
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.application.persisting import pickling, source
from svcctl.application.persisting.errors import UnsavableError
from svcctl.application.service import Application
from svcctl.errors import SavedStateError
from tests.unit.persisting import shops


class Colour(enum.Enum):
    """One of a few."""

    RED = "red"


class Point(collections.namedtuple("Point", "x y")):  # noqa: PYI024 (pickle knows this kind)
    """A tuple of a class of its own."""

    __slots__ = ()


class Numbers(list[int]):
    """A list of a class of its own, with an attribute."""


class Methods:
    """Has a method that is held."""

    def method(self) -> int:
        """Return a number."""
        return 5


class Slots:
    """Has slots and no attributes."""

    __slots__ = ("one",)

    def __init__(self) -> None:
        self.one = 1


def again(value: Any) -> Any:  # noqa: ANN401 (any object)
    """Write and read."""
    body, origin = source.write(value)
    assert origin is None
    return source.read(body)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.complex_numbers(allow_nan=False) | st.dates() | st.just(Colour.RED) | st.just(len) | st.just(Application),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.builds(Numbers),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_any_value_comes_back_as_from_a_pickle(value: object) -> None:
    """Whatever it is made of."""
    found = again(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        {1, 2}, set(), frozenset(), frozenset({1}), bytearray(b"x"), range(3), slice(1, 2), ..., NotImplemented,
        int, type(None), type(...), dict.fromkeys, math.inf, -math.inf, "\ud800", "a\nb'\"",
        Colour.RED, Point(1, 2), collections.OrderedDict(a=1), collections.Counter("aab"), collections.deque([1]),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC), Path("/x"), operator.attrgetter("a"), (1,), ((),),
        collections.defaultdict(list, {"a": [1]}),
    ],
)  # fmt: skip
def test_what_pickle_can_is_written(value: Any) -> None:  # noqa: ANN401 (any object)
    """Those with a form of their own."""
    found = again(value)
    assert type(found) is type(value)
    assert found == value or repr(found) == repr(value)


def test_numbers_that_python_does_not_show_are_written() -> None:
    """NaN, which equals nothing, and integers of more digits than Python shows."""
    assert again([10**5000, -(10**5000)]) == [10**5000, -(10**5000)]
    assert math.isnan(again([math.nan])[0])
    assert math.isnan(again(complex(0, math.nan)).imag)


def test_instances_have_their_state_and_their_methods() -> None:
    """Attributes, slots, items; bound methods belong to the object that comes back."""
    numbers = Numbers([1, 2])
    numbers.own = numbers  # type: ignore[attr-defined]  # the test's own
    found = again(numbers)
    assert found == [1, 2]
    assert found.own is found
    held = Methods()
    holder, method = again([held, held.method])
    assert method.__self__ is holder
    assert again(Slots()).one == 1
    assert again(functools.partial(int, base=2))("11") == 3


def test_objects_that_hold_each_other_come_back_so() -> None:
    """Each once, however often it is held."""
    shared: list[Any] = [1]
    shared.append(shared)
    mapping: dict[str, Any] = {"list": shared}
    mapping["self"] = mapping
    some = {1}
    pair = ("a", "b")
    found = again([shared, mapping, shared, some, some, pair, pair])
    assert found[0] is found[2]
    assert found[0][1] is found[0]
    assert found[1]["self"] is found[1]
    assert found[1]["list"] is found[0]
    assert found[3] is found[4]
    assert found[5] is found[6]


def test_the_text_is_made_for_people() -> None:
    """Imports, then each object with its attributes, under the name of its class."""
    application = Application("otk")
    keys = shops.Holder(nextkey=3, long="x" * 90)
    keys.setName("keys")
    keys.setServiceParent(application)
    text = source.write(application)[0].decode()
    assert "import svcctl.application.service\n" in text
    assert "\nholder = make(tests.unit.persisting.shops.Holder)\n" in text
    assert "\n        'nextkey': 3,\n" in text
    assert "\napplication = make(svcctl.application.tree.root.Application)\n" in text


def test_names_in_the_text_do_not_meet() -> None:
    """Of classes that are called like a module, a keyword, a function or each other."""
    kinds = [
        type(name, (shops.Holder,), {"__module__": __name__})
        for name in ("tests", "Import", "fill", "Fill", "print")
    ]
    module: Any = sys.modules[__name__]
    for kind in kinds:
        setattr(module, kind.__name__, kind)
    try:
        found = again([kind(one=print) for kind in kinds])
        assert [type(each) for each in found] == kinds
    finally:
        for kind in kinds:
            delattr(module, kind.__name__)


def test_the_same_objects_are_the_same_text() -> None:
    """In every process, whatever order its sets have."""
    program = "from svcctl.application.persisting import source; print(source.write({'a', 'b', 'c', 'd'})[0])"
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_what_is_nested_too_deeply_is_told() -> None:
    """In both styles, without an end of the process."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for write in (source.write, pickling.dump):
        with pytest.raises(UnsavableError, match="nested too deeply"):
            write(deep)


def test_source_that_raises_is_told_with_its_cause() -> None:
    """As when a class no longer takes its state."""
    with pytest.raises(SavedStateError, match="ZeroDivisionError") as raised:
        source.read(b"application = 1 / 0\n")
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    with pytest.raises(SavedStateError, match="code that is not there"):
        source.read(b"import nowhere.at_all\n")
