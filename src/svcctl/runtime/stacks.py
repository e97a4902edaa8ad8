"""Where every task and every thread of the process stands, as text for people.

It can be asked for from any thread, also while the event loop is blocked. Loaded when somebody asks.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, NamedTuple

from svcctl.application.tree.record import Record, path_of, walk

#: Characters of one whole text.
LIMIT = 48 * 1024

#: Name of the thread that watches over the event loop; it stands where it always does.
WATCHING = "svcctl watchdog"

#: Innermost frames of one stack that are shown.
DEPTH = 30

#: Frames of this folder, and of asyncio's, are not where an application stands.
_OURS = tuple(
    os.path.dirname(path) + os.sep  # noqa: PTH120 (a prefix)
    for path in (os.path.dirname(__file__), str(asyncio.__file__))  # noqa: PTH120 (the same)
)


class Stack(NamedTuple):
    """Where a task or a thread stands.

    Attributes:
        kind: ``task`` or ``thread``.
        name: Its name.
        path: Of the service that it belongs to; empty if that is not known.
        frames: ``FILE:LINE in NAME``, the innermost last.
        running: It is the task that the event loop is in at this moment.
    """

    kind: str
    name: str
    path: str
    frames: tuple[str, ...]
    running: bool = False


def of_tasks(loop: asyncio.AbstractEventLoop, root: Record) -> list[Stack]:
    """Return the stacks of all tasks of a loop, those of known services first, in the order of the tree."""
    owners = _owners(root)
    order = {path: position for position, path in enumerate(dict.fromkeys(owners.values()))}
    current = asyncio.current_task(loop)
    found = [
        Stack(
            "task", task.get_name(), owners.get(task, ""), tuple(_awaited(task.get_coro())), task is current
        )
        for task in asyncio.all_tasks(loop)
    ]
    return sorted(found, key=lambda each: (not each.running, order.get(each.path, len(order)), each.name))


def of_threads(*, leave_out: int | None = None) -> list[Stack]:
    """Return the stacks of all threads.

    Args:
        leave_out: Identifier of one that does not matter.
    """
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return [
        Stack("thread", names.get(number, str(number)), "", tuple(_called(frame)))
        for number, frame in sys._current_frames().items()  # noqa: SLF001 (documented, for debuggers)
        if number != leave_out and names.get(number) != WATCHING
    ]


def text(loop: asyncio.AbstractEventLoop, root: Record, *, limit: int = LIMIT) -> str:
    """Return where all threads and tasks stand; those that stand at one place are told once, with their number.

    Args:
        loop: The event loop.
        root: The root of the tree of services.
        limit: Characters; what does not fit is counted.
    """
    stacks = [*of_threads(leave_out=threading.get_ident()), *of_tasks(loop, root)]
    same: dict[tuple[str, str, bool, tuple[str, ...]], list[str]] = {}
    for each in stacks:
        same.setdefault((each.kind, each.path, each.running, each.frames), []).append(each.name)
    blocks = [_block(*key, names) for key, names in same.items()]
    shown: list[str] = []
    left = limit
    while blocks and len(blocks[0]) < left:
        left -= len(blocks[0]) + 1
        shown.append(blocks.pop(0))
    if blocks:
        shown.append(f"and {len(blocks)} more that do not fit")
    return "\n".join(shown)


def place(thread: int) -> str:
    """Return where in the application a thread stands, as ``FILE:LINE in NAME``; empty if it has ended."""
    frame: FrameType | None = sys._current_frames().get(thread)  # noqa: SLF001 (documented, for debuggers)
    frames: list[tuple[CodeType, int]] = []
    while frame is not None:
        frames.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    own = [each for each in frames if not each[0].co_filename.startswith(_OURS)]
    return _line(*(own or frames)[0]) if frames else ""


def _owners(root: Record) -> dict[Any, str]:
    """Return the tasks that belong to a service, each with its path."""
    owners: dict[Any, str] = {}
    for record in walk(root):
        path = path_of(record)
        for task in _tasks_of(record):
            owners.setdefault(task, path)
        for child, task in tuple((record.branches or {}).items()):
            owners[task] = path_of(child)
    return owners


def _tasks_of(record: Record) -> Iterator[Any]:
    yield from tuple(record.background or ())
    yield from (record.start_task, record.stop_task, record.children_task)
    yield from tuple(record.departing or ())
    connections = getattr(record.service, "open_connections", None)
    for connection in connections() if callable(connections) else ():
        yield getattr(connection.protocol, "running", None)


def _awaited(coroutine: Any) -> Iterator[str]:  # noqa: ANN401 (coroutines, generators, and what extensions await)
    """Yield the frames of a coroutine and of what it waits for, outermost first."""
    for _ in range(DEPTH):
        frame = _of(coroutine, "frame")
        if frame is None:
            return
        yield _line(frame.f_code, frame.f_lineno)
        coroutine = _of(coroutine, "await", "yieldfrom")


def _of(coroutine: Any, *names: str) -> Any:  # noqa: ANN401 (the same)
    """Return an attribute of a coroutine, whichever kind it is of: the prefix of the name tells."""
    for prefix in ("cr_", "gi_", "ag_"):
        for name in names:
            if (found := getattr(coroutine, prefix + name, None)) is not None:
                return found
    return None


def _called(frame: FrameType | None) -> Iterator[str]:
    lines: list[str] = []
    while frame is not None and len(lines) < DEPTH:
        lines.append(_line(frame.f_code, frame.f_lineno))
        frame = frame.f_back
    yield from reversed(lines)


def _line(code: CodeType, number: int | None) -> str:
    return f"{code.co_filename}:{number} in {code.co_qualname}"


def _block(kind: str, path: str, running: bool, frames: tuple[str, ...], names: list[str]) -> str:  # noqa: FBT001 (a field of the stack)
    who = f"{path}: " if path else ""
    which = f"{kind} {names[0]}" if len(names) == 1 else f"{len(names)} {kind}s"
    now = ", running now" if running else ""
    return "\n".join([f"{who}{which}{now}", *(f"  {frame}" for frame in frames)])
