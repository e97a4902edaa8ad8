"""A start that does not go on: whom it waits for, and when to give it up. Loaded only then."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from svcctl.application.tree.hanging import hanging
from svcctl.errors import StartError

_log = logging.getLogger(__name__)

#: Seconds between two records of the log about it.
INTERVAL = 10.0


def look(
    root: Any,  # noqa: ANN401 (services need no common class)
    task: asyncio.Task[None] | None,
    limit: float,
    still: float,
) -> tuple[StartError | None, float]:
    """Look at a start that is going on.

    Args:
        root: The tree's root.
        task: What starts it.
        limit: Seconds without progress after which it is given up; 0 for never.
        still: Seconds for which nothing has become ready.

    Returns:
        Why it has to be given up, or ``None``; and the seconds until the next look.
    """
    error = hanging(root, task, round(still, 1))
    if error is not None and 0 < limit <= still:
        return error, 0.0
    if error is not None and still >= min(INTERVAL, limit or INTERVAL):
        _log.warning("start goes on: %s", error, extra={"svcctl_path": error.path, "svcctl_seconds": still})
    return None, max(0.1, min(INTERVAL, limit - still if limit else INTERVAL))
