"""The books of the tree: the state of each service, kept by the driver and never by the service's author."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeGuard

from svcctl.errors import ServiceFailedError

if TYPE_CHECKING:
    from svcctl.application.supervision import Supervisor

_log = logging.getLogger(__name__)


class State(Enum):
    """Where a service is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    RELOADING = "reloading"
    STOPPING = "stopping"
    FAILED = "failed"
    BACKING_OFF = "backing off"


#: Each state by itself: before Python 3.12, looking one up in its Enum takes as long as calling a function.
STOPPED, STARTING, READY, RELOADING, STOPPING, FAILED, BACKING_OFF = State

#: States in tuples: a set would hash them, which Enum does slowly, each time.
RUNNING = (READY, RELOADING)
CHANGING = (STARTING, STOPPING)
RESTING = (STOPPED, FAILED)


class Transition:
    """A service went from one state to another.

    Attributes:
        before: The state it left.
        after: The state it is in.
        error: Why, if it failed.
        record: The driver's own book about the service.
    """

    __slots__ = ("after", "before", "error", "record")

    def __init__(self, record: Record, before: State, after: State, error: BaseException | None) -> None:
        self.record = record
        self.before = before
        self.after = after
        self.error = error

    @property
    def path(self) -> str:
        """Path of the service in the tree as it is now; worked out only when somebody asks."""
        return path_of(self.record)

    def __str__(self) -> str:
        return f"{self.path} was {self.before.value} and is {self.after.value}"

    def fields(self) -> dict[str, object]:
        """Return the event as names and values."""
        return {"path": self.path, "before": self.before.value, "after": self.after.value}


_NOBODY: Mapping[Any, Any] = MappingProxyType({})


class Record:
    """What the driver knows about one service.

    Attributes:
        service: The service.
        collection: Whether the service holds others.
        parent: The record of its collection; ``None`` for a root and for whatever was removed.
        root: The record at the top of its tree, as of the last look at the collections in between; right for
            whatever has begun to start, since that begins with a look at the whole tree.
        state: Where it is in its life.
        busy: It, or the tree below it, is being bound or released, or its start waits for those that start alone.
        bound: Its ``privilegedStartService`` has run and not been undone.
        started: Its ``startService`` has run, so ``stopService`` has to.
        drained: Its ``drain`` has been called since it started.
        draining: What an asynchronous ``drain`` is waited for by.
        error: Why it failed by itself while it was starting.
        ended: It has finished, or is temporary and has failed: it stays down until its collection starts again.
        served: It has been ready since its collection began to start, and has not been stopped with that.
        background: The tasks that it has spawned and that have not ended.
        start_task: The task that starts this one alone, because it was added late or is restarted.
        stop_task: The task that stops this one alone, because it was removed.
        removals: How often something was removed from it, or from anything below it.
        departing: The tasks that stop what was removed from this collection, and what that is.
        stopping: The run of stops it takes part in, while it stops.
        settling: Resolved at the end of a start or stop, for those who wait for it.
        children_task: The task that starts its children.
        children_settling: Resolved when that task has started them, or given up.
        ordered: Its children start in the order of a graph, not one after the other.
        follows: The siblings that have to be ready before it, if its collection is ordered.
        branches: The tasks that start children of an ordered collection at this moment.
        alone: Below a root: the tasks that start one service alone.
        crossing: Below a root: who follows whom across collections.
        supervisor: Restarts the children of a collection that asks for it, once one of them has failed.
        observers: Called at each transition in the tree below a root.
        failure_callbacks: Called when a service of the tree below a root fails after its start.
    """

    __slots__ = (
        "alone",
        "background",
        "bound",
        "branches",
        "busy",
        "children_settling",
        "children_task",
        "collection",
        "crossing",
        "departing",
        "drained",
        "draining",
        "ended",
        "error",
        "failure_callbacks",
        "follows",
        "observers",
        "ordered",
        "parent",
        "removals",
        "root",
        "served",
        "service",
        "settling",
        "start_task",
        "started",
        "state",
        "stop_task",
        "stopping",
        "supervisor",
    )

    def __init__(self, service: Any) -> None:  # noqa: ANN401 (services need no common class)
        self.service = service
        self.collection = is_collection(service)
        holder = getattr(service, "parent", None)  # known already if the service comes out of a pickle
        self.parent: Record | None = record_of(holder) if is_collection(holder) else None
        self.root: Record = self if self.parent is None else self.parent.root
        self.state = STOPPED
        self.busy = self.bound = self.started = self.drained = False
        self.ended = self.served = self.ordered = False
        self.draining: asyncio.Future[Any] | None = None
        self.error: BaseException | None = None
        self.removals = 0
        self.background: set[asyncio.Task[Any]] | None = None
        self.start_task: asyncio.Task[None] | None = None
        self.stop_task: asyncio.Task[None] | None = None
        self.departing: dict[asyncio.Task[None], Record] | None = None
        self.stopping: Any = None
        self.settling: asyncio.Future[None] | None = None
        self.children_task: asyncio.Task[Any] | None = None
        self.children_settling: asyncio.Future[None] | None = None
        self.follows: tuple[Record, ...] = ()
        self.branches: dict[Record, asyncio.Task[Any]] | None = None
        self.alone: set[asyncio.Task[None]] | None = None
        self.crossing: Mapping[Record, list[Record]] = _NOBODY
        self.supervisor: Supervisor | None = None
        self.observers: list[Callable[[Any], None]] | None = None
        self.failure_callbacks: list[Callable[[ServiceFailedError], None]] | None = None

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Leave nothing of the running process in a pickle, whatever the service's class does about its state."""
        return (type(None), ())


