"""Process monitors with a clock of the test's, and programs that do what it says."""

from __future__ import annotations

import asyncio
from typing import Any

from svcctl.application import lifecycle
from svcctl.application.procmon import ProcessMonitor
from tests.fakes.children import Children
from tests.fakes.clock import Clock, settle


def monitor(*names: str, program: str = "patient") -> tuple[Any, Children, Clock]:
    """Return a monitor of some processes, what starts them, and its clock."""
    service: Any = ProcessMonitor()
    service._spawn = children = Children()
    service.clock = clock = Clock()
    for name in names:
        service.addProcess(name, [program])
    return service, children, clock


async def stopped(service: Any, clock: Clock) -> None:  # noqa: ANN401 (a service)
    """Stop a service; whatever does not end by itself has its time to do so, and is killed."""
    stop = asyncio.ensure_future(lifecycle.stop(service))
    await settle()
    await clock.advance(5)
    await stop
    assert clock.waiting == []
