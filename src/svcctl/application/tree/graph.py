"""The order of children that say what they come after.

A service names what has to be ready before it, by the name of a sibling or by a path from the root. A path that
leads into another branch orders the two branches below the common collection: one starts when all of the other is
ready, and stops before anything of it does.

A collection in which some child states what it comes after, be it nothing, starts in the order of that graph:
what does not depend on each other, at once. All other collections start one child after the other.

Example:
    >>> from svcctl.application.service import MultiService, Service
    >>> shop = MultiService()
    >>> shop.setName("shop")
    >>> for name, after in (("web", ["db"]), ("db", [])):
    ...     child = Service()
    ...     child.setName(name)
    ...     child.after = after
    ...     _ = child.setServiceParent(shop)
    >>> from svcctl.application.tree.record import record_of
    >>> arrange(record_of(shop))
    >>> [child.service.name for child in in_order(record_of(shop))]
    ['db', 'web']
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from svcctl.application.tree.record import Record, children_of, is_below, label, path_of, root_of, walk
from svcctl.errors import DependencyError, Problem

#: Who follows whom.
Follows = dict[Record, list[Record]]


class Graph(NamedTuple):
    """What the services of a tree say they come after.

    Attributes:
        records: The root and all below it, parents before children.
        stated: For each service that says so, what it comes after.
        follows: For each service whose place follows from that, the siblings that come before it.
        crossing: For each service that comes after others than siblings, those.
        problems: Unknown names and cycles.
        suspects: The collections that may have a cycle: that takes a service that comes after one added later.
    """

    records: list[Record]
    stated: dict[Record, tuple[Record, ...]]
    follows: Follows
    crossing: Follows
    problems: list[Problem]
    suspects: set[Record]


def graph_of(root: Record) -> Graph:
    """Resolve the names that the services below a root say they come after."""
    graph = Graph(walk(root), {}, {}, {}, [], set())
    names: Names = {}
    for record in graph.records:
        if record.parent is not None and _says_something(record):
            graph.stated[record] = _resolved(record, record.parent, graph, names)
    for record in graph.records:
        if record in graph.suspects:
            graph.problems.extend(_cycle(children_of(record), graph.follows))
    return graph


def _resolved(record: Record, parent: Record, graph: Graph, names: Names) -> tuple[Record, ...]:
    """Return what a service comes after, and note what follows from that for the order."""
    targets: list[Record] = []
    before = graph.follows.setdefault(record, [])
    siblings = _names_of(parent, names)
    for text in _after(record):
        sibling = siblings.get(text) if isinstance(text, str) else None
        if sibling is None or sibling is record:
            targets += _resolved_elsewhere(record, text, graph, names)
            continue
        targets.append(sibling)  # as nearly always, and quicker than for another branch
        if sibling not in before:
            before.append(sibling)
        if sibling not in graph.stated and _says_something(sibling):
            graph.suspects.add(parent)
    return tuple(targets)


def _resolved_elsewhere(record: Record, text: object, graph: Graph, names: Names) -> tuple[Record, ...]:
    target = _find(record, text, names) if isinstance(text, str) else None
    wrong = _wrong(record, text, target)
    if target is None or wrong:
        graph.problems.append(Problem(path_of(record), wrong))
        return ()
    mine, its = _branches(record, target)
    if its not in graph.follows.setdefault(mine, []):
        graph.follows[mine].append(its)
    if mine.parent is not None:
        graph.suspects.add(mine.parent)
    if mine is not record or its is not target:
        graph.crossing.setdefault(record, []).append(target)
    return (target,)


def arrange(top: Record) -> None:
    """Work out the order of every collection in the tree that a service is in.

    Raises:
        DependencyError: Some service comes after what is not there, or after itself; nothing has changed.
    """
    root = root_of(top)
    graph = graph_of(root)
    if graph.problems:
        raise DependencyError(f"dependencies of {path_of(root)}", tuple(graph.problems))
    for each in graph.records:
        each.ordered = False
        each.follows = tuple(graph.follows.get(each, ()))
        if each.parent is not None and each in graph.follows:
            each.parent.ordered = True
    root.crossing = graph.crossing


def in_order(parent: Record) -> list[Record]:
    """Return the children of an arranged collection so that each comes after what it follows."""
    return _sorted(children_of(parent))[0]


def refuse_departure(child: Record) -> None:
    """Refuse to take out of a running tree what others in it depend on.

    Raises:
        DependencyError: It is named.
    """
    root = root_of(child)
    siblings = children_of(child.parent) if child.parent is not None else []
    needing = [each for each in siblings if child in each.follows]
    needing += [
        who
        for who, those in root.crossing.items()
        if is_below(who, root) and not is_below(who, child) and any(is_below(each, child) for each in those)
    ]
    if needing:
        names = " and ".join(sorted({path_of(each) for each in needing}))
        raise DependencyError(
            f"dependencies of {path_of(root)}",
            (
                Problem(
                    path_of(child),
                    f"cannot be removed: {names} {'comes' if len(needing) == 1 else 'come'} after it",
                ),
            ),
            hint="remove first what comes after it",
        )


def _says_something(record: Record) -> bool:
    return getattr(record.service, "after", None) is not None


def _after(record: Record) -> Iterable[object]:
    after = record.service.after
    if type(after) is list:  # as nearly always, and quicker to see than that it is iterable
        return after
    return (after,) if isinstance(after, str) or not isinstance(after, Iterable) else after


def _wrong(record: Record, text: object, target: Record | None) -> str:
    assert record.parent is not None  # noqa: S101 (for the type checker: a root comes after nothing)
    if not isinstance(text, str):
        return f"comes after {text!r}: give the name of a service, or its path"
    if target is None:
        from difflib import get_close_matches  # noqa: PLC0415 (only an error needs it)

        siblings = [str(each.service.name) for each in children_of(record.parent) if each is not record]
        near = get_close_matches(text, siblings, n=1, cutoff=0.5)
        advice = f"; did you mean {near[0]!r}?" if near else ""
        return f"comes after {text!r}, which is not there{advice}"
    if is_below(record, target) or is_below(target, record):
        return f"cannot come after {text!r}: one is in the other"
    return ""


#: The children of collections by name and by what they are called in paths.
Names = dict[Record, dict[str, Record]]


def _find(record: Record, text: str, names: Names) -> Record | None:
    """Return the service of that name beside another one, or at that path."""
    sibling = _named(record.parent, text, names)
    if sibling is not None:
        return sibling
    first, *rest = text.split("/")
    root = root_of(record)
    found: Record | None = root if rest and first == label(root.service, 0) else None
    for step in rest:
        found = _named(found, step, names)
    return found


def _named(parent: Record | None, text: str, names: Names) -> Record | None:
    return None if parent is None else _names_of(parent, names).get(text)


def _names_of(parent: Record, names: Names) -> dict[str, Record]:
    known = names.get(parent)
    if known is None:
        children = children_of(parent)
        known = {label(each.service, position): each for position, each in enumerate(children)}
        known |= {name: each for each in children if (name := each.service.name) is not None}
        names[parent] = known
    return known


def _branches(one: Record, other: Record) -> tuple[Record, Record]:
    """Return the siblings in whose branches two services are."""
    if one.parent is other.parent:
        return one, other
    lines = []
    for record in (one, other):
        line = [record]
        while line[-1].parent is not None:
            line.append(line[-1].parent)
        lines.append(line[::-1])
    depth = next(level for level, (mine, its) in enumerate(zip(*lines, strict=False)) if mine is not its)
    return lines[0][depth], lines[1][depth]


def _sorted(
    children: list[Record], follows: Follows | None = None
) -> tuple[list[Record], dict[Record, list[Record]]]:
    """Sort siblings so that each comes after what it follows; return also those that are in a cycle."""
    left = {each: list(each.follows if follows is None else follows.get(each, ())) for each in children}
    followers: dict[Record, list[Record]] = {}
    for each, before in left.items():
        for other in before:
            followers.setdefault(other, []).append(each)
    counts = {each: len(before) for each, before in left.items()}
    ready = [each for each in reversed(children) if not counts[each]]
    order: list[Record] = []
    while ready:
        each = ready.pop()
        order.append(each)
        del left[each]
        for follower in reversed(followers.get(each, ())):
            counts[follower] -= 1
            if not counts[follower]:
                ready.append(follower)
    return order, left


def _cycle(children: list[Record], follows: Follows) -> list[Problem]:
    """Return the problem of the first cycle among siblings, if there is one."""
    left = _sorted(children, follows)[1]
    if not left:
        return []
    seen = [next(iter(left))]
    while (following := next(each for each in left[seen[-1]] if each in left)) not in seen:
        seen.append(following)
    ring = [*seen[seen.index(following) :], following]
    return [
        Problem(path_of(ring[0]), "comes after itself: " + ", after ".join(path_of(each) for each in ring))
    ]
