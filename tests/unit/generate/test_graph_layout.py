"""Where the boxes and arrows of a drawing are."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import UsageError
from svcctl.generate.graph.facts import columns, shortened
from svcctl.generate.graph.layout import TALLEST, Box, Drawing, lay_out
from svcctl.manifest.model import ServiceNode
from tests.fakes.trees import node, shop


def below(one: str, other: str) -> bool:
    """Tell whether a path is that of something in another."""
    return one.startswith(f"{other}/")


def apart(one: Box, other: Box) -> bool:
    """Tell whether two boxes have no place in common."""
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


def inside(one: Box, other: Box) -> bool:
    """Tell whether one box is within another."""
    return (
        other.x < one.x
        and one.x + one.width < other.x + other.width
        and other.y < one.y
        and one.y + one.height < other.y + other.height
    )


def check(drawing: Drawing) -> None:
    """Check that boxes are in those of their collections and nowhere else, and that arrows cross none."""
    for one, other in combinations(drawing.boxes, 2):
        if below(other.node.path, one.node.path):
            assert inside(other, one)
        else:
            assert apart(one, other)
    for arrow in drawing.arrows:
        for (left, top), (right, bottom) in pairwise(arrow.points):
            for box in drawing.boxes if top == bottom else ():
                within = box.x <= left and right <= box.x + box.width
                assert (
                    within
                    or right <= box.x
                    or box.x + box.width <= left
                    or not box.y < top < box.y + box.height
                )


@st.composite
def graphs(draw: st.DrawFn) -> ServiceNode:
    """Make a collection of services and collections whose order has no cycle."""
    children: list[ServiceNode] = []
    for number in range(draw(st.integers(1, 12))):
        path = f"a/{number}"
        after = (
            draw(st.none() | st.lists(st.sampled_from(children), max_size=3, unique=True))
            if children
            else None
        )
        inner = (
            node(f"{path}/{place}", after=draw(st.none() | st.just(())))
            for place in range(draw(st.integers(0, 3)))
        )
        paths = None if after is None else tuple(each.path for each in after)
        children.append(node(path, *inner, after=paths, connections=("x" * draw(st.integers(1, 30)),)))
    return node("a", *children)


@given(graphs())
def test_nothing_overlaps(tree: ServiceNode) -> None:
    """Whatever comes after whatever."""
    drawing = lay_out(tree)
    check(drawing)
    assert {box.node.path for box in drawing.boxes} == {each.path for each in tree.walk()}


def test_the_example_does_not_overlap() -> None:
    """It has one of everything."""
    check(lay_out(shop().tree))


def test_a_service_stands_to_the_right_of_all_it_comes_after() -> None:
    """Arrows lead one way."""
    boxes = {box.node.path: box for box in lay_out(shop().tree).boxes}
    for waiting, first in (("mail", "metrics"), ("mail", "storage"), ("web", "storage"), ("report", "mail")):
        before = boxes[f"shop/{first}"]
        assert before.x + before.width < boxes[f"shop/{waiting}"].x


def test_a_long_row_goes_on_in_further_columns() -> None:
    """A hundred services are seen at once."""
    drawing = lay_out(node("a", *(node(f"a/{number}") for number in range(100))))
    check(drawing)
    assert drawing.height < 2 * TALLEST
    assert drawing.width < 2 * TALLEST
    assert len(drawing.arrows) == 99


def test_services_that_nothing_leads_to_stand_in_rows() -> None:
    """Not in one column."""
    drawing = lay_out(node("a", *(node(f"a/{number}", after=()) for number in range(300))))
    check(drawing)
    assert drawing.height < 2 * TALLEST
    assert drawing.arrows == ()


def test_three_hundred_services_that_depend_on_each_other_are_drawn() -> None:
    """With a width and a height that grow with their number, not with that of the arrows."""
    names = [f"a/{number}" for number in range(300)]
    tree = node("a", *(node(name, after=tuple(names[: place // 2][-3:])) for place, name in enumerate(names)))
    drawing = lay_out(tree)
    check(drawing)
    assert drawing.height < 300 * 100


def test_an_order_that_is_too_large_for_an_image_is_refused_in_one_line() -> None:
    """Each after its neighbour and after the first; how far the arrows reach counts, not how many services there are."""
    names = [f"a/{number}" for number in range(600)]
    far = (
        node(name, after=(names[0], names[place - 1])[: place + 1]) for place, name in enumerate(names[1:], 1)
    )
    with pytest.raises(UsageError, match=r"^the order of 'a' is too large .* pass 180298 columns") as caught:
        lay_out(node("a", node(names[0], after=()), *far))
    assert "--graph text" in caught.value.hint
    assert len(lay_out(node("a", *(node(f"a/{number}") for number in range(5000)))).boxes) == 5001


def test_wide_letters_count_twice_and_marks_not() -> None:
    """As terminals and fonts of one width have them."""
    assert (columns("日本"), columns("e\u0301"), columns("ab")) == (4, 1, 2)
    assert shortened("日本語", 4) == "日…"
    assert shortened("日本", 4) == "日本"
