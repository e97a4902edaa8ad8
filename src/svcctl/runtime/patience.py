"""A start that does not go on: whom it waits for, and when to give it up. Loaded only then."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from svcctl.application.tree.hanging import hanging
from svcctl.errors import StartError
from svcctl.runtime.machine import Phase

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process

_log = logging.getLogger(__name__)

#: Seconds between two records of the log about it.
INTERVAL = 10.0


def look(process: Process) -> tuple[StartError | None, float]:
    """Look at a start that is going on.

    Returns:
        Why it has to be given up, or ``None``; and the seconds until the next look.
    """
    if process.state.phase is Phase.BINDING:
        process.report_progress()  # nothing else happens meanwhile that would
    limit = process.application.start_timeout
    still = process.loop.time() - process.moved
    error = hanging(process.root, process.task, round(still, 1))
    if error is not None and 0 < limit <= still:
        return error, 0.0
    if error is not None and still >= min(INTERVAL, limit or INTERVAL):
        _log.warning("start goes on: %s", error, extra={"svcctl_path": error.path, "svcctl_seconds": still})
    return None, max(0.1, min(INTERVAL, limit - still if limit else INTERVAL))
