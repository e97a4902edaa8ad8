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
    """

    records: list[Record]
    stated: dict[Record, tuple[Record, ...]]
    follows: Follows
    crossing: Follows
    problems: tuple[Problem, ...]


def graph_of(root: Record) -> Graph:
    """Resolve the names that the services below a root say they come after."""
    stated: dict[Record, tuple[Record, ...]] = {}
    follows: Follows = {}
    crossing: Follows = {}
    problems: list[Problem] = []
    names: Names = {}
    records = walk(root)
    for record in records:
        after = _after(record)
        if after is None or record.parent is None:
            continue
        targets = []
        before = follows.setdefault(record, [])
        siblings = _names_of(record.parent, names)
        for text in after:
            sibling = siblings.get(text) if isinstance(text, str) else None
            if (
                sibling is not None and sibling is not record
            ):  # as nearly always, and quicker than what follows
                targets.append(sibling)
                if sibling not in before:
                    before.append(sibling)
                continue
            target = _find(record, text, names) if isinstance(text, str) else None
            wrong = _wrong(record, text, target)
            if target is None or wrong:
                problems.append(Problem(path_of(record), wrong))
                continue
            targets.append(target)
            mine, its = _branches(record, target)
            if its not in follows.setdefault(mine, []):
                follows[mine].append(its)
            if mine is not record or its is not target:
                crossing.setdefault(record, []).append(target)
        stated[record] = tuple(targets)
    for record in records:
        problems += _cycle(children_of(record), follows) if record.collection else ()
    return Graph(records, stated, follows, crossing, tuple(problems))


def arrange(top: Record) -> None:
    """Work out the order of every collection in the tree that a service is in.

    Raises:
        DependencyError: Some service comes after what is not there, or after itself; nothing has changed.
    """
    root = root_of(top)
    graph = graph_of(root)
    if graph.problems:
        raise DependencyError(f"dependencies of {path_of(root)}", graph.problems)
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


def _after(record: Record) -> tuple[object, ...] | None:
    after = getattr(record.service, "after", None)
    if after is None:
        return None
    if type(after) is list:  # as nearly always, and quicker to see than that it is iterable
        return tuple(after)
    return (after,) if isinstance(after, str) or not isinstance(after, Iterable) else tuple(after)


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
        known |= {each.service.name: each for each in children if each.service.name is not None}
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
    places = {each: place for place, each in enumerate(children)}
    if all(places[other] < place for each, place in places.items() for other in follows.get(each, ())):
        return []  # as nearly always: what others need was added before them
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
