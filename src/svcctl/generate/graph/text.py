"""A tree of services as text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from svcctl.generate.graph.facts import details, name_of, reasons_of, summary
from svcctl.manifest.model import Manifest, ServiceNode
from svcctl.manifest.order import Edge, Order, orders_of


def draw_text(manifest: Manifest) -> str:
    """Return the tree as lines, each service with the step in which it starts.

    A service starts as soon as all it comes after is ready; its step is the number of services on the longest way
    to it. Services of one step do not wait for each other.

    Returns:
        Lines that end with a newline, drawn with box characters.
    """
    tree = manifest.tree
    orders = orders_of(tree)
    kind, *rest = summary(tree, orders.get(tree.path), supervised=False)
    head = " · ".join((f"{name_of(tree)} ({kind})", *rest))
    lines = [head, *(f"{_bar(tree)}  {line}" for line in details(tree)), *_children(tree, orders, "")]
    return "".join(f"{line}\n" for line in lines)


def _children(parent: ServiceNode, orders: Mapping[str, Order], indent: str) -> Iterator[str]:
    order = orders.get(parent.path)
    if order is None:
        return
    width = len(str(max(order.steps)))
    edges: dict[int, list[Edge]] = {}
    for edge in order.edges if order.graph else ():
        edges.setdefault(edge.after, []).append(edge)
    for place, node in enumerate(parent.children):
        last = place == len(parent.children) - 1
        below = indent + ("   " if last else "│  ")
        head = _head(parent, place, orders, edges.get(place, ()))
        yield f"{indent}{'└─' if last else '├─'} {order.steps[place]:>{width}}. {head}"
        yield from (f"{below}{_bar(node)}{' ' * (width + 1)}{line}" for line in details(node))
        yield from _children(node, orders, below)


def _bar(node: ServiceNode) -> str:
    """Return what stands before the details of a service: the line down to its children."""
    return "│" if node.children else " "


def _head(parent: ServiceNode, place: int, orders: Mapping[str, Order], edges: Sequence[Edge]) -> str:
    node = parent.children[place]
    kind, *rest = summary(node, orders.get(node.path), supervised=parent.supervision is not None)
    return " · ".join((f"{name_of(node)} ({kind})", *_after(parent, node, edges), *rest))


def _after(parent: ServiceNode, after: ServiceNode, edges: Sequence[Edge]) -> Iterator[str]:
    """Yield what a child of a graph comes after: what it states itself, and what something below it states."""
    direct, derived = [], []
    for edge in edges:
        before = parent.children[edge.before]
        reasons = reasons_of(edge, before, after)
        if len(reasons) < len(edge.reasons):
            direct.append(name_of(before))
        derived += [f"{whom} (for {who})" if who != after.path else whom for who, whom in reasons]
    if direct or derived:
        yield f"after {', '.join((*direct, *derived))}"
