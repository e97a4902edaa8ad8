"""Services that do not want to stop, and what a test does with them."""

from __future__ import annotations

import asyncio
from typing import Any

from svcctl.application import lifecycle
from tests.unit.application.trees import Noted


class Stuck(Noted):
    """A service that does not stop by itself.

    Args:
        log: Where it writes.
        name: Its name.
        stubborn: It does not even let itself be cancelled.
    """

    def __init__(self, log: list[str], name: str, *, stubborn: bool = False) -> None:
        super().__init__(log, name)
        self.stubborn = stubborn
        self.over = False

    async def stopService(self) -> None:  # type: ignore[override]  # hooks may be of either kind
        """Hang."""
        super().stopService()
        while not self.over:
            try:
                await asyncio.sleep(1e6)
            except asyncio.CancelledError:
                self.log.append(f"cancelled {self.name}")
                if not self.stubborn:
                    raise


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


async def stop_all(root: Any, budget: float = 10.0) -> list[Exception]:  # noqa: ANN401 (services need no common class)
    """Stop a tree; return what it reports."""
    try:
        await lifecycle.stop(root, budget)
    except ExceptionGroup as group:
        return list(group.exceptions)
    return []


async def end_tasks() -> None:
    """End what was given up."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.wait(left)
