"""What a description says about order and restarts."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.application.service import Application, MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.errors import ProblemsError
from svcctl.manifest import model
from svcctl.manifest.model import Origin, ServiceNode
from tests.unit.application.trees import Noted, Plain, tree

ORIGIN = Origin(kind="tac", digest="0" * 64)


def part(name: str | None, after: Any = None, *children: Any, **given: Any) -> Any:  # noqa: ANN401 (services need no common class)
    """Return a service that comes after others; one with children is a collection."""
    service: Any = MultiService() if children else Service()
    if name is not None:
        service.setName(name)
    service.after = after
    for attribute, value in given.items():
        setattr(service, attribute, value)
    for child in children:
        child.setServiceParent(service)
    return service


def application(*children: Any) -> Application:  # noqa: ANN401 (the same)
    """Return an application with these services."""
    made = Application("shop")
    for child in children:
        child.setServiceParent(made)
    return made


def described(*children: Any) -> ServiceNode:  # noqa: ANN401 (the same)
    """Return the description of an application's tree."""
    return application(*children).describe(ORIGIN).tree


def problems(*children: Any) -> list[tuple[str, str]]:  # noqa: ANN401 (the same)
    """Return what the description of an application complains about."""
    with pytest.raises(ProblemsError) as caught:
        described(*children)
    assert caught.value.exit_status == 65
    return [(problem.where, problem.message) for problem in caught.value.problems]


def test_what_a_service_comes_after_is_described_by_path() -> None:
    """However it is written: a name, a label, a path, one text alone; in the order given, each once."""
    web = part("web", None, part("api", ["shop/storage/db", "pages"]), part("pages", ()))
    root = described(
        part("storage", (), part("db")),
        web,
        part(None, "web"),
        part("x", ["Service[2]", "web", "shop/web"]),
        part("a/b", []),
        part("last", ["a/b", "shop/a%2Fb"]),
    )
    assert [each.after for each in root.children] == [
        (),
        None,
        ("shop/web",),
        ("shop/Service[2]", "shop/web"),
        (),
        ("shop/a%2Fb",),
    ]
    api, pages = root.children[1].children
    assert (api.after, pages.after) == (("shop/storage/db", "shop/web/pages"), ())
    assert root.after is None


def test_a_part_under_another_path_takes_what_is_in_it_along() -> None:
    """What is outside of it stays where it is."""
    web = part("web", None, part("api", ["pages", "shop/db"]), part("pages"))
    application(part("db"), web)
    assert web.describe("x").children[0].after == ("x/pages", "shop/db")


def test_restarts_and_supervision_are_described() -> None:
    """With the time in milliseconds."""
    root = described(
        part("a", None, part("b", restart="transient"), supervision=Supervision("one_for_all", 2, 0.5)),
        part("c", restart="temporary"),
    )
    holder, other = root.children
    assert holder.supervision == model.Supervision(strategy="one_for_all", restarts=2, within_ms=500)
    assert (holder.restart, holder.children[0].restart, other.restart) == (
        "permanent",
        "transient",
        "temporary",
    )
    assert other.supervision is None


def test_something_else_of_that_name_is_no_kind() -> None:
    """Such as a method of a class that was written without us."""

    class Restarting(Service):
        def restart(self) -> None:  # type: ignore[override]  # what somebody may have
            """Do what it says."""

    holder = MultiService()
    holder.addService(Restarting())
    holder.addService(Plain())
    assert [each.restart for each in described(holder).walk()] == ["permanent"] * 4


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """Unknown names, cycles and kinds, each with the path of the service."""
    found = problems(
        part("database"),
        part("web", ["datbase"], restart="always"),
        part("x", ["y"]),
        part("y", ["x"]),
        part("inner", None, part("z", [5, "z"])),
    )
    assert [where for where, _ in found] == ["shop/web", "shop/inner/z", "shop/inner/z", "shop/x", "shop/web"]
    assert found[0][1] == "comes after 'datbase', which is not there; did you mean 'database'?"
    assert "shop/x, after shop/y, after shop/x" in found[3][1]
    assert found[4][1] == "restart is 'always': expected one of permanent, transient, temporary"


class Wrong:
    """A supervision that nobody has checked."""

    def __init__(self, strategy: object = "one_for_one", restarts: object = 1, within: object = 1.0) -> None:
        self.strategy, self.restarts, self.within = strategy, restarts, within


@pytest.mark.parametrize(
    ("supervision", "count"),
    [
        (Wrong("one_for_some"), 1),
        (Wrong(restarts=-1), 1),
        (Wrong(restarts=True), 1),
        (Wrong(within=0), 1),
        (Wrong(within=float("nan")), 1),
        (Wrong(None, 1.5, "1"), 3),
        ("one_for_one", 3),
    ],
)
def test_a_supervision_that_makes_no_sense_is_a_problem(supervision: object, count: int) -> None:
    """Each value of its own, with the path of the collection."""
    found = problems(part("a", None, part("b"), supervision=supervision))
    assert [where for where, _ in found] == ["shop/a"] * count


def test_a_very_short_time_is_not_none() -> None:
    """A millisecond is the shortest."""
    root = described(part("a", None, part("b"), supervision=Supervision(within=0.0001)))
    assert root.children[0].supervision is not None
    assert root.children[0].supervision.within_ms == 1


def test_a_tree_that_says_nothing_is_described_without_orders() -> None:
    """Most are so."""
    node = tree(Noted([], "a"), Noted([], "b")).describe()
    assert [each.after for each in node.walk()] == [None, None, None]
