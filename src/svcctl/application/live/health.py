"""Whether a tree is alive, and whether it is ready, with the reason if not."""

from __future__ import annotations

import asyncio
import math
import sys
from typing import Any

from svcctl.application import lifecycle
from svcctl.application.tree.record import RUNNING, Record, path_of

#: Seconds between two looks at how late the loop is.
INTERVAL = 0.5


class Lag:
    """Measures how late the event loop is, from now until it is ended."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._last = 0.0
        self._due = self._loop.time()
        self._timer: asyncio.TimerHandle
        self._look()

    def seconds(self) -> float:
        """Return by how much the loop was late at the last look, or is by now."""
        return max(self._last, self._loop.time() - self._due, 0.0)

    def end(self) -> None:
        """Measure no more."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        self._last = now - self._due
        self._due = now + INTERVAL
        self._timer = self._loop.call_at(self._due, self._look)


def why_not_alive(root: Record, lag: float, most: float) -> str:
    """Return why a tree counts as hanging; empty if it does not.

    Args:
        root: Its root.
        lag: Seconds by which the loop is late.
        most: How late it may be.
    """
    if lag > most:
        return f"the event loop is {lag:.1f} s late (limit {most:g} s)"
    heartbeat: Any = sys.modules.get("svcctl.application.tree.heartbeat")  # it is loaded with the first beat
    if heartbeat is None:
        return ""
    silent, _ = heartbeat.look(root, math.inf)
    return "; ".join(map(str, silent))


def why_not_ready(root: Record, lag: float, most: float) -> str:
    """Return why a tree does not serve; empty if it does. The arguments are those of :func:`why_not_alive`."""
    if root.state not in RUNNING:
        ready, total, waiting = lifecycle.progress(root.service)
        rest = f", waiting for {waiting}" if waiting else ""
        return f"{path_of(root)} is {root.state.value}: {ready}/{total} ready{rest}"
    return why_not_alive(root, lag, most)
