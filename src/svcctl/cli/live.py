"""Draws the tree of a running application as plain text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from svcctl.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from svcctl.host.usage import Usage
    from svcctl.operations.live import Live, LiveService

_STEPS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))

#: Lines of one tree at most; the rest is counted.
MOST_LINES = 500


def lines(live: Live, *, rates: Mapping[str, float] | None = None) -> Iterator[str]:
    """Yield the lines about a running application.

    Args:
        live: What it says.
        rates: Connections accepted in a second, by the path of the server; ``None`` if nobody has counted.
    """
    if live.usage is not None:
        yield usage_line(live.usage)
    if live.problem:
        yield f"tree: not shown: {live.problem}"
    if not live.services:
        return
    waiting = f", waiting for {live.waiting}" if live.waiting else ""
    yield f"tree: {live.phase}, {live.ready}/{live.total} ready{waiting}"
    top = live.services[0].path.count("/")
    shown = live.services[:MOST_LINES]
    names = [f"{'  ' * (each.path.count('/') - top)}{each.path.rpartition('/')[2]}" for each in shown]
    width = max(map(len, names))
    now = time.time()
    for name, each in zip(names, shown, strict=True):
        line = f"  {name:{width}}  {each.state.replace('_', ' '):11}  {_age(each, now):>6}  {_facts(each, rates)}"
        yield plain(line.rstrip())
    if len(live.services) > len(shown):
        yield f"  and {len(live.services) - len(shown)} more"


def usage_line(usage: Usage) -> str:
    """Return what a process uses, in one line."""
    several = f", {usage.processes} processes" if usage.processes > 1 else ""
    percent = f" ({usage.cpu_percent:.0f} %)" if usage.cpu_percent else ""
    opened = f", {counted(usage.descriptors, 'descriptor')}" if usage.descriptors is not None else ""
    threads = f", {usage.threads} threads" if usage.threads > 1 else ""
    return f"uses: processor {usage.cpu_seconds:.1f} s{percent}, memory {size(usage.memory)}{opened}{threads}{several}"


def size(number: float) -> str:
    """Return a number of bytes as people write it.

    Example:
        >>> size(15_728_640)
        '15.0 MiB'
    """
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:  # noqa: PLR2004 (what these units are made of)
            return f"{number:.1f} {unit}" if unit != "B" else f"{number:.0f} B"
        number /= 1024
    return f"{number:.1f} GiB"


def duration(seconds: float) -> str:
    """Return a time in its greatest unit.

    Example:
        >>> duration(7300), duration(0.3)
        ('2 h', '0 s')
    """
    for length, unit in _STEPS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def plain(text: str) -> str:
    """Return a line with a question mark for each character that a terminal would take for a command."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _age(service: LiveService, now: float) -> str:
    return duration(now - service.since / 1_000_000) if service.since else "-"


def _facts(service: LiveService, rates: Mapping[str, float] | None) -> str:
    facts = list(service.listeners)
    if service.connections is not None and service.accepted is not None:
        facts.append(f"{service.connections} open of {counted(service.accepted, 'connection')}")
    if rates is not None and service.path in rates:
        facts.append(f"{rates[service.path]:.1f}/s")
    if service.restarts:
        facts.append(counted(service.restarts, "restart"))
    if service.beat is not None:
        facts.append(f"beat {service.beat:.1f} s ago")
    if service.held:
        facts.append("stays down")
    if service.error and service.state not in {"ready", "reloading"}:
        facts.append(service.error)
    return ", ".join(facts)
