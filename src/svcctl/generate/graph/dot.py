"""A tree of services as source for Graphviz (its language: graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from svcctl.generate.graph.facts import details, name_of, summary
from svcctl.manifest.model import Manifest, ServiceNode
from svcctl.manifest.order import Order, orders_of


def draw_dot(manifest: Manifest) -> str:
    """Return the tree as a directed graph: services as nodes, collections as clusters, arrows to who comes after.

    Names in it are numbers; the texts of services stand in quotes, whatever they hold.
    """
    tree = manifest.tree
    orders = orders_of(tree)
    numbers = {node.path: number for number, node in enumerate(tree.walk())}
    lines = [
        f"digraph {_quoted(manifest.application.name)} {{",
        "  compound=true; rankdir=LR;",
        '  node [shape=box, style=rounded, fontname="monospace"];',
        '  graph [fontname="monospace", style=rounded];',
        *_nodes(tree, orders, numbers, "  ", supervised=False),
        *(line for node in tree.walk() for line in _arrows(node, orders, numbers)),
        "}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _nodes(
    node: ServiceNode,
    orders: Mapping[str, Order],
    numbers: Mapping[str, int],
    indent: str,
    *,
    supervised: bool,
) -> Iterator[str]:
    about = " · ".join(summary(node, orders.get(node.path), supervised=supervised))
    label = "\\n".join(_escaped(line) for line in (name_of(node), about, *details(node)))
    tip = _quoted(node.path)
    if not node.children:
        yield f'{indent}n{numbers[node.path]} [label="{label}", tooltip={tip}];'
        return
    yield f"{indent}subgraph cluster_{numbers[node.path]} {{"
    yield f'{indent}  label="{label}"; tooltip={tip};'
    for child in node.children:
        yield from _nodes(child, orders, numbers, f"{indent}  ", supervised=node.supervision is not None)
    yield f"{indent}}}"


def _arrows(parent: ServiceNode, orders: Mapping[str, Order], numbers: Mapping[str, int]) -> Iterator[str]:
    """Yield the arrows between the children of a collection; those of clusters hang on a service in them."""
    for edge in orders[parent.path].edges if parent.path in orders else ():
        before, after = parent.children[edge.before], parent.children[edge.after]
        attributes = []
        if before.children:
            attributes.append(f"ltail=cluster_{numbers[before.path]}")
        if after.children:
            attributes.append(f"lhead=cluster_{numbers[after.path]}")
        if edge.reasons:
            attributes.append(
                f"tooltip={_quoted(', '.join(f'{who} after {whom}' for who, whom in edge.reasons))}"
            )
            if (after.path, before.path) not in edge.reasons:
                attributes.append("style=dashed")
        shown = f" [{', '.join(attributes)}]" if attributes else ""
        yield f"  n{numbers[_leaf(before).path]} -> n{numbers[_leaf(after).path]}{shown};"


def _leaf(node: ServiceNode) -> ServiceNode:
    while node.children:
        node = node.children[0]
    return node


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    r"""Return a text for a quoted string: ``\`` begins an escape there, and ``&`` an entity of HTML."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
