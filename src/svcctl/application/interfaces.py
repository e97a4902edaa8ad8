"""What a service and a collection of services have to offer, as typing protocols that also adapt.

Called with an object, an interface returns the aspect of it that answers the interface: ``IService(application)``
is the root of the application's tree. An object that is no subclass of :class:`~svcctl.application.service.Service`
is a service if it has these members; nothing has to be inherited.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import Any, Protocol, runtime_checkable

_MEMBERS = {
    "IService": (
        "name",
        "parent",
        "running",
        "setName",
        "setServiceParent",
        "disownServiceParent",
        "privilegedStartService",
        "startService",
        "stopService",
    ),
    "IServiceCollection": ("getServiceNamed", "__iter__", "addService", "removeService"),
    "IProcess": ("processName", "uid", "gid"),
    "IPersistable": ("setStyle", "save"),
}


class _Adapting(type(Protocol)):  # type: ignore[misc]  # the metaclass of protocols has no public name
    """Metaclass that turns a call of an interface itself, not of a class that inherits it, into an adaptation."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (whatever the caller's class takes and is)
        if cls.__module__ != __name__:
            return super().__call__(*args, **kwargs)
        return _adapt(cls, *args, **kwargs)


def _adapt(interface: type, candidate: object) -> object:
    component = getattr(candidate, "getComponent", None)
    if component is not None and (aspect := component(interface)) is not None:
        return aspect
    missing = [member for member in _MEMBERS[interface.__name__] if not hasattr(candidate, member)]
    if missing:
        raise TypeError(
            f"{type(candidate).__name__} object is no {interface.__name__}: it lacks {', '.join(missing)}"
        )
    return candidate


@runtime_checkable
class IService(Protocol, metaclass=_Adapting):
    """Something that can be started and stopped.

    Attributes:
        name: Its name within its collection, or ``None``.
        parent: The collection it is in, or ``None``.

    Example:
        >>> from svcctl.application.service import Application, IService
        >>> IService(Application("echo")).name
        'echo'
    """

    name: str | None
    parent: Any

    @property
    def running(self) -> bool:
        """Whether it has started and not stopped since."""

    def setName(self, name: str) -> None:
        """Name it, before it has a parent."""

    def setServiceParent(self, parent: Any) -> object:  # noqa: ANN401 (an Application or a collection of any class)
        """Add it to a collection."""

    def disownServiceParent(self) -> object:
        """Take it out of its collection."""

    def privilegedStartService(self) -> object:
        """Do what has to be done before privileges are given up, such as binding ports."""

    def startService(self) -> object:
        """Start; an awaitable that comes back is awaited."""

    def stopService(self) -> object:
        """Stop; an awaitable that comes back is awaited."""


@runtime_checkable
class IServiceCollection(Protocol, metaclass=_Adapting):
    """Something that holds services."""

    def getServiceNamed(self, name: str) -> Any:  # noqa: ANN401 (services need no common class)
        """Return the child of that name, or raise KeyError."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the children in the order in which they start."""

    def addService(self, service: Any) -> Awaitable[None] | None:  # noqa: ANN401 (services need no common class)
        """Add a child."""

    def removeService(self, service: Any) -> Awaitable[None] | None:  # noqa: ANN401 (the same)
        """Remove a child."""


@runtime_checkable
class IProcess(Protocol, metaclass=_Adapting):
    """Whom the process of an application runs as, and what it is called.

    Attributes:
        processName: Name of the process, or ``None`` to leave it alone.
        uid: User's name or number, or ``None``.
        gid: Group's name or number, or ``None``.
    """

    processName: str | None
    uid: str | int | None
    gid: str | int | None


@runtime_checkable
class IPersistable(Protocol, metaclass=_Adapting):
    """What saves an application to a file."""

    def setStyle(self, style: str) -> None:
        """Choose the form of the files: ``pickle`` or ``source``."""

    def save(
        self, tag: str | None = None, filename: str | None = None, passphrase: str | None = None
    ) -> object:
        """Save to ``NAME.tap``, with a tag to ``NAME-TAG.tap``, or to a file of that name."""
