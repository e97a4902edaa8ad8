"""Where each service of a drawing stands: boxes in boxes, with arrows from what is ready first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from svcctl.errors import UsageError
from svcctl.generate.graph.facts import columns, details, name_of, shortened, summary
from svcctl.generate.graph.layers import GAP, lay_out_layers
from svcctl.manifest.model import ServiceNode
from svcctl.manifest.order import Edge, Order, orders_of

#: Pixels of a letter and of a line of text, around texts and children, and between two columns.
LETTER, LINE, PADDING, GUTTER = 8, 18, 12, 56
#: Longest line, in letters; the whole text is in the title of its box.
LONGEST = 56
#: Height in pixels from which children that start one after the other go on in a further column.
TALLEST = 900

#: Columns that all arrows together pass; the time of a drawing grows with them, to some seconds here.
MOST_PASSED = 150_000

Point = tuple[int, int]


class Box(NamedTuple):
    """One service.

    Attributes:
        node: The service.
        x: Pixels from the left.
        y: Pixels from above.
        width: Pixels.
        height: Pixels.
        lines: What is written in it: its name, and what there is to know; shortened.
        title: Its path; below that the lines in full, if one had to be shortened.
        depth: How many collections it is in.
    """

    node: ServiceNode
    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    title: str
    depth: int


class Arrow(NamedTuple):
    """From a service to one that comes after it.

    Attributes:
        points: Its corners. Between two that differ in both numbers it bends, else it is straight.
        title: Who comes after whom; empty if they just start one after the other.
        derived: Only what is below the two states it.
    """

    points: tuple[Point, ...]
    title: str = ""
    derived: bool = False


class Drawing(NamedTuple):
    """A box with all that is in it.

    Attributes:
        width: Pixels.
        height: Pixels.
        boxes: Every service, collections before what they hold.
        arrows: What leads from one to the next.
    """

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    def moved(self, x: int, y: int) -> Drawing:
        """Return the same drawing at another place."""
        boxes = tuple(box._replace(x=box.x + x, y=box.y + y) for box in self.boxes)
        arrows = tuple(
            arrow._replace(points=tuple((left + x, top + y) for left, top in arrow.points))
            for arrow in self.arrows
        )
        return self._replace(boxes=boxes, arrows=arrows)


def lay_out(tree: ServiceNode) -> Drawing:
    """Return a drawing of a tree that has passed validation; one tree has one drawing.

    Raises:
        UsageError: Its arrows pass more than 150 000 columns in all, which takes many seconds to draw and more to
            look at.
    """
    orders = orders_of(tree)
    passed = sum(
        order.steps[edge.after] - order.steps[edge.before]
        for order in orders.values()
        if order.graph
        for edge in order.edges
    )
    if passed > MOST_PASSED:
        raise UsageError(
            f"the order of {shortened(tree.path, LONGEST)!r} is too large for an image: "
            f"its arrows pass {passed} columns, at most {MOST_PASSED} can be drawn",
            hint="draw it with --graph text, or with --graph dot for Graphviz",
        )
    return _draw(tree, orders, 0, supervised=False)


def _draw(node: ServiceNode, orders: Mapping[str, Order], depth: int, *, supervised: bool) -> Drawing:
    order = orders.get(node.path)
    about = " · ".join(summary(node, order, supervised=supervised))
    texts = (name_of(node), about, *details(node))
    lines = tuple(shortened(text, LONGEST) for text in texts)
    title = "\n".join((node.path, *(texts if lines != texts else ())))
    width = max(map(columns, lines)) * LETTER + 2 * PADDING
    height = len(lines) * LINE + 2 * PADDING
    if order is None:
        return Drawing(width, height, (Box(node, 0, 0, width, height, lines, title, depth),), ())
    watched = node.supervision is not None
    parts = [_draw(child, orders, depth + 1, supervised=watched) for child in node.children]
    inner = (_graph if order.graph else _chain)(parts, order)
    inner = inner.moved(PADDING, height)
    width, height = max(width, inner.width + 2 * PADDING), height + inner.height + PADDING
    box = Box(node, 0, 0, width, height, lines, title, depth)
    return Drawing(width, height, (box, *inner.boxes), inner.arrows)


def _chain(parts: Sequence[Drawing], _: Order) -> Drawing:
    """Put parts below each other, in as many columns as make the whole about as wide as high."""
    area = sum((part.width + GUTTER) * (part.height + GAP) for part in parts)
    limit = max(TALLEST, math.isqrt(area))
    placed: list[Drawing] = []
    arrows = []
    left = top = right = bottom = 0
    for part in parts:
        wraps = top > 0 and top + part.height > limit
        if wraps:
            left, top = right + GUTTER, 0
        if placed:
            arrows.append(
                Arrow(_next_column(placed[-1], right, left, part) if wraps else _down(placed[-1], top))
            )
        placed.append(part.moved(left, top))
        right, bottom = max(right, left + part.width), max(bottom, top + part.height)
        top += part.height + GAP
    return _together(placed, arrows, right, bottom)


def _down(above: Drawing, top: int) -> tuple[Point, ...]:
    box = above.boxes[0]
    return ((box.x + 2 * PADDING, box.y + box.height), (box.x + 2 * PADDING, top))


def _next_column(last: Drawing, right: int, left: int, part: Drawing) -> tuple[Point, ...]:
    box = last.boxes[0]
    middle = box.y + box.height // 2
    lane, top = (right + left) // 2, part.boxes[0].y + part.boxes[0].height // 2
    return ((box.x + box.width, middle), (lane, middle), (lane, top), (left, top))


def _graph(parts: Sequence[Drawing], order: Order) -> Drawing:
    """Put parts into columns by their steps; those that nothing leads to or from, below in rows."""
    bound = sorted({place for edge in order.edges for place in edge[:2]})
    numbers = {place: number for number, place in enumerate(bound)}
    edges = [(numbers[edge.before], numbers[edge.after]) for edge in order.edges]
    steps = [order.steps[place] for place in bound]
    layers = lay_out_layers([parts[place].height for place in bound], edges, steps)
    widths = [0] * max(steps, default=0)
    for place, step in zip(bound, steps, strict=True):
        widths[step - 1] = max(widths[step - 1], parts[place].width)
    lefts = [sum(widths[:column]) + column * GUTTER for column in range(len(widths))]
    placed = {
        place: parts[place].moved(lefts[step - 1], top)
        for place, step, top in zip(bound, steps, layers.tops, strict=True)
    }
    arrows = [
        _arrow(edge, [placed[place].boxes[0] for place in edge[:2]], way, lefts, widths)
        for edge, way in zip(order.edges, layers.ways, strict=True)
    ]
    width = lefts[-1] + widths[-1] if lefts else 0
    loose = [part for place, part in enumerate(parts) if place not in numbers]
    rows = _rows(loose, width, layers.height + GAP if bound else 0)
    boxes = [*placed.values(), *rows]
    return _together(
        boxes,
        arrows,
        max([width, *(part.boxes[0].x + part.width for part in rows)]),
        max([layers.height, *(part.boxes[0].y + part.height for part in rows)]),
    )


def _arrow(
    edge: Edge, boxes: Sequence[Box], way: Sequence[int], lefts: Sequence[int], widths: Sequence[int]
) -> Arrow:
    """Lead an arrow from the right of a box through its lanes to the left of the column where it ends."""
    before, after = boxes
    points = [(before.x + before.width, way[0])]
    for column, middle in enumerate(way[1:], lefts.index(before.x) + 1):
        points += [(lefts[column - 1] + widths[column - 1], points[-1][1]), (lefts[column], middle)]
    title = ", ".join(f"{who} after {whom}" for who, whom in edge.reasons)
    return Arrow(tuple(dict.fromkeys(points)), title, (after.node.path, before.node.path) not in edge.reasons)


def _rows(parts: Sequence[Drawing], width: int, top: int) -> list[Drawing]:
    area = sum((part.width + GAP) * (part.height + GAP) for part in parts)
    limit = max(width, math.isqrt(2 * area))
    placed = []
    left = height = 0
    for part in parts:
        if left and left + part.width > limit:
            left, top, height = 0, top + height + GAP, 0
        placed.append(part.moved(left, top))
        left, height = left + part.width + GAP, max(height, part.height)
    return placed


def _together(parts: Sequence[Drawing], arrows: Sequence[Arrow], width: int, height: int) -> Drawing:
    boxes = tuple(box for part in parts for box in part.boxes)
    return Drawing(width, height, boxes, (*arrows, *(arrow for part in parts for arrow in part.arrows)))
