"""What is left to do when the tree is down. Loaded when something ends."""

from __future__ import annotations

import asyncio
import logging
import signal

_log = logging.getLogger(__name__)

#: Seconds for tasks that were left behind to come to their end.
GRACE = 1.0


def exit_status(asked: BaseException) -> int:
    """Return the status that ``SystemExit`` or ``KeyboardInterrupt`` asks for, as Python has it at the end of a program."""
    if not isinstance(asked, SystemExit):
        return 128 + signal.SIGINT
    if asked.code is None or isinstance(asked.code, int):
        return (asked.code or 0) & 0xFF
    _log.error("%s", asked.code)
    return 1


def clean_up(loop: asyncio.AbstractEventLoop) -> bool:
    """Cancel the tasks that services left behind; return whether all of them have ended."""
    try:
        return loop.run_until_complete(_cancel_all())
    except (SystemExit, KeyboardInterrupt):
        return False  # one of them wants to end the process, which is about to end


async def _cancel_all() -> bool:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if not left:
        return True
    _, stuck = await asyncio.wait(left, timeout=GRACE)
    for task in stuck:
        _log.error("a task that was left behind does not end", extra={"svcctl_task": repr(task)})
    return not stuck
