"""In which order the services of a tree start, as far as its nodes say what each comes after.

A node that comes after another one orders the two branches below their common collection. A collection in which a
child states what it comes after, be it nothing, or to which such an order applies, starts its children by that graph:
what does not depend on each other, at once. All other collections start one child after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from svcctl.errors import Problem
from svcctl.manifest.model import ServiceNode
from svcctl.records.reading import shown

#: How many services of a cycle are named.
_LONGEST_WAY = 10
#: Comparing names is slow, and a hostile text could hold thousands that are not there.
_MOST_ADVICE, _MOST_COMPARED = 10, 1000


class Edge(NamedTuple):
    """A child of a collection that comes after another one.

    Attributes:
        before: Position of the child that has to be ready.
        after: Position of the child that waits for it.
        reasons: Pairs of paths, who comes after whom: the two children, or what is below them. Empty where children
            just start one after the other.
    """

    before: int
    after: int
    reasons: tuple[tuple[str, str], ...] = ()


class Order(NamedTuple):
    """How the children of one collection start.

    Attributes:
        graph: By what they come after; else one after the other.
        edges: Who comes after whom, sorted by positions, each pair once.
        steps: For each child how many there are on the longest way to it, itself included. It starts as soon as all
            it comes after is ready, so equal steps need not start at one moment.
    """

    graph: bool
    edges: tuple[Edge, ...]
    steps: tuple[int, ...]


def orders_of(tree: ServiceNode) -> dict[str, Order]:
    """Return how the children of each collection start, by its path; of a tree that has passed validation."""
    nodes = list(tree.walk())
    places = {child.path: place for node in nodes for place, child in enumerate(node.children)}
    edges: dict[str, dict[tuple[int, int], list[tuple[str, str]]]] = {}
    for node in nodes:
        if node.after is None:
            continue
        edges.setdefault(node.path.rpartition("/")[0], {})
        for path in node.after:
            above, mine, its = branches(node.path, path)
            if above not in (node.path, path) and mine in places and its in places:
                between = edges.setdefault(above, {}).setdefault((places[its], places[mine]), [])
                between.append((node.path, path))
    return {node.path: _order(len(node.children), edges.get(node.path)) for node in nodes if node.children}


def branches(one: str, other: str) -> tuple[str, str, str]:
    """Return the paths of what two paths have in common and of the branches below it that they lead into.

    Example:
        >>> branches("shop/web/api", "shop/storage/db")
        ('shop', 'shop/web', 'shop/storage')
    """
    mine, its = one.split("/"), other.split("/")
    depth = next(
        (level for level, (a, b) in enumerate(zip(mine, its, strict=False)) if a != b),
        min(len(mine), len(its)),
    )
    return "/".join(mine[:depth]), "/".join(mine[: depth + 1]), "/".join(its[: depth + 1])


def longest_ways(count: int, pairs: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return for each of so many nodes how many there are on the longest way to it, and which hang on a cycle.

    Args:
        count: How many nodes there are; they are numbered from 0.
        pairs: Who comes before whom.
    """
    followers: dict[int, list[int]] = {}
    missing, found = [0] * count, [1] * count
    for before, after in pairs:
        followers.setdefault(before, []).append(after)
        missing[after] += 1
    ready = [place for place in range(count) if not missing[place]]
    for place in ready:  # it grows meanwhile
        for after in followers.get(place, ()):
            found[after] = max(found[after], found[place] + 1)
            missing[after] -= 1
            if not missing[after]:
                ready.append(after)
    return found, [place for place in range(count) if missing[place]]


def order_problems(nodes: Sequence[tuple[str, ServiceNode]]) -> Iterator[Problem]:
    """Yield which nodes come after what is not there, or after themselves.

    Args:
        nodes: Every node of the tree, parents before children, each with its place in the manifest.
    """
    places = {node.path: where for where, node in nodes}
    advice = _MOST_ADVICE
    for where, node in nodes:
        seen: set[str] = set()
        for position, path in enumerate(node.after or ()):
            wrong = _wrong(node, path, places) or (
                f"{shown(path)} stands there twice" if path in seen else ""
            )
            seen.add(path)
            if path not in places and advice:
                advice -= 1
                wrong += _advice(path, places)
            if wrong:
                yield Problem(f"{where}.after[{position}]", wrong)
    if nodes:
        yield from _cycles(nodes[0][1], places)


def _wrong(node: ServiceNode, path: str, places: dict[str, str]) -> str:
    if path not in places:
        return f"expected the path of another service, not {shown(path)}"
    if f"{path}/".startswith(f"{node.path}/") or node.path.startswith(f"{path}/"):
        return f"{shown(path)} and {shown(node.path)} cannot wait for each other: one is in the other"
    return ""


def _advice(path: str, places: dict[str, str]) -> str:
    near = get_close_matches(path[:_MOST_COMPARED], list(places)[:_MOST_COMPARED], n=1)
    return f"; did you mean {shown(near[0])}?" if near else ""


def _cycles(tree: ServiceNode, places: dict[str, str]) -> Iterator[Problem]:
    nodes = {node.path: node for node in tree.walk()}
    for path, order in orders_of(tree).items():
        stuck = set(longest_ways(len(order.steps), [edge[:2] for edge in order.edges])[1])
        if stuck:
            children = [child.path for child in nodes[path].children]
            ring = [children[place] for place in _ring(order.edges, stuck)]
            way = ", after ".join(map(shown, ring if len(ring) <= _LONGEST_WAY else ring[:_LONGEST_WAY]))
            more = f", and so on over {len(ring) - 1} services" if len(ring) > _LONGEST_WAY else ""
            message = f"comes after itself: {way}{more}"
            yield Problem(f"{places[ring[0]]}.after", message)


def _ring(edges: tuple[Edge, ...], stuck: set[int]) -> list[int]:
    """Return a cycle among positions that hang on one, the first of them twice."""
    before = {edge.after: edge.before for edge in edges if {edge.after, edge.before} <= stuck}
    seen: dict[int, None] = {}
    place = min(stuck)
    while place not in seen:
        seen[place] = None
        place = before[place]
    way = list(seen)
    return [*way[way.index(place) :], place]


def _order(count: int, stated: dict[tuple[int, int], list[tuple[str, str]]] | None) -> Order:
    if stated is None:
        edges = tuple(Edge(place, place + 1) for place in range(count - 1))
    else:
        edges = tuple(Edge(*pair, tuple(reasons)) for pair, reasons in sorted(stated.items()))
    return Order(stated is not None, edges, tuple(longest_ways(count, [edge[:2] for edge in edges])[0]))
