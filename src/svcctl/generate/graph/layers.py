"""Where the nodes of a graph stand: in columns by their longest way, each near to what it depends on.

The steps are those of layered drawings: columns, lanes for what passes through a column, an order within each column
by the mean of the neighbours, and heights as near to the neighbours as that order allows. Nothing is random, so that
one graph has one drawing. Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system
structures", 1981; the heights are an isotonic regression.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

#: Pixels between two nodes of a column, between anything and a lane, and of a lane itself.
GAP, LANE_GAP, LANE = 18, 8, 4
_SWEEPS = 8

#: A node, by its number and its step; with another step, the lane of the edges that come from it.
Item = tuple[int, int]


class Layers(NamedTuple):
    """The columns of a graph.

    Attributes:
        tops: Pixels from the upper edge to each node.
        ways: For each edge, the middle heights of its two nodes and of the lanes between, one for each column.
        height: Pixels of the whole.
    """

    tops: list[int]
    ways: list[list[int]]
    height: int


def lay_out_layers(heights: Sequence[int], edges: Sequence[tuple[int, int]], steps: Sequence[int]) -> Layers:
    """Return where the nodes of a graph without cycles stand.

    Args:
        heights: Pixels of each node.
        edges: Who comes before whom.
        steps: The column of each node, from 1; larger than those of what comes before it.
    """
    lanes = [
        [(before, step) for step in range(steps[before], steps[after])] + [(after, steps[after])]
        for before, after in edges
    ]
    sides = _neighbours(lanes)
    columns: list[list[Item]] = [[] for _ in range(max(steps, default=0))]
    for item in dict.fromkeys((*enumerate(steps), *(item for way in lanes for item in way))):
        columns[item[1] - 1].append(item)
    _sort(columns, sides)
    sizes = {
        item: heights[item[0]] if steps[item[0]] == item[1] else LANE for column in columns for item in column
    }
    middles = _middles(columns, sides, sizes)
    first = min((middles[item] - sizes[item] // 2 for item in sizes), default=0)
    tops = {item: middles[item] - sizes[item] // 2 - first for item in sizes}
    return Layers(
        [tops[item] for item in enumerate(steps)],
        [[middles[item] - first for item in way] for way in lanes],
        max((tops[item] + sizes[item] for item in sizes), default=0),
    )


def _neighbours(ways: list[list[Item]]) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    """Return what is beside each item, in the column before and in the one after."""
    pairs = dict.fromkeys(pair for way in ways for pair in pairwise(way))
    before: dict[Item, list[Item]] = {}
    after: dict[Item, list[Item]] = {}
    for one, other in pairs:
        before.setdefault(other, []).append(one)
        after.setdefault(one, []).append(other)
    return before, after


def _sort(columns: list[list[Item]], sides: tuple[dict[Item, list[Item]], dict[Item, list[Item]]]) -> None:
    """Order each column by the mean places of its neighbours on one side, to and fro."""
    for sweep in range(_SWEEPS):
        near = sides[sweep % 2]
        ordered = columns[::-1] if sweep % 2 else columns
        places: dict[Item, int] = {}
        for column in ordered:
            means = {}
            for place, item in enumerate(column):
                known = [places[other] for other in near.get(item, ())]
                means[item] = sum(known) / len(known) if known else float(place)
            column.sort(key=means.__getitem__)
            places = {item: place for place, item in enumerate(column)}


def _middles(
    columns: list[list[Item]],
    sides: tuple[dict[Item, list[Item]], dict[Item, list[Item]]],
    sizes: dict[Item, int],
) -> dict[Item, int]:
    """Return the height of each item's middle: near to its neighbours, with room between those of one column."""
    middles: dict[Item, int] = {}
    for sweep in range(_SWEEPS):
        for column in columns[::-1] if sweep % 2 else columns:
            offsets, wanted = [0], []
            for upper, lower in pairwise(column):
                gap = LANE_GAP if LANE in (sizes[upper], sizes[lower]) else GAP
                offsets.append(offsets[-1] + (sizes[upper] + sizes[lower]) // 2 + gap)
            for item, offset in zip(column, offsets, strict=True):
                near = [middles[other] for side in sides for other in side.get(item, ()) if other in middles]
                kept = middles.get(item, offset)
                wanted.append((sum(near) // len(near) if near else kept) - offset)
            for item, offset, shift in zip(column, offsets, _rising(wanted), strict=True):
                middles[item] = offset + shift
    return middles


def _rising(wanted: Sequence[int]) -> list[int]:
    """Return the numbers nearest to these, by their squares, of which none is smaller than the one before.

    Example:
        >>> _rising([0, 9, 3, 20])
        [0, 6, 6, 20]
    """
    blocks: list[tuple[int, int]] = []  # of equal numbers: their sum and how many
    for number in wanted:
        total, count = number, 1
        while blocks and blocks[-1][0] * count > total * blocks[-1][1]:
            above, more = blocks.pop()
            total, count = total + above, count + more
        blocks.append((total, count))
    return [total // count for total, count in blocks for _ in range(count)]
