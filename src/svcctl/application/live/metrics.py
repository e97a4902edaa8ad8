r"""Figures about a tree and its process, as data and in the text format that Prometheus reads.

Names and units follow its conventions: base units, ``_total`` for what only grows. Source: the "Exposition formats"
and "Metric and label naming" pages of its documentation, text format 0.0.4.

Example:
    >>> print(text([Family("jobs_total", "counter", "Jobs done.", [Sample({"queue": 'a"b'}, 3)])]), end="")
    # HELP jobs_total Jobs done.
    # TYPE jobs_total counter
    jobs_total{queue="a\"b"} 3
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from svcctl.application.live.book import Book
from svcctl.application.live.process import usage
from svcctl.application.live.services import connections_of, heartbeat_of, records
from svcctl.application.tree.record import RUNNING, Record, State, path_of

#: In a larger tree no service has figures of its own: making them would hold up the loop.
MOST_SERVICES = 2000

#: What goes with :func:`text` in HTTP.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """One figure.

    Attributes:
        labels: What it is about.
        value: The figure.
    """

    labels: dict[str, str]
    value: float


class Family(NamedTuple):
    """Figures of one name.

    Attributes:
        name: The name.
        kind: ``gauge`` or ``counter``.
        help: One line for people.
        samples: The figures.
    """

    name: str
    kind: str
    help: str
    samples: list[Sample]


def collect(book: Book, lag: float | None = None) -> list[Family]:
    """Return all figures about a tree and the process it is in.

    Args:
        book: The tree's book.
        lag: Seconds by which the loop is late; ``None`` if nobody measures.
    """
    everybody = list(records(book.root))
    families = [*_tree(everybody, book), *_process()]
    if len(everybody) <= MOST_SERVICES:
        families += _services(everybody, book)
    if lag is not None:
        families.append(_one("svcctl_loop_lag_seconds", "gauge", "How late the event loop is.", lag))
    return [family for family in families if family.samples]


def text(families: Iterable[Family]) -> str:
    """Return figures in the text format of Prometheus."""
    lines = []
    for family in families:
        lines.append(f"# HELP {family.name} {_escaped(family.help)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines.extend(f"{family.name}{_labels(each.labels)} {_number(each.value)}" for each in family.samples)
    return "".join(f"{line}\n" for line in lines)


def _tree(everybody: list[Record], book: Book) -> list[Family]:
    counts = dict.fromkeys(State, 0)
    for record in everybody:
        counts[record.state] += 1
    by_state = [Sample({"state": state.value.replace(" ", "_")}, count) for state, count in counts.items()]
    ready = int(book.root.state in RUNNING)
    return [
        _one("svcctl_ready", "gauge", "Whether the whole tree serves.", ready),
        Family("svcctl_services", "gauge", "Services in each state.", by_state),
    ]


def _services(everybody: list[Record], book: Book) -> list[Family]:
    up = Family("svcctl_service_up", "gauge", "Whether the service is up.", [])
    starts = Family("svcctl_service_starts_total", "counter", "Starts of the service.", [])
    failures = Family("svcctl_service_failures_total", "counter", "Failures of the service.", [])
    since = Family(
        "svcctl_service_state_since_seconds", "gauge", "Since when it is in its state, in Unix time.", []
    )
    opened = Family("svcctl_service_connections", "gauge", "Connections that are open.", [])
    accepted = Family("svcctl_service_connections_accepted_total", "counter", "Connections so far.", [])
    beats = Family("svcctl_service_heartbeat_age_seconds", "gauge", "Seconds since its last heartbeat.", [])
    for record in everybody:
        labels = {"path": path_of(record)}
        entry = book.entry(record)
        up.samples.append(Sample(labels, int(record.state in RUNNING)))
        if entry is not None:
            starts.samples.append(Sample(labels, entry.starts))
            failures.samples.append(Sample(labels, entry.failures))
            since.samples.append(Sample(labels, entry.since / 1_000_000))
        counted = connections_of(record.service)
        if counted is not None:
            opened.samples.append(Sample(labels, counted[0]))
            accepted.samples.append(Sample(labels, counted[1]))
        beat = heartbeat_of(record)
        if beat is not None:
            beats.samples.append(Sample(labels, beat["age"]))
    return [up, starts, failures, since, opened, accepted, beats]


def _process() -> list[Family]:
    used = usage()
    families = [
        _one("process_cpu_seconds_total", "counter", "Processor time used.", used.cpu_seconds),
        _one("process_start_time_seconds", "gauge", "Start of the process in Unix time.", used.started),
    ]
    for name, text_, value in (
        ("process_resident_memory_bytes", "Memory in use.", used.resident_bytes),
        ("process_virtual_memory_bytes", "Address space.", used.virtual_bytes),
        ("process_open_fds", "Open descriptors.", used.open_descriptors),
        ("process_max_fds", "How many descriptors may be open.", used.most_descriptors),
    ):
        if value:
            families.append(_one(name, "gauge", text_, value))
    return families


def _one(name: str, kind: str, help_: str, value: float) -> Family:
    return Family(name, kind, help_, [Sample({}, value)])


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value, quote=True)}"' for name, value in labels.items()) + "}"


def _escaped(value: str, *, quote: bool = False) -> str:
    escaped = value.encode("utf-8", "backslashreplace").decode().replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quote else escaped


def _number(value: float) -> str:
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 2**53):
        return str(int(value))
    return repr(float(value))