class Done:
    """An awaitable that is already done: the shared result of hooks that have nothing to wait for."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


DONE = Done()

#: Where a service keeps its record.
RECORD_KEY = "_svcctl_record"

# Records of the objects that have no attributes of their own. A record holds its object, so that the identity
# cannot be taken over while the entry exists.
_slotted: dict[int, Record] = {}


def record_of(service: Any) -> Record:  # noqa: ANN401 (services need no common class)
    """Return the record of a service, making it if there is none.

    It lives in the service, and with it; past any ``__setattr__`` of its class. A shallow copy brings the record
    of its original along, which is not its own.
    """
    try:
        record: Record | None = service.__dict__[RECORD_KEY]
    except KeyError:
        pass
    except AttributeError:
        return _slotted.get(id(service)) or _slotted.setdefault(id(service), Record(service))
    else:
        if record is not None and record.service is service:
            return record
    record = service.__dict__[RECORD_KEY] = Record(service)
    return record


def known_record(service: Any) -> Record | None:  # noqa: ANN401 (services need no common class)
    """Return the record of a service that has one."""
    record: Record | None = service.__dict__.get(RECORD_KEY)
    return record if record is not None and record.service is service else None


def forget(record: Record) -> None:
    """Drop the record of an object that cannot hold it and has left its tree for good."""
    if _slotted:
        _slotted.pop(id(record.service), None)


def is_collection(service: object) -> bool:
    """Tell whether a service holds others."""
    return hasattr(service, "addService") and hasattr(service, "__iter__")


def children_of(record: Record) -> list[Record]:
    """Return the records of a collection's children as they are now, in the order in which they start."""
    if not record.collection:
        return []
    members: Iterable[Any] = record.service
    children = list(map(record_of, members))
    root = record.root
    for child in children:
        child.parent = record
        child.root = root
    return children


def walk(record: Record) -> list[Record]:
    """Return a record and all below it, parents before children."""
    found: list[Record] = []
    pending = [record]
    while pending:
        each = pending.pop()
        found.append(each)
        if each.collection:
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
        labels.append(label(record.service, _position(record)))
        record = record.parent
    labels.append(label(record.service, 0))
    return "/".join(reversed(labels))


def _position(record: Record) -> int:
    if record.parent is None or getattr(record.service, "name", None) is not None:
        return 0  # it has a name, which saves the search
    for index, child in enumerate(record.parent.service):
        if child is record.service:
            return index
    return len(list(record.parent.service))


def move(record: Record, state: State, error: BaseException | None = None) -> None:
    """Bring a service into a state and tell the observers of its tree."""
    before = record.state
    record.state = state
    if record.root.observers:
        announce(record, Transition(record, before, state, error))


def announce(record: Record, event: object) -> None:
    """Tell the observers of a service's tree what has happened in it."""
    for observer in tuple(root_of(record).observers or ()):
        try:
            observer(event)
        except Exception:  # noqa: BLE001 (whoever looks on must not get in the way)
            _log.exception("observer of the tree failed")


def stays_started(child: Record) -> bool:
    """Tell whether a collection need not start a child: it is up and nobody is about to stop it, or it has ended."""
    if child.ended:
        return True
    busy = child.start_task is not None or child.stop_task is not None
    return child.started and not busy and child.state is not STOPPING


def starts_alone(child: Record) -> bool:
    """Tell whether a service is started by a task of its own, whatever its collection does."""
    return child.start_task is not None and not child.start_task.cancelling()


async def settled(record: Record) -> None:
    """Wait until nobody is starting or stopping a service any more, or is about to."""
    while (task := record.stop_task or record.start_task) is not None:
        await asyncio.wait({task})
    await unchanging(record)


async def unchanging(record: Record) -> None:
    """Wait until a service is neither starting nor stopping."""
    while record.state in CHANGING:
        await next_change(record)


async def next_change(record: Record) -> None:
    """Wait for the end of the start or stop that a service is in, or that comes next."""
    if record.settling is None:
        record.settling = asyncio.get_running_loop().create_future()
    await asyncio.shield(record.settling)


def settle(record: Record) -> None:
    """Tell those who wait for the end of a service's start or stop that it has come."""
    if record.settling is not None and not record.settling.done():
        record.settling.set_result(None)
    record.settling = None


def is_below(record: Record, top: Record) -> bool:
    """Tell whether a service is still in a tree: hooks may have removed it meanwhile."""
    while record is not top:
        if record.parent is None:
            return False
        record = record.parent
    return True


def is_ending(record: Record | None) -> bool:
    """Tell whether a service, or something around it, is being stopped."""
    while record is not None:
        if record.state is STOPPING:
            return True
        record = record.parent
    return False


def is_at_rest(record: Record) -> bool:
    """Tell whether there is nothing to stop or to release of a service, now or soon."""
    busy = record.start_task is not None or record.stop_task is not None
    return not (busy or record.started or record.bound) and record.state in RESTING


def is_awaitable(result: object) -> TypeGuard[Awaitable[Any]]:
    """Tell whether what a hook returned has to be awaited."""
    return result is not None and result is not DONE and hasattr(type(result), "__await__")


def heed_cancellation() -> None:
    """Go on with a cancellation that came while something was undone, which went on all the same."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def is_asked_for(error: BaseException) -> bool:
    """Tell whether an error is somebody's wish to end, not a failure: a cancellation from outside, an exit."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return not isinstance(error, Exception)
