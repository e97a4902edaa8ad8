"""The books of the tree: the state of each service, kept by the driver and never by the service's author."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from enum import Enum
from typing import Any, TypeGuard

from svcctl.errors import ServiceFailedError


class State(Enum):
    """Where a service is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    RELOADING = "reloading"
    STOPPING = "stopping"
    FAILED = "failed"
    BACKING_OFF = "backing off"


class Transition:
    """A service went from one state to another.

    Attributes:
        before: The state it left.
        after: The state it is in.
        error: Why, if it failed.
    """

    __slots__ = ("_record", "after", "before", "error")

    def __init__(self, record: Record, before: State, after: State, error: BaseException | None) -> None:
        self._record = record
        self.before = before
        self.after = after
        self.error = error

    @property
    def path(self) -> str:
        """Path of the service in the tree as it is now; worked out only when somebody asks."""
        return path_of(self._record)


class Record:
    """What the driver knows about one service.

    Attributes:
        service: The service.
        parent: The record of its collection; ``None`` for a root and for whatever was removed.
        state: Where it is in its life.
        bound: Its ``privilegedStartService`` has run and not been undone.
        started: Its ``startService`` has run, so ``stopService`` has to.
        task: The task that starts or stops this one alone, if there is one.
        stopping: The run of stops it takes part in, while it stops.
        leaving: Resolved once it has stopped, for those who removed it while it started or stopped.
        children_busy: Set while its children are being started, for whoever asks a second time.
        observers: Called at each transition in the tree below a root.
        failure_callbacks: Called when a service of the tree below a root fails after its start.
    """

    __slots__ = (
        "bound",
        "children_busy",
        "failure_callbacks",
        "leaving",
        "observers",
        "parent",
        "service",
        "started",
        "state",
        "stopping",
        "task",
    )

    def __init__(self, service: Any) -> None:  # noqa: ANN401 (services need no common class)
        self.service = service
        self.parent: Record | None = None
        self.state = State.STOPPED
        self.bound = False
        self.started = False
        self.task: asyncio.Task[None] | None = None
        self.stopping: Any = None
        self.leaving: asyncio.Future[None] | None = None
        self.children_busy: asyncio.Future[None] | None = None
        self.observers: list[Callable[[Transition], None]] | None = None
        self.failure_callbacks: list[Callable[[ServiceFailedError], None]] | None = None


class Done:
    """An awaitable that is already done: the shared result of hooks that have nothing to wait for."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


DONE = Done()

# Objects that are no Service have no place of their own for their record. The record holds the object, so that
# its identity cannot be taken over while the entry exists.
_foreign: dict[int, Record] = {}


def record_of(service: Any) -> Record:  # noqa: ANN401 (services need no common class)
    """Return the record of a service, making it if there is none."""
    try:
        record: Record | None = service._record  # noqa: SLF001 (Service reserves this attribute for the driver)
    except AttributeError:
        record = _foreign.get(id(service))
        if record is None:
            record = _foreign[id(service)] = Record(service)
        return record
    if record is None:
        record = service._record = Record(service)  # noqa: SLF001 (the same)
    return record


def forget(record: Record) -> None:
    """Drop the record of a service that is no :class:`~svcctl.application.service.Service` and has ended."""
    _foreign.pop(id(record.service), None)


def is_collection(service: object) -> bool:
    """Tell whether a service holds others."""
    return hasattr(service, "addService") and hasattr(service, "__iter__")


def children_of(record: Record) -> list[Record]:
    """Return the records of a collection's children as they are now, in the order in which they start."""
    if not is_collection(record.service):
        return []
    members: Iterable[Any] = record.service
    children = []
    for child in members:
        child_record = record_of(child)
        child_record.parent = record
        children.append(child_record)
    return children


def walk(record: Record) -> list[Record]:
    """Return a record and all below it, parents before children."""
    found: list[Record] = []
    pending = [record]
    while pending:
        each = pending.pop()
        found.append(each)
        pending.extend(reversed(children_of(each)))
    return found


def root_of(record: Record) -> Record:
    """Return the record of the tree's root."""
    while record.parent is not None:
        record = record.parent
    return record


def label(service: object, position: int) -> str:
    """Return what a service is called in paths: its name, else its class and its position in its collection.

    A ``/`` in a name is written ``%2F``, so that a path splits into names.
    """
    name = getattr(service, "name", None)
    if name is None:
        return f"{type(service).__name__}[{position}]"
    return str(name).replace("%", "%25").replace("/", "%2F")


def path_of(record: Record) -> str:
    """Return the path of a service: labels from the root down, joined by ``/``."""
    labels: list[str] = []
    while record.parent is not None:
        siblings = children_of(record.parent)
        position = next((index for index, each in enumerate(siblings) if each is record), len(siblings))
        labels.append(label(record.service, position))
        record = record.parent
    labels.append(label(record.service, 0))
    return "/".join(reversed(labels))


def move(record: Record, state: State, error: BaseException | None = None) -> None:
    """Bring a service into a state and tell the observers of its tree."""
    before = record.state
    record.state = state
    observers = root_of(record).observers
    if observers:
        transition = Transition(record, before, state, error)
        for observer in tuple(observers):
            observer(transition)


def is_awaitable(result: object) -> TypeGuard[Awaitable[Any]]:
    """Tell whether what a hook returned has to be awaited."""
    return result is not None and result is not DONE and hasattr(type(result), "__await__")
