"""The order that a manifest says is the one that the driver follows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from svcctl.application.interfaces import IService
from svcctl.application.service import Application, MultiService, Service
from svcctl.application.tree.graph import arrange
from svcctl.application.tree.record import children_of, path_of, record_of, walk
from svcctl.errors import DependencyError, ProblemsError
from svcctl.manifest.model import Origin
from svcctl.manifest.order import orders_of

ORIGIN = Origin(kind="tac", digest="0" * 64)
NAMES = ("a", "b", "c")
PATHS = (
    *NAMES,
    *(f"root/{one}" for one in NAMES),
    *(f"root/{one}/{other}" for one in NAMES for other in NAMES),
)


@st.composite
def applications(draw: st.DrawFn) -> Application:
    """Make an application of two levels whose services come after any others, rarely in a way that works not at all."""
    application = Application("root")
    afters = st.none() | st.lists(st.sampled_from(PATHS), max_size=2)
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        collection: Any = MultiService()
        collection.setName(name)
        collection.after = draw(afters)
        for inner in draw(st.lists(st.sampled_from(NAMES), unique=True)):
            service = Service()
            service.setName(inner)
            service.after = draw(afters)
            service.setServiceParent(collection)
        collection.setServiceParent(application)
    return application


@given(applications())
def test_the_manifest_has_the_order_of_the_driver(application: Application) -> None:
    """Of every collection: whether it is a graph, and who comes after whom; what one refuses, the other does, too."""
    root = record_of(application.getComponent(IService))
    try:
        tree = application.describe(ORIGIN).tree
    except ProblemsError:
        tree = None
    try:
        arrange(root)
    except DependencyError:
        assert tree is None
        return
    assert tree is not None
    orders = orders_of(tree)
    for record in walk(root):
        children = children_of(record)
        if children:
            order = orders[path_of(record)]
            assert order.graph == record.ordered
            follows = {(edge.before, edge.after) for edge in order.edges} if order.graph else set()
            assert follows == {
                (children.index(other), place)
                for place, child in enumerate(children)
                for other in child.follows
            }
