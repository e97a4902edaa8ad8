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

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from svcctl.application.interfaces import IProcess, IService, IServiceCollection
from svcctl.application.lifecycle import StartChildren, StopChildren, added, fail, removed
from svcctl.application.record import DONE, RECORD_KEY, RUNNING, State, known_record, move, path_of, record_of
from svcctl.errors import DuplicateNameError, NotChildError, ParentError, ServiceNotFoundError

if TYPE_CHECKING:
    from svcctl.endpoints.values import Endpoint
    from svcctl.manifest.model import Manifest, Origin, ServiceNode

__all__ = ["Application", "IProcess", "IService", "IServiceCollection", "MultiService", "Process", "Service"]


class Service:
    """Something that can be started and stopped: the base of the services people write.

    Override ``startService`` and ``stopService``, as plain functions or ``async``; calling up is allowed and never
    necessary, nor is ``__init__``. An ``async`` hook is awaited before anything else goes on. Three more hooks are
    called if a subclass has them: ``reload()`` at a reload, ``drain()`` on the whole tree at once before anything
    stops (take no new work, finish what is in flight), and ``release()`` to undo ``privilegedStartService`` when
    the start ended before ``startService``.

    Attributes:
        name: Its name within its collection, or ``None``.
        parent: The collection it is in, or ``None``.
        stop_timeout: Seconds that ``stopService`` may take; ``None`` for what is left of the whole tree's budget.
        kind: What the manifest calls it; ``opaque`` for classes that svcctl does not know.

    Example:
        >>> class Counter(Service):
        ...     async def startService(self):
        ...         self.count = 0
    """

    name: str | None = None
    parent: Any = None
    stop_timeout: float | None = None
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
        _refuse_second_parent(self, collection)
        outcome = collection.addService(self)
        self.parent = collection
        # A collection of another class may only have put it into its list.
        return outcome if outcome is not None else added(record_of(collection), record_of(self))

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
            record.started = True
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
        """Declare that the service has failed although nobody called it: a task of its own ended, say."""
        fail(record_of(self), error)

    def listening_on(self) -> Sequence[Endpoint]:
        """Return where the service listens, for its description."""
        return ()

    def calling(self) -> Sequence[tuple[float, Callable[..., Any]]]:
        """Return what the service calls periodically, each with its interval in seconds, for its description."""
        return ()

    def describe(self, path: str | None = None) -> ServiceNode:
        """Describe the service and all below it.

        Args:
            path: Its path; ``None`` for the one it has.
        """
        from svcctl.application.description import describe_service  # noqa: PLC0415 (not on the runner's path)

        return describe_service(self, self.path if path is None else path)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process: a copy or a loaded service is stopped."""
        state = dict(self.__dict__)
        state.pop(RECORD_KEY, None)
        return state


class MultiService(Service):
    """A service that holds others: they start in the order in which they were added and stop in reverse.

    Attributes:
        services: The children in order; change it through :meth:`addService` and :meth:`removeService`.
        namedServices: The children that have a name.
    """

    kind = "collection"

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
            TypeError: It is no service.
        """
        if not hasattr(service, "startService"):
            IService(service)  # type: ignore[misc,call-arg]  # the interface adapts; here it says what is missing
            raise TypeError(
                f"{type(service).__name__} object is no service; IService() gives the root of its tree"
            )
        _refuse_second_parent(service, self)
        name = service.name
        if name is not None:
            if name in self.namedServices:
                raise DuplicateNameError(
                    f"{self.path} has a service named {name!r} already", hint="give one of them another name"
                )
            self.namedServices[name] = service
        self.services.append(service)
        service.parent = self
        return added(record_of(self), record_of(service))

    def removeService(self, service: Any) -> Awaitable[None]:  # noqa: ANN401 (services need no common class)
        """Remove a child; it is stopped if it runs.

        Returns:
            An awaitable that is done when the child has stopped. It may be dropped: what went wrong is then logged.

        Raises:
            NotChildError: It is no child of this collection.
        """
        del self.services[self._position(service)]
        named = self.namedServices
        holder: Any = named.get(service.name)
        if holder is service:
            del named[service.name]
        else:  # it has no name, or another one than it was added with
            for name in [name for name, child in named.items() if child is service]:
                del named[name]
        service.parent = None
        return removed(record_of(service))

    def _position(self, service: Any) -> int:  # noqa: ANN401 (the same)
        children = self.services
        if children and children[-1] is service:  # whoever removes many begins at the end, or at the front
            return len(children) - 1
        for position, child in enumerate(children):
            if child is service:
                return position
        raise NotChildError(f"{service!r} is no child of {self.path}")

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


