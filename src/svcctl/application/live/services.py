"""One service as it is now, as plain data for other programs."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

from svcctl.application.live.book import Book
from svcctl.application.tree.record import Record, State, children_of, path_of
from svcctl.endpoints.grammar import format_endpoint
from svcctl.endpoints.values import Endpoint
from svcctl.errors import describe_cause

#: No text about a service is longer: the error of somebody's library may hold a whole page.
LONGEST_TEXT = 2000


def records(top: Record, depth: int | None = None) -> Iterator[Record]:
    """Yield a service and all below it, parents before children.

    Args:
        top: The service.
        depth: So many levels below it; ``None`` for all.
    """
    pending = [(top, 0)]
    while pending:
        each, level = pending.pop()
        yield each
        if each.collection and (depth is None or level < depth):
            pending.extend((child, level + 1) for child in reversed(children_of(each)))


def describe(record: Record, book: Book) -> dict[str, Any]:
    """Return what is known about one service, by the names of the interface's type ``Service``."""
    service, entry = record.service, book.entry(record)
    facts: dict[str, Any] = {
        "path": path_of(record),
        "kind": text_of(getattr(service, "kind", "opaque")),
        "class": f"{type(service).__module__}.{type(service).__qualname__}",
        "state": state_name(record.state),
        "held": record.ended,
        "restarts": max(0, entry.starts - 1) if entry is not None else 0,
        "failures": entry.failures if entry is not None else 0,
        "listeners": list(_listeners(service)),
        "after": [path_of(each) for each in record.follows],
    }
    if entry is not None:
        facts["since"] = entry.since
        if entry.error is not None:
            facts["error"] = text_of(describe_cause(entry.error))
            facts["failed_at"] = entry.failed_at
    counted = connections_of(service)
    if counted is not None:
        facts["connections"] = {"open": counted[0], "accepted": counted[1]}
    beat = heartbeat_of(record)
    if beat is not None:
        facts["heartbeat"] = beat
    return facts


def heartbeat_of(record: Record) -> dict[str, float] | None:
    """Return how many seconds ago a service has beaten, and its own limit for that; ``None`` if it does not beat."""
    heartbeat: Any = sys.modules.get("svcctl.application.tree.heartbeat")  # it is loaded with the first beat
    last = heartbeat.last_beat(record) if heartbeat is not None else None
    if last is None:
        return None
    found = {"age": round(heartbeat.clock() - last, 3)}
    limit = getattr(record.service, "heartbeat_timeout", None)
    return {**found, "limit": float(limit)} if limit is not None else found


def state_name(state: State) -> str:
    """Return a state as one word.

    Example:
        >>> state_name(State.BACKING_OFF)
        'backing_off'
    """
    return state.value.replace(" ", "_")


def text_of(value: object) -> str:
    """Return somebody's text as one line that is not too long."""
    return " ".join(str(value).split())[:LONGEST_TEXT]


def connections_of(service: object) -> tuple[int, int] | None:
    """Return how many connections of a server are open and how many there have been; ``None`` if it is none."""
    accepted = getattr(service, "accepted", None)
    still = getattr(service, "connections", None)
    if isinstance(accepted, int) and isinstance(still, int):
        return still, accepted
    return None


def _listeners(service: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401 (services need no common class)
    asked = getattr(service, "listening_on", None)
    endpoints: tuple[Endpoint, ...] = tuple(asked()) if asked is not None else ()
    address = getattr(service, "address", None) if len(endpoints) == 1 else None
    for endpoint in endpoints:
        facts = {"endpoint": format_endpoint(endpoint)}
        if address is not None:
            facts["address"] = address_text(address)
        yield facts


def address_text(address: Any) -> str:  # noqa: ANN401 (an address of any family)
    r"""Return an address of the socket module as people write it.

    Example:
        >>> address_text(("::1", 80, 0, 0)), address_text(("127.0.0.1", 80)), address_text(b"\0abstract")
        ('[::1]:80', '127.0.0.1:80', '@abstract')
    """
    if isinstance(address, tuple):
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
    if isinstance(address, bytes):
        text = address.decode("utf-8", "backslashreplace")
        return f"@{text[1:]}" if text.startswith("\0") else text
    return str(address)


def open_connections(record: Record, moment: float) -> Iterator[dict[str, Any]]:
    """Yield the open connections of one server.

    Args:
        record: The server.
        moment: The loop's time.
    """
    asked = getattr(record.service, "open_connections", None)
    if asked is None:
        return
    path = path_of(record)
    for connection in asked():
        yield {
            "service": path,
            "peer": _end(connection, socket.socket.getpeername),
            "local": _end(connection, socket.socket.getsockname),
            "age": round(moment - connection.since, 3),
            "protocol": type(connection.protocol).__qualname__,
        }


def _end(connection: socket.socket, which: Any) -> str:  # noqa: ANN401 (one of two methods)
    try:
        return address_text(which(connection))
    except OSError:  # it has ended meanwhile
        return ""
