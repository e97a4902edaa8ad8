"""Small services for tests of the tree."""

from __future__ import annotations

import asyncio
from typing import Any

from svcctl.application.service import MultiService, Service


class Noted(Service):
    """A service that writes down what happens to it.

    Args:
        log: Where it writes.
        name: Its name.
    """

    def __init__(self, log: list[str], name: str) -> None:
        self.log = log
        self.name = name

    def privilegedStartService(self) -> None:
        """Bind."""
        self.log.append(f"bind {self.name}")

    def startService(self) -> None:
        """Start."""
        self.log.append(f"start {self.name}")

    def stopService(self) -> None:
        """Stop."""
        self.log.append(f"stop {self.name}")

    def release(self) -> None:
        """Undo the binding."""
        self.log.append(f"release {self.name}")


class Failing(Noted):
    """A service that cannot start."""

    def startService(self) -> None:
        """Fail."""
        self.log.append(f"start {self.name}")
        raise ValueError(f"no {self.name} today")


class FailingToStop(Noted):
    """A service that cannot stop."""

    def stopService(self) -> None:
        """Fail."""
        self.log.append(f"stop {self.name}")
        raise ValueError(f"{self.name} stays")


class Slow(Noted):
    """A service that starts and stops when the test says so."""

    def __init__(self, log: list[str], name: str) -> None:
        super().__init__(log, name)
        self.may_start = asyncio.Event()
        self.may_stop = asyncio.Event()

    async def startService(self) -> None:  # type: ignore[override]  # hooks may be of either kind
        """Wait, then start."""
        await self.may_start.wait()
        super().startService()

    async def stopService(self) -> None:  # type: ignore[override]  # the same
        """Wait, then stop."""
        await self.may_stop.wait()
        super().stopService()


class Plain:
    """A service that inherits nothing."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self.parent: Any = None
        self.running = False
        self.starts = 0

    def setName(self, name: str) -> None:
        """Name it."""
        self.name = name

    def setServiceParent(self, parent: Any) -> object:  # noqa: ANN401 (a collection of any class)
        """Add it to a collection."""
        return parent.addService(self)

    def disownServiceParent(self) -> object:
        """Take it out of its collection."""
        return self.parent.removeService(self)

    def privilegedStartService(self) -> None:
        """Bind."""

    def startService(self) -> None:
        """Start."""
        self.starts += 1
        self.running = True

    def stopService(self) -> None:
        """Stop."""
        self.running = False


def tree(*children: Any, name: str = "root") -> MultiService:  # noqa: ANN401 (services need no common class)
    """Return a collection with some children."""
    root = MultiService()
    root.setName(name)
    for child in children:
        root.addService(child)
    return root
