"""Trees of both kinds: services of Twisted's in collections of ours, and services of ours in those of Twisted's."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService, IServiceCollection
from twisted.python.components import registerAdapter
from zope.interface import implementer

from svcctl.application import interfaces
from svcctl.application.service import Application, MultiService, Service


@implementer(IServiceCollection)
class Door:
    """What Twisted's services take for their parent, where that is a collection of ours.

    Args:
        ours: The collection, or the application.
    """

    def __init__(self, ours: Any) -> None:  # noqa: ANN401 (an Application or a collection)
        self.ours: Any = interfaces.IServiceCollection(ours)  # type: ignore[misc,call-arg]  # the interface adapts

    def addService(self, service: Any) -> None:  # noqa: ANN401 (a service of Twisted's)
        """Add what stands for a service of Twisted's."""
        from svcctl.interop.twisted.mirror import mirror_of  # noqa: PLC0415 (which needs the reactor's module)
        from svcctl.interop.twisted.node import needed  # noqa: PLC0415 (the same)

        needed()
        self.ours.addService(mirror_of(service))

    def removeService(self, service: Any) -> Any:  # noqa: ANN401 (the same, and a Deferred or nothing)
        """Take it out; it is stopped if it runs."""
        from svcctl.interop.twisted.mirror import mirror_of  # noqa: PLC0415 (the same)

        mirror = mirror_of(service)
        self.ours.removeService(mirror)
        mirror.parent = None

    def getServiceNamed(self, name: str) -> Any:  # noqa: ANN401 (a service of either kind)
        """Return the child of a name, as it was added."""
        found = self.ours.getServiceNamed(name)
        return getattr(found, "real", found)

    def __iter__(self) -> Any:  # noqa: ANN401 (an iterator over services of both kinds)
        """Iterate over the children, as they were added."""
        return (getattr(each, "real", each) for each in self.ours)


@implementer(IService)
class Guest:
    """What Twisted's collections hold in place of a service of ours: the driver of the tree starts and stops that.

    Args:
        ours: The service.
    """

    running = 0
    parent: Any = None

    def __init__(self, ours: Service) -> None:
        self.ours = ours
        self.name = ours.name

    def privilegedStartService(self) -> None:
        """Leave it to the driver."""

    def startService(self) -> None:
        """Leave it to the driver."""
        self.running = 1

    def stopService(self) -> None:
        """Leave it to the driver."""
        self.running = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the service has)
        """Return what the service has."""
        return getattr(self.ours, name)


def open_door() -> None:
    """Have collections of ours take services of Twisted's: ``setServiceParent`` asks for an adapter."""
    for kind in (Application, MultiService):
        registerAdapter(Door, kind, IServiceCollection)


def with_guests(collection: Any) -> None:  # noqa: ANN401 (a collection of Twisted's)
    """Replace the services of ours that are in a collection."""
    services: list[Any] = getattr(collection, "services", [])
    for position, each in enumerate(services):
        if isinstance(each, Service):
            services[position] = guest_of(each)
            if each.name is not None:
                collection.namedServices[each.name] = services[position]


def guest_of(ours: Service) -> Guest:
    """Return what a collection of Twisted's holds for a service of ours, which then has no other parent."""
    ours.parent = None
    return Guest(ours)
