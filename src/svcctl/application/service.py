"""Services, collections of services, and the application at the root of them.

Example:
    >>> application = Application("shop")
    >>> shop = MultiService()
    >>> shop.setName("counter")
    >>> _ = shop.setServiceParent(application)
    >>> IServiceCollection(application).getServiceNamed("counter") is shop
    True
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from svcctl.application.interfaces import IPersistable, IProcess, IService, IServiceCollection
from svcctl.application.lifecycle import (
    StopChildren,
    added,
    position_of,
    refuse_parent,
    refuse_removal,
    removed,
    take_out,
)
from svcctl.application.tree.record import (
    DONE,
    RECORD_KEY,
    RUNNING,
    State,
    known_record,
    move,
    path_of,
    record_of,
)
from svcctl.application.tree.root import Application, Process, loadApplication
from svcctl.application.tree.starting import StartChildren
from svcctl.errors import (
    DuplicateNameError,
    ParentError,
    ServiceNotFoundError,
    SvcctlError,
    UsageError,
)

if TYPE_CHECKING:
    import asyncio
    import socket

    from svcctl.application.options.maker import IServiceMaker, ServiceMaker
    from svcctl.application.supervision import Supervision
    from svcctl.endpoints.values import Endpoint
    from svcctl.manifest.model import ServiceNode

__all__ = ["Application", "IPersistable", "IProcess", "IService", "IServiceCollection", "MultiService"]
__all__ += ["IServiceMaker", "Process", "Service", "ServiceMaker", "loadApplication"]

#: What loads when somebody names it: most applications do not, and start-up time is a feature.
_ELSEWHERE = {"IServiceMaker": "options.maker", "ServiceMaker": "options.maker"}


class Service:
    """Something that can be started and stopped: the base of the services people write.

    Override ``startService`` and ``stopService``, as plain functions or ``async``; calling up is allowed and never
    necessary, nor is ``__init__``. An ``async`` hook is awaited before anything else goes on. More hooks are called
    if a subclass has them: ``check_reload()``, ``reload()`` and, to undo it, ``revert_reload()`` at a reload,
    ``drain()`` on the whole tree at once before anything stops (take no new work, finish what is in flight), and
    ``release()`` to undo ``privilegedStartService`` when the start ended before ``startService``.

    Attributes:
        name: Its name within its collection, or ``None``.
        parent: The collection it is in, or ``None``.
        stop_timeout: Seconds that ``stopService`` may take; ``None`` for what is left of the whole tree's budget.
        after: What has to be ready before it starts: names of services beside it, or paths from the root, such as
            ``shop/storage/db``. ``None``: whatever was added before it, unless one of the others says something.
        restart: What its end by itself means: that of a ``permanent`` service is a failure in any case, a
            ``transient`` one may finish, and what becomes of a ``temporary`` one is nobody's concern.
        heartbeat_timeout: Seconds within which one that beats has to beat again; ``None`` for the application's
            ``watchdog_timeout``.
        kind: What the manifest calls it; ``opaque`` for classes that svcctl does not know.

    Example:
        >>> class Counter(Service):
        ...     async def startService(self):
        ...         self.count = 0
    """

    name: str | None = None
    parent: Any = None
    stop_timeout: float | None = None
    after: Sequence[str] | None = None
    restart = "permanent"
    heartbeat_timeout: float | None = None
    kind = "opaque"

    @property
    def running(self) -> bool:
        """Whether it has started and not stopped or failed since; the driver alone changes it."""
        record = known_record(self)
        return record is not None and record.state in RUNNING

    @property
    def path(self) -> str:
        """Where it is in its tree, such as ``shop/counter``."""
        return path_of(record_of(self))

    def setName(self, name: str) -> None:
        """Name the service.

        Raises:
            ParentError: It is in a collection already, which knows it by its old name.
        """
        if self.parent is not None:
            raise ParentError(f"{self.path} cannot be renamed to {name!r}: it has a parent already")
        self.name = name

    def setServiceParent(self, parent: Any) -> Awaitable[None]:  # noqa: ANN401 (Application or any collection)
        """Add the service to a collection, or to the root of an application.

        Returns:
            What :meth:`MultiService.addService` returns.

        Raises:
            ParentError: It is in a collection already.
            DuplicateNameError: The collection has a service of that name; neither of them has changed.
            TypeError: ``parent`` is no collection.
        """
        collection: Any = IServiceCollection(parent)  # type: ignore[misc,call-arg]  # the interface adapts
        refuse_parent(self, collection)
        outcome: Awaitable[None] | None = collection.addService(self)
        self.parent = collection
        # A collection of another class may only have put it into its list.
        return outcome or self._joined(collection)

    def _joined(self, collection: Any) -> Awaitable[None]:  # noqa: ANN401 (the same)
        try:
            return added(record_of(collection), record_of(self))
        except SvcctlError:
            collection.removeService(self)
            self.parent = None
            raise

    def disownServiceParent(self) -> Awaitable[None]:
        """Take the service out of its collection.

        Returns:
            What :meth:`MultiService.removeService` returns.

        Raises:
            ParentError: It is in no collection.
        """
        if self.parent is None:
            raise ParentError(f"{self.path} cannot leave its parent: it has none")
        outcome = self.parent.removeService(self)
        self.parent = None
        return outcome if outcome is not None else removed(record_of(self))

    def privilegedStartService(self) -> Awaitable[None] | None:
        """Do what has to precede the loss of privileges; called on the whole tree before anything starts."""
        return DONE

    def startService(self) -> Awaitable[None] | None:
        """Start. Override it; what it raises is the failure of the start."""
        record = record_of(self)
        if record.state is not State.STARTING:  # called by hand, outside of the driver
            record.started = record.served = True
            move(record, State.READY)
        return DONE

    def stopService(self) -> Awaitable[None] | None:
        """Stop. Override it; what it raises is reported when all other services have been stopped, too."""
        record = record_of(self)
        if record.started and record.state is not State.STOPPING:  # called by hand, outside of the driver
            record.started = record.bound = record.drained = False
            move(record, State.STOPPED)
        return DONE

    def fail(self, error: BaseException) -> None:
        """Declare that the service has failed although nobody called it: a task of its own raised, say."""
        from svcctl.application.tree.failing import fail  # noqa: PLC0415 (only when something fails)

        fail(record_of(self), error)

    def finish(self) -> None:
        """Declare that the service has done its work: it is stopped, unless it is permanent: then it has failed."""
        from svcctl.application.tree.failing import finish  # noqa: PLC0415 (only when something ends by itself)

        finish(record_of(self))

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine in the background, for as long as the service runs.

        What it raises is a failure of the service. When the service has stopped, or its start has failed, what is
        left is cancelled and waited for.

        Raises:
            LifecycleError: The service neither runs nor starts.
        """
        from svcctl.application.tree.background import spawn  # noqa: PLC0415 (only for services that have something there)

        return spawn(record_of(self), coroutine)

    def heartbeat(self) -> None:
        """Give a sign of life, from any thread; after the first one, its absence has the process ended and restarted."""
        from svcctl.application.tree.heartbeat import beat  # noqa: PLC0415 (only for services that beat)

        beat(record_of(self))

    def keep(self, name: str, value: Any) -> bool:  # noqa: ANN401 (bytes, or whatever has a descriptor)
        """Have bytes, or a descriptor (a number, or what has a ``fileno()``), survive a restart and a crash.

        It takes the place of what was kept under the name; it costs two messages to the init system, so it is
        nothing to be done for each request. A connection is dropped when its other end hangs up. One descriptor
        has one name. The application's ``needs={"descriptors": …}`` say for how many values there has to be room.

        Returns:
            Whether it is kept: not without an init system that keeps descriptors, nor if there is no room.

        Raises:
            UsageError: ``name`` is none, ``value`` cannot be kept, or it has more than 64 MiB.
        """
        from svcctl.application import keeping  # noqa: PLC0415 (only for services that keep something)

        return keeping.keep(self.path, name, value)

    def kept(self, name: str) -> bytes | socket.socket | int | None:
        """Return what is kept: bytes, a socket, or the number of another descriptor; the last two are a copy.

        Ask for all of it in ``startService``: what no service has asked for when the tree is up is removed.
        """
        from svcctl.application import keeping  # noqa: PLC0415 (the same)

        return keeping.kept(self.path, name)

    def drop(self, name: str) -> None:
        """Keep it no longer."""
        from svcctl.application import keeping  # noqa: PLC0415 (the same)

        keeping.drop(self.path, name)

    def listening_on(self) -> Sequence[Endpoint]:
        """Return where the service listens, for its description."""
        return ()

    def calling(self) -> Sequence[tuple[float, Callable[..., Any]]]:
        """Return what the service calls periodically, each with its interval in seconds, for its description."""
        return ()

    def describe(self, path: str | None = None) -> ServiceNode:
        """Describe the service and all below it, under a path; ``None`` for the one it has."""
        from svcctl.application.describing.application import describe_service  # noqa: PLC0415 (not on the runner's path)

        return describe_service(self, self.path if path is None else path)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process: a copy or a loaded service is stopped."""
        state = dict(self.__dict__)
        state.pop(RECORD_KEY, None)
        return state


class MultiService(Service):
    """A service that holds others: they start in the order in which they were added and stop in reverse.

    If one of them says what it comes ``after``, they start in the order of that graph, those that do not depend on
    each other at once.

    Args:
        supervision: How it deals with the failure of a child.

    Attributes:
        supervision: ``None``: it fails with its child.
        services: The children in order; change it through :meth:`addService` and :meth:`removeService`.
        namedServices: The children that have a name.

    Raises:
        UsageError: ``supervision`` is none.
    """

    kind = "collection"
    supervision: Supervision | None = None

    def __init__(self, *, supervision: Supervision | None = None) -> None:
        if supervision is not None:
            if not hasattr(supervision, "strategy"):
                raise UsageError(
                    f"{supervision!r} is no supervision",
                    hint='give Supervision("one_for_one") of svcctl.application.supervision',
                )
            self.supervision = supervision

    @property
    def services(self) -> list[Any]:
        """The children in the order in which they start."""
        children: list[Any] = self.__dict__.setdefault("_services", [])
        return children

    @property
    def namedServices(self) -> dict[str, Any]:
        """The children that have a name."""
        named: dict[str, Any] = self.__dict__.setdefault("_named", {})
        return named

    def startService(self) -> Awaitable[None] | None:
        """Start; awaiting the result starts the children, which the driver does in any case."""
        return StartChildren(record_of(self))

    def stopService(self) -> Awaitable[None] | None:
        """Stop; awaiting the result stops the children, which the driver does in any case."""
        return StopChildren(record_of(self))

    def addService(self, service: Any) -> Awaitable[None]:  # noqa: ANN401 (services need no common class)
        """Add a child; a collection that is ready starts it, once.

        Returns:
            An awaitable that is done when the child is ready. It may be dropped: a failed start is then a
            failure of the tree.

        Raises:
            DuplicateNameError: There is a child of that name; neither parent nor child has changed.
            ParentError: The child is in a collection already, or the collection is in the child.
            DependencyError: The tree runs, and the child comes after what is not there.
            TypeError: It is no service.
        """
        if not hasattr(service, "startService"):
            IService(service)  # type: ignore[misc,call-arg]  # the interface adapts; here it says what is missing
            raise TypeError(
                f"{type(service).__name__} object is no service; IService() gives the root of its tree"
            )
        refuse_parent(service, self)
        name = service.name
        if name is not None:
            if name in self.namedServices:
                raise DuplicateNameError(
                    f"{self.path} has a service named {name!r} already", hint="give one of them another name"
                )
            self.namedServices[name] = service
        self.services.append(service)
        service.parent = self
        try:
            return added(record_of(self), record_of(service))
        except SvcctlError:
            take_out(self, service)
            raise

    def removeService(self, service: Any) -> Awaitable[None]:  # noqa: ANN401 (services need no common class)
        """Remove a child; it is stopped if it runs.

        Returns:
            An awaitable that is done when the child has stopped. It may be dropped: what went wrong is then logged.

        Raises:
            NotChildError: It is no child of this collection.
            DependencyError: Something in the running tree comes after it.
        """
        position = position_of(self, service)
        refuse_removal(record_of(self), record_of(service))
        take_out(self, service, position)
        return removed(record_of(service))

    def getServiceNamed(self, name: str) -> Any:  # noqa: ANN401 (services need no common class)
        """Return the child of that name.

        Raises:
            ServiceNotFoundError: There is none.
        """
        try:
            return self.namedServices[name]
        except KeyError:
            known = ", ".join(self.namedServices) or "none has a name"
            raise ServiceNotFoundError(
                f"{self.path} has no service named {name!r} (it has: {known})"
            ) from None

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the children in the order in which they start."""
        return iter(self.services)

    def __len__(self) -> int:
        """Return how many children there are."""
        return len(self.services)

    def __bool__(self) -> bool:
        """Stay true without children: a collection is a service, not a container of nothing."""
        return True

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401 (services need no common class)
        """Return the child at a position."""
        return self.services[index]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (names of several modules)
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 (see above)

    return getattr(import_module(f"svcctl.application.{_ELSEWHERE[name]}"), name)
