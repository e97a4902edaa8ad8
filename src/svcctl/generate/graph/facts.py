"""What every drawing says of a service, in the same words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from svcctl.manifest.model import ServiceNode, Supervision
from svcctl.manifest.order import Edge, Order
from svcctl.wording import counted


def name_of(node: ServiceNode) -> str:
    """Return what a service is called beside its siblings."""
    return node.path.rpartition("/")[2]


def summary(node: ServiceNode, order: Order | None, *, supervised: bool) -> Iterator[str]:
    """Yield what is to be known about the start and the restarts of a service, in a few words each.

    Args:
        node: The service.
        order: How its children start; ``None`` if it has none.
        supervised: Its collection starts children again, so that it matters when this one is.
    """
    yield node.kind
    if supervised or node.restart != "permanent":
        yield node.restart
    if order is not None and len(node.children) > 1:
        yield "starts by graph" if order.graph else "starts one by one"


def supervision_text(supervision: Supervision) -> str:
    """Return what a collection does when a child fails.

    Example:
        >>> supervision_text(Supervision(strategy="one_for_all", restarts=1, within_ms=500))
        'one_for_all, at most 1 restart in 0.5 s'
    """
    restarts = counted(supervision.restarts, "restart")
    return f"{supervision.strategy}, at most {restarts} in {seconds(supervision.within_ms)}"


def details(node: ServiceNode) -> Iterator[str]:
    """Yield what a service supervises, where it listens, what it calls and where it connects, one line each."""
    if node.supervision is not None:
        yield supervision_text(node.supervision)
    for listener in node.listeners:
        yield f"listens on {listener.endpoint}"
    for timer in node.timers:
        yield f"calls {timer.callable} every {seconds(timer.interval_ms)}"
    for connection in node.connections:
        yield f"connects to {connection}"


def reasons_of(edge: Edge, before: ServiceNode, after: ServiceNode) -> tuple[tuple[str, str], ...]:
    """Return the pairs of services because of which one child comes after another, without the two themselves."""
    return tuple(pair for pair in edge.reasons if pair != (after.path, before.path))


def seconds(milliseconds: int) -> str:
    """Return a time for people.

    Example:
        >>> seconds(2500)
        '2.5 s'
    """
    return f"{milliseconds / 1000:g} s"


def columns(text: str) -> int:
    """Return how many places a text takes where each letter takes one (Unicode, UAX 11)."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def shortened(text: str, most: int) -> str:
    """Return a text that takes at most so many places, with an ellipsis where its end is missing."""
    if columns(text) <= most:
        return text
    kept = ""
    for letter in text:
        if columns(kept + letter) >= most:
            break
        kept += letter
    return f"{kept}…"