def _refuse_second_parent(service: Any, parent: Any) -> None:  # noqa: ANN401 (services need no common class)
    present = getattr(service, "parent", None)
    if present is not None and present is not parent:
        raise ParentError(
            f"{path_of(record_of(service))} has a parent already",
            hint="take it out with disownServiceParent() first",
        )
    if present is not None and any(child is service for child in parent):
        raise ParentError(f"{path_of(record_of(service))} is in that collection already")
    above = parent
    while above is not None:
        if above is service:
            raise ParentError(f"{path_of(record_of(service))} cannot be below itself")
        above = getattr(above, "parent", None)


class Process:
    """Whom the process of an application runs as, and what it is called.

    Args:
        uid: User's name or number; ``None`` leaves it alone.
        gid: Group's name or number; ``None`` leaves it alone.
    """

    def __init__(self, uid: str | int | None = None, gid: str | int | None = None) -> None:
        self.processName: str | None = None
        self.uid = uid
        self.gid = gid


class Application:
    """A tree of services with a name: what a ``.tac`` file binds to ``application``.

    It is no service itself: ``IService(application)`` is the root of its tree.

    Args:
        name: Names logs and state. One line.
        uid: User to run as, by name or number; ``None`` leaves it alone.
        gid: Group to run as, by name or number; ``None`` leaves it alone.
        description: One line for people.
        version: The application's own version.
        homepage: An ``http`` or ``https`` address.
        maintainer: ``Name <mail>``.
        needs: What it needs beyond its listeners, by the fields of :class:`svcctl.manifest.model.Needs`; whatever
            is not named may be taken away by the sandbox.
        start_timeout: Seconds from the start of the process to readiness, unless it makes progress.
        stop_timeout: Seconds in which connections drain and every service stops.
        watchdog_timeout: Longest silence of the event loop in seconds; 0 for no watchdog.

    Example:
        >>> Application("echo", description="Returns what it gets", needs={"network": "outbound"}).name
        'echo'
    """

    def __init__(  # noqa: PLR0913 (all but the name are optional facts, given by keyword)
        self,
        name: str,
        uid: str | int | None = None,
        gid: str | int | None = None,
        *,
        description: str = "",
        version: str = "",
        homepage: str = "",
        maintainer: str = "",
        needs: Mapping[str, Any] | None = None,
        start_timeout: float = 90.0,
        stop_timeout: float = 10.0,
        watchdog_timeout: float = 30.0,
    ) -> None:
        self.name = name
        self.description = description
        self.version = version
        self.homepage = homepage
        self.maintainer = maintainer
        self.needs = dict(needs or {})
        self.start_timeout = start_timeout
        self.stop_timeout = stop_timeout
        self.watchdog_timeout = watchdog_timeout
        root = MultiService()
        root.setName(name)
        root.stop_timeout = stop_timeout
        self._components: dict[object, object] = {
            IService: root,
            IServiceCollection: root,
            IProcess: Process(uid, gid),
        }

    def getComponent(self, interface: object, default: object = None) -> Any:  # noqa: ANN401 (any aspect)
        """Return the aspect of the application that answers an interface, or a default."""
        return self._components.get(interface, default)

    def setComponent(self, interface: object, component: object) -> None:
        """Set the aspect of the application that answers an interface, such as its log observer."""
        self._components[interface] = component

    def describe(self, origin: Origin) -> Manifest:
        """Describe the application.

        Args:
            origin: What it was loaded from.

        Raises:
            ProblemsError: Values given to the application or its services make no valid manifest.
        """
        from svcctl.application.description import describe_application  # noqa: PLC0415 (not on the runner's path)

        return describe_application(self, origin)
