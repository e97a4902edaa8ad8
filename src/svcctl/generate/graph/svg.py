"""A tree of services as an SVG image (SVG 1.1), which needs nothing from elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import pairwise

from svcctl.generate.graph.layout import LINE, PADDING, Arrow, Box, Point, lay_out
from svcctl.manifest.model import Manifest

_MARGIN = 16
#: What XML 1.0 has no way to write.
_IMPOSSIBLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_STYLE = """
    text { font: 13px "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2933; white-space: pre }
    .name { font-weight: bold } .about { fill: #52606d }
    rect { stroke: #7b8794; fill: #ffffff } .even { fill: #f5f7fa } .odd { fill: #ffffff }
    .stream-server, .datagram-server, .asgi-server { fill: #e0f0ff } .stream-client { fill: #efe6fa }
    .timer, .task, .cooperator, .process-monitor { fill: #fff4d6 } .service { fill: #e6f6e6 } .opaque { stroke-dasharray: 4 3 }
    path { fill: none; stroke: #52606d; stroke-width: 1.4; marker-end: url(#arrow) }
    .derived { stroke-dasharray: 5 4 }
  """

_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
    'viewBox="{edge} {edge} {width} {height}" role="img">'
)
_ARROW_HEAD = (
    '  <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0 L8 4 L0 8 z" style="fill: #52606d; stroke: none; marker-end: none"/>'
    "</marker></defs>"
)


def draw_svg(manifest: Manifest) -> str:
    """Return the image: services as boxes in those of their collections, arrows to who comes after.

    A dashed arrow stands for what services below the two say. The whole path of each service is in the title of
    its box, which most programs show when somebody points at it.
    """
    drawing = lay_out(manifest.tree)
    width, height = drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN
    title = _text(f"Services of {manifest.application.name}")
    lines = [
        _HEAD.format(width=width, height=height, edge=-_MARGIN),
        f"  <title>{title}</title>",
        f"  <style>{_STYLE}</style>",
        _ARROW_HEAD,
        f'  <rect x="{-_MARGIN}" y="{-_MARGIN}" width="{width}" height="{height}" style="stroke: none"/>',
        *(line for box in drawing.boxes for line in _box(box)),
        *(_arrow(arrow) for arrow in drawing.arrows),
        "</svg>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _box(box: Box) -> Iterator[str]:
    style = ("odd" if box.depth % 2 else "even") if box.node.children else box.node.kind
    yield f"  <g><title>{_text(box.title)}</title>"
    yield (
        f'    <rect class="{_text(style)}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" '
        'rx="6"/>'
    )
    for place, line in enumerate(box.lines):
        role = ' class="name"' if place == 0 else ' class="about"' if place == 1 else ""
        top = box.y + PADDING + place * LINE + LINE * 3 // 4
        yield f'    <text{role} x="{box.x + PADDING}" y="{top}">{_text(line)}</text>'
    yield "  </g>"


def _arrow(arrow: Arrow) -> str:
    role = ' class="derived"' if arrow.derived else ""
    steps = " ".join(_step(*pair) for pair in pairwise(arrow.points))
    start = f'd="M{arrow.points[0][0]} {arrow.points[0][1]} {steps}"'
    return (
        f"  <path{role} {start}><title>{_text(arrow.title)}</title></path>"
        if arrow.title
        else f"  <path {start}/>"
    )


def _step(one: Point, other: Point) -> str:
    (left, top), (x, y) = one, other
    if x == left or y == top:
        return f"L{x} {y}"
    middle = (left + x) // 2
    return f"C{middle} {top} {middle} {y} {x} {y}"


def _text(text: str) -> str:
    return html.escape(_IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text))
