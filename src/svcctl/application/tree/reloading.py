"""A reload of a tree: all services check first, then they reload in order; on an error they go back.

A service whose ``reload`` raised has to have left itself as it was, as with ``startService``: it does not get
``revert_reload``, which is for those that had reloaded.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from graphlib import TopologicalSorter
from typing import Any

from svcctl.application.tree.record import (
    READY,
    RELOADING,
    STOPPED,
    STOPPING,
    Record,
    State,
    children_of,
    is_awaitable,
    move,
    path_of,
    root_of,
)
from svcctl.errors import Problem, ReloadError, describe_cause

_log = logging.getLogger(__name__)

#: Parts of the limit after which checks and changes, and the way back, have to be over. What is left is for the
#: loop to get to the end before whoever set the limit loses patience.
FORWARD, BACK = 0.7, 0.9

#: For each tree that is being reloaded: the lock, and how many hold it or wait for it.
_turns: dict[Record, tuple[asyncio.Lock, int]] = {}


async def reload_tree(top: Record, limit: float | None) -> None:
    """Reload a service and all below it; see :func:`svcctl.application.lifecycle.reload`."""
    async with _turn(root_of(top)):
        reload = _Reload(top, limit)
        await reload.check()
        await reload.apply()
    _log.info("reloaded", extra={"svcctl_path": path_of(top), "svcctl_services": len(reload.applied)})


class _Reload:
    def __init__(self, top: Record, limit: float | None) -> None:
        now = asyncio.get_running_loop().time()
        self._top = top
        self._forward = now + FORWARD * limit if limit else math.inf
        self._back = now + BACK * limit if limit else math.inf
        self.applied: list[Record] = []

    async def check(self) -> None:
        """Ask everybody, and tell all who refuse at once."""
        refused: list[tuple[str, Exception]] = []
        for record in tuple(_in_order(self._top)):
            hook = _hook(record, "check_reload")
            if hook is None or record.state is not READY:
                continue
            try:
                await _call(hook, self._forward)
            except Exception as error:  # noqa: BLE001 (the application's own)
                refused.append((path_of(record), error))
        if refused:
            raise _error("refuses to reload", refused)

    async def apply(self) -> None:
        """Reload one after the other; go back if one fails, or if this is cancelled."""
        try:
            for record in tuple(_in_order(self._top)):
                hook = _hook(record, "reload")
                if hook is not None and record.state is READY:
                    await self._reload(record, hook)
        except ReloadError as error:
            await self._revert(error)
            raise
        except BaseException:
            failed = ReloadError("an abandoned reload could not be taken back")
            await self._revert(failed)
            if failed.kept:
                _log.warning("an abandoned reload stays in force", extra={"svcctl_paths": failed.kept})
            raise

    async def _reload(self, record: Record, hook: Callable[[], Any]) -> None:
        path = path_of(record)
        failure: Exception | None = None
        move(record, RELOADING)
        try:
            await _call(hook, self._forward)
        except Exception as error:  # noqa: BLE001 (the application's own)
            failure = error
        finally:
            there, state = _end(record)
        if state in (STOPPING, STOPPED):
            _log.info("service has stopped while it reloaded", exc_info=failure, extra={"svcctl_path": path})
            return
        if failure is None and there:
            self.applied.append(record)
            return
        raise _error("failed to reload", [(path, failure or RuntimeError("it has failed meanwhile"))])

    async def _revert(self, error: ReloadError) -> None:
        """Take back what has been applied, and write down in the error what became of it."""
        reverted: list[str] = []
        kept: list[str] = []
        for record in reversed(self.applied):
            if record.state is not READY:
                continue  # there is nothing to be taken back of what does not run any more
            path, hook = path_of(record), _hook(record, "revert_reload")
            if hook is None:
                kept.append(path)
                continue
            move(record, RELOADING)
            try:
                await _call(hook, self._back)
            except Exception as failure:  # noqa: BLE001 (the application's own; the others go back all the same)
                kept.append(path)
                error.rollback = (*error.rollback, _error("failed to go back", [(path, failure)]))
            else:
                reverted.append(path)
            finally:
                _end(record)
        error.reverted, error.kept = tuple(reverted), tuple(kept)
        if reverted:
            error.message += f"; as before again: {', '.join(reverted)}"
        if kept:
            error.message += f"; still reloaded: {', '.join(kept)}"


def _in_order(top: Record) -> Iterator[Record]:
    """Yield a service and all below it: parents before children, and siblings after those that they come after."""
    yield top
    children: Iterable[Record] = children_of(top)
    if top.ordered:
        members = dict.fromkeys(children)
        children = TopologicalSorter(
            {child: [each for each in child.follows if each in members] for child in members}
        ).static_order()
    for child in children:
        yield from _in_order(child)


def _hook(record: Record, name: str) -> Callable[[], Any] | None:
    hook = getattr(record.service, name, None)
    return hook if callable(hook) else None


async def _call(hook: Callable[[], Any], until: float) -> None:
    """Call a hook and wait for it.

    Raises:
        TimeoutError: It is not done by then.
        Exception: What the hook raises.
    """
    loop = asyncio.get_running_loop()
    if loop.time() >= until:
        raise TimeoutError("no time was left for it")
    result = hook()
    if not is_awaitable(result):
        return
    began = loop.time()
    deadline = asyncio.timeout_at(until if until < math.inf else None)
    try:
        async with deadline:
            await result
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise TimeoutError(f"it was not done within {round(loop.time() - began, 1):g} s") from error


def _end(record: Record) -> tuple[bool, State]:
    """End a service's reload; return whether nothing else has become of it meanwhile, and its state."""
    there = record.state is RELOADING
    if there:
        move(record, READY)
    return there, record.state


def _error(what: str, failures: Sequence[tuple[str, Exception]]) -> ReloadError:
    """Return the error for what services raised."""
    reasons = [Problem(path, describe_cause(error)) for path, error in failures]
    text = "; ".join(f"{each.where} {what}: {each.message}" for each in reasons)
    hints = [hint for _, error in failures if (hint := getattr(error, "hint", ""))]
    made = ReloadError(text, hint="; ".join(hints))
    made.problems = tuple(reasons)
    causes = [error for _, error in failures]
    made.__cause__ = causes[0] if len(causes) == 1 else ExceptionGroup("several services refuse", causes)
    return made


@asynccontextmanager
async def _turn(root: Record) -> AsyncIterator[None]:
    """Wait until no other reload of the tree is going on."""
    lock, waiting = _turns.get(root) or (asyncio.Lock(), 0)
    _turns[root] = lock, waiting + 1
    try:
        async with lock:
            yield
    finally:
        lock, waiting = _turns.pop(root)
        if waiting > 1:
            _turns[root] = lock, waiting - 1
