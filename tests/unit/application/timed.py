"""Services that take their time, and write down when what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.application.tree.record import record_of
from svcctl.errors import ServiceFailedError


class Timed(Service):
    """A service that takes seconds to start and to stop.

    Args:
        log: Where it writes ``+name`` and ``name up``, ``-name`` and ``name down``.
        name: Its name.
        after: What it comes after.
        seconds: How long each takes.

    Attributes:
        failures: So many of its next starts fail.
    """

    def __init__(
        self, log: list[str], name: str, after: Sequence[str] | None = None, seconds: float = 1.0
    ) -> None:
        self.log = log
        self.name = name
        self.after = after
        self.seconds = seconds
        self.failures = 0

    async def startService(self) -> None:
        """Start, slowly."""
        self.log.append(f"+{self.name}")
        await asyncio.sleep(self.seconds)
        if self.failures:
            self.failures -= 1
            raise ValueError(f"no {self.name} today")
        self.log.append(f"{self.name} up")

    async def stopService(self) -> None:
        """Stop, slowly."""
        self.log.append(f"-{self.name}")
        await asyncio.sleep(self.seconds)
        self.log.append(f"{self.name} down")


def supervised(
    log: list[str], names: str, strategy: str = "one_for_one", restarts: int = 5, within: float = 60.0
) -> MultiService:
    """Return a collection of services with names of one letter, each restarted a second after it failed."""
    policy = Supervision(strategy, restarts, within, lambda _: 1.0)
    root = MultiService(supervision=policy)
    root.setName("root")
    for name in names:
        root.addService(Timed(log, name))
    return root


Failures = list[ServiceFailedError]


async def started(root: MultiService, log: list[str]) -> Failures:
    """Start a tree, forget how, and return where its owner finds what nobody has mended."""
    failures: Failures = []
    lifecycle.on_failure(root, failures.append)
    await lifecycle.start(root)
    del log[:]
    return failures


def states(root: MultiService) -> list[str]:
    """Return the states of the children."""
    return [record_of(each).state.value for each in root]
