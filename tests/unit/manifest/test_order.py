"""In which order the services of a manifest start."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.manifest.model import ServiceNode, Supervision
from svcctl.manifest.order import Edge, branches, longest_ways, orders_of
from svcctl.manifest.validation import validate
from tests.fakes.trees import manifest_of, node, shop


def problems(tree: ServiceNode) -> list[tuple[str, str]]:
    """Return what is wrong with a tree."""
    return [(problem.where, problem.message) for problem in validate(manifest_of(tree))]


def test_without_a_word_about_it_children_start_one_after_the_other() -> None:
    """Which no service has to give as its reason."""
    order = orders_of(node("a", node("a/x"), node("a/y"), node("a/z")))["a"]
    assert (order.graph, order.steps) == (False, (1, 2, 3))
    assert order.edges == (Edge(0, 1), Edge(1, 2))


def test_one_word_makes_a_graph_of_the_whole_collection() -> None:
    """Be it that a child comes after nothing; who is silent comes after nothing then."""
    order = orders_of(node("a", node("a/x"), node("a/y", after=()), node("a/z", after=("a/x",))))["a"]
    assert (order.graph, order.steps) == (True, (1, 1, 2))
    assert order.edges == (Edge(0, 2, (("a/z", "a/x"),)),)


def test_a_path_into_another_branch_orders_the_branches() -> None:
    """Below the collection that they have in common, and gives the reason."""
    orders = orders_of(shop().tree)
    assert [edge[:2] for edge in orders["shop"].edges] == [(0, 3), (0, 4), (1, 2), (1, 3), (2, 4), (3, 4)]
    assert orders["shop"].edges[2].reasons == (("shop/web/api", "shop/storage/db"),)
    assert orders["shop"].steps == (1, 1, 2, 2, 3, 1)
    assert orders["shop/storage"].graph is False
    assert orders["shop/web"].steps == (1, 1, 2)


def test_reasons_of_one_order_are_collected() -> None:
    """Two services below one branch may both need something of another."""
    one, other = (node("a/y/1", after=("a/x",)), node("a/y/2", after=("a/x/1",)))
    order = orders_of(node("a", node("a/x", node("a/x/1")), node("a/y", one, other)))["a"]
    assert order.edges == (Edge(0, 1, (("a/y/1", "a/x"), ("a/y/2", "a/x/1"))),)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a/b", "a/c", ("a", "a/b", "a/c")),
        ("a/b/c", "a/b/d/e", ("a/b", "a/b/c", "a/b/d")),
        ("a/b", "a/b/c", ("a/b", "a/b", "a/b/c")),
        ("a/b", "x", ("", "a", "x")),
    ],
)
def test_branches_are_where_two_paths_part(one: str, other: str, expected: tuple[str, str, str]) -> None:
    """Also where one contains the other or they have nothing in common."""
    assert branches(one, other) == expected


def test_the_longest_way_counts() -> None:
    """Not the shortest; what hangs on a cycle is named."""
    assert longest_ways(4, [(0, 1), (1, 2), (0, 2), (2, 3)]) == ([1, 2, 3, 4], [])
    assert longest_ways(4, [(1, 2), (2, 1), (2, 3)])[1] == [1, 2, 3]
    assert longest_ways(0, []) == ([], [])


def test_an_unknown_path_is_a_problem_with_advice() -> None:
    """The nearest of those that there are."""
    assert problems(node("a", node("a/database"), node("a/web", after=("a/datebase",)))) == [
        (
            "tree.children[1].after[0]",
            "expected the path of another service, not 'a/datebase'; did you mean 'a/database'?",
        )
    ]
    assert problems(node("a", node("a/web", after=("zzz",)))) == [
        ("tree.children[0].after[0]", "expected the path of another service, not 'zzz'")
    ]


def test_a_service_cannot_come_after_what_it_is_in_nor_after_itself() -> None:
    """Nobody could start."""
    inner = node("a/b/c", after=("a/b", "a", "a/b/c"))
    found = problems(node("a", node("a/b", inner, after=("a/b/c",))))
    assert [where for where, _ in found] == [
        "tree.children[0].after[0]",
        "tree.children[0].children[0].after[0]",
        "tree.children[0].children[0].after[1]",
        "tree.children[0].children[0].after[2]",
    ]
    assert all("one is in the other" in message for _, message in found)


def test_every_cycle_is_a_problem_with_its_way() -> None:
    """One of each collection, though it goes through services below."""
    storage = node("a/storage", node("a/storage/db", after=("a/web/api",)))
    web = node(
        "a/web", node("a/web/api"), node("a/web/x", after=("a/web/y",)), node("a/web/y", after=("a/web/x",))
    )
    assert problems(node("a", storage, replace(web, after=("a/storage",)))) == [
        ("tree.children[0].after", "comes after itself: 'a/storage', after 'a/web', after 'a/storage'"),
        (
            "tree.children[1].children[1].after",
            "comes after itself: 'a/web/x', after 'a/web/y', after 'a/web/x'",
        ),
    ]


def test_a_path_stands_once() -> None:
    """Twice says nothing more."""
    assert problems(node("a", node("a/x"), node("a/y", after=("a/x", "a/x")))) == [
        ("tree.children[1].after[1]", "'a/x' stands there twice")
    ]


def test_paths_that_are_wrong_are_told_before_the_order() -> None:
    """It could not be found with them."""
    twice = node("a", node("a/x", node("a/x/1")), node("a/x", after=("a/x/1",)), node("b"))
    assert [where for where, _ in problems(twice)] == ["tree.children[1].path", "tree.children[2].path"]


def test_a_thousand_wrong_paths_do_not_take_long() -> None:
    """Only the first of them get advice."""
    tree = node("a", *(node(f"a/{number}", after=(f"a/x{number}",)) for number in range(1000)))
    found = problems(tree)
    assert len(found) == 200
    assert sum("did you mean" in message for _, message in found) == 10


def test_a_hostile_order_does_not_take_long() -> None:
    """A cycle of thousands is named by its first services; a path that stands there very often is told very often."""
    count = 3000
    ring = node("a", *(node(f"a/{number}", after=(f"a/{(number + 1) % count}",)) for number in range(count)))
    ((where, message),) = problems(ring)
    assert where == "tree.children[0].after"
    assert message.endswith("'a/9', and so on over 3000 services")
    assert len(problems(node("a", node("a/x"), node("a/y", after=("a/x",) * 100_000)))) == 200


def test_the_limits_of_a_supervision_are_numbers_that_can_be_meant() -> None:
    """No restart at all is one of them."""
    right = Supervision(strategy="one_for_all", restarts=0, within_ms=1)
    assert problems(node("a", supervision=right)) == []
    wrong = Supervision(strategy="one_for_all", restarts=-1, within_ms=0)
    assert [where for where, _ in problems(node("a", supervision=wrong))] == [
        "tree.supervision.restarts",
        "tree.supervision.within_ms",
    ]


def test_a_connection_says_where() -> None:
    """An empty text does not."""
    assert problems(node("a", connections=("tcp:x:1", ""))) == [("tree.connections[1]", "is empty")]
