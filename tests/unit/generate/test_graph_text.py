"""The tree as text."""

from __future__ import annotations

from pathlib import Path

from svcctl.generate.graph.text import draw_text
from svcctl.manifest.model import Supervision, Timer
from tests.fakes.trees import manifest_of, node


def lines(*children: object, **given: object) -> list[str]:
    """Return the drawing of a tree named ``a`` with these children."""
    return draw_text(manifest_of(node("a", *children, **given))).splitlines()  # type: ignore[arg-type]  # nodes


def test_a_tree_without_services_is_a_line() -> None:
    """It may get them later."""
    assert lines(kind="collection") == ["a (collection)"]


def test_children_have_the_numbers_of_their_steps() -> None:
    """Aligned, from one."""
    drawn = lines(*(node(f"a/{number}") for number in range(1, 11)))
    assert drawn[0] == "a (collection) · starts one by one"
    assert drawn[1] == "├─  1. 1 (service)"
    assert drawn[10] == "└─ 10. 10 (service)"


def test_in_a_graph_each_says_what_it_comes_after() -> None:
    """Only there: elsewhere it is always the one before."""
    assert lines(node("a/x", after=()), node("a/y", after=()), node("a/z", after=("a/x", "a/y"))) == [
        "a (collection) · starts by graph",
        "├─ 1. x (service)",
        "├─ 1. y (service)",
        "└─ 2. z (service) · after x, y",
    ]


def test_an_order_that_comes_from_below_has_its_reason() -> None:
    """Where a service of one branch needs a service of another, and where a child needs what is in its sibling."""
    inner = node("a/web", node("a/web/api", after=("a/store/db",)))
    assert lines(node("a/store", node("a/store/db")), inner, node("a/z", after=("a/store/db",))) == [
        "a (collection) · starts by graph",
        "├─ 1. store (collection)",
        "│  └─ 1. db (service)",
        "├─ 2. web (collection) · after a/store/db (for a/web/api)",
        "│  └─ 1. api (service)",
        "└─ 2. z (service) · after a/store/db",
    ]


def test_listeners_timers_and_connections_have_lines_of_their_own() -> None:
    """Below the name, beside the line that leads to the children."""
    timer = Timer(interval_ms=500, callable="x.tick")
    holder = node("a/x", node("a/x/y", connections=("tcp:h:1",)), timers=(timer,))
    assert lines(holder, node("a/z", kind="stream-server", listens=("tcp:80",))) == [
        "a (collection) · starts one by one",
        "├─ 1. x (collection)",
        "│  │  calls x.tick every 0.5 s",
        "│  └─ 1. y (service)",
        "│        connects to tcp:h:1",
        "└─ 2. z (stream-server)",
        "      listens on tcp:80",
    ]


def test_the_drawing_in_the_reference_is_one_that_comes_out() -> None:
    """Of an application like the one that it tells about."""
    storage = node(
        "shop/storage",
        node("shop/storage/db"),
        node("shop/storage/cache", restart="transient"),
        after=(),
        supervision=Supervision(strategy="rest_for_one", restarts=3, within_ms=5000),
    )
    api = node("shop/web/api", kind="stream-server", listens=("tcp:8080",), after=("shop/storage/db",))
    shop = node("shop", storage, node("shop/web", api), node("shop/mail", after=("shop/storage",)))
    page = Path(__file__).parents[3] / "docs/reference/commands.md"
    assert f"```\n{draw_text(manifest_of(shop))}```" in page.read_text(encoding="utf-8")
