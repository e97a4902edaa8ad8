"""The application at the root of a tree of services."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from svcctl.application.interfaces import IPersistable, IProcess, IService, IServiceCollection

if TYPE_CHECKING:
    from svcctl.application.clients.client import SSLClient, TCPClient, UNIXClient
    from svcctl.application.datagrams.udp import UDPServer
    from svcctl.application.internet import TCPServer, UNIXServer
    from svcctl.application.servers.tls_server import SSLServer
    from svcctl.application.supervision import Supervision
    from svcctl.manifest.model import Manifest, Origin

_S = TypeVar("_S")


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

    It is no service itself: ``IService(application)`` is the root of its tree. The methods ``listen*`` and
    ``connect*`` are those of the framework's oldest form: each puts a service of :mod:`svcctl.application.internet`
    right below that root and returns it, so that it binds and connects when the application runs, now if it does,
    and is described, saved and stopped like any other.

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
        supervision: How it deals with the failure of a service; ``None``: the process ends.

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
        supervision: Supervision | None = None,
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
        from svcctl.application.service import MultiService  # noqa: PLC0415 (that module names this class to its users)

        root = MultiService(supervision=supervision)
        root.setName(name)
        root.stop_timeout = stop_timeout
        self._components: dict[object, object] = {
            IService: root,
            IServiceCollection: root,
            IProcess: Process(uid, gid),
        }

    def getComponent(self, interface: object, default: object = None) -> Any:  # noqa: ANN401 (any aspect)
        """Return the aspect of the application that answers an interface, or a default."""
        if interface is IPersistable and interface not in self._components:
            from svcctl.application.sob import Persistent  # noqa: PLC0415 (only for what is saved)

            self._components[interface] = Persistent(self, self.name)
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
        from svcctl.application.describing.application import describe_application  # noqa: PLC0415 (not on the runner's path)

        return describe_application(self, origin)

    def save(
        self, tag: str | None = None, filename: str | None = None, passphrase: str | None = None
    ) -> None:
        """Save the application to a file, from which it can be started; a script sees on stderr that it was.

        Args:
            tag: ``start`` for ``NAME-start.tap``; ``None`` for ``NAME.tap``.
            filename: Path of the file, whatever the tag.
            passphrase: Encrypts the file.

        Raises:
            StateNotSavedError: It holds what cannot be saved, or the system did not allow it.
            SavedStateError: Others own what is in its place, or the folder.
            ConfigurationError: The key is damaged or cannot be made, or encryption is not installed.
        """
        from svcctl.application.persisting.telling import save  # noqa: PLC0415 (only for what is saved)

        save(self, tag, filename, passphrase)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> TCPServer:  # noqa: ANN401 (three kinds of factory)
        """Listen on a TCP port; arguments as for :class:`~svcctl.application.internet.TCPServer`."""
        from svcctl.application.internet import TCPServer  # noqa: PLC0415 (most applications make their servers themselves)

        return self._with(TCPServer(port, factory, backlog, interface))

    def listenSSL(
        self,
        port: int,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        ctxFactory: Any,  # noqa: ANN401 (contexts need no common class)
        backlog: int = 50,
        interface: str = "",
    ) -> SSLServer:
        """Listen on a TCP port and speak TLS; arguments as for ``internet.SSLServer``."""
        from svcctl.application.servers.tls_server import SSLServer  # noqa: PLC0415 (as above)

        return self._with(SSLServer(port, factory, ctxFactory, backlog, interface))

    def listenUNIX(self, filename: str, factory: Any, backlog: int = 50, mode: int = 0o666) -> UNIXServer:  # noqa: ANN401 (three kinds of factory)
        """Listen on a stream socket in the file system; arguments as for ``internet.UNIXServer``."""
        from svcctl.application.internet import UNIXServer  # noqa: PLC0415 (as above)

        return self._with(UNIXServer(filename, factory, backlog, mode))

    def listenUDP(self, port: int, proto: Any, interface: str = "", maxPacketSize: int = 8192) -> UDPServer:  # noqa: ANN401 (two kinds of protocol)
        """Receive datagrams on a UDP port; arguments as for ``internet.UDPServer``."""
        from svcctl.application.datagrams.udp import UDPServer  # noqa: PLC0415 (as above)

        return self._with(UDPServer(port, proto, interface, maxPacketSize))

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        timeout: float | None = 30,
        bindAddress: str | tuple[str, int] | None = None,
    ) -> TCPClient:
        """Connect to a TCP port; arguments as for ``internet.TCPClient``."""
        from svcctl.application.clients.client import TCPClient  # noqa: PLC0415 (as above)

        return self._with(TCPClient(host, port, factory, timeout, bindAddress))

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        ctxFactory: Any,  # noqa: ANN401 (contexts need no common class)
        timeout: float | None = 30,
        bindAddress: str | tuple[str, int] | None = None,
    ) -> SSLClient:
        """Connect to a TCP port and speak TLS; arguments as for ``internet.SSLClient``."""
        from svcctl.application.clients.client import SSLClient  # noqa: PLC0415 (as above)

        return self._with(SSLClient(host, port, factory, ctxFactory, timeout, bindAddress))

    def connectUNIX(self, address: str, factory: Any, timeout: float | None = 30) -> UNIXClient:  # noqa: ANN401 (three kinds of factory)
        """Connect to a stream socket in the file system; arguments as for ``internet.UNIXClient``."""
        from svcctl.application.clients.client import UNIXClient  # noqa: PLC0415 (as above)

        return self._with(UNIXClient(address, factory, timeout))

    def _with(self, service: _S) -> _S:
        """Put a service right below the root."""
        self._components[IServiceCollection].addService(service)  # type: ignore[attr-defined]  # it is the root
        return service

    def unlistenTCP(self, port: int, interface: str = "") -> Awaitable[None]:
        """Take the server of a TCP port out; if it runs, it accepts no more and its connections end first.

        Returns:
            An awaitable that is done when the port is closed. It may be dropped.

        Raises:
            ServiceNotFoundError: Nothing of the kind is right below the root.
        """
        from svcctl.application.internet import TCPServer  # noqa: PLC0415 (as above)

        return self._without(TCPServer, port=port, interface=interface)

    def unlistenSSL(self, port: int, interface: str = "") -> Awaitable[None]:
        """Take the TLS server of a TCP port out; the rest as for :meth:`unlistenTCP`."""
        from svcctl.application.servers.tls_server import SSLServer  # noqa: PLC0415 (as above)

        return self._without(SSLServer, port=port, interface=interface)

    def unlistenUNIX(self, filename: str) -> Awaitable[None]:
        """Take the server of a socket in the file system out; the rest as for :meth:`unlistenTCP`."""
        from svcctl.application.internet import UNIXServer  # noqa: PLC0415 (as above)

        return self._without(UNIXServer, address=filename)

    def unlistenUDP(self, port: int, interface: str = "") -> Awaitable[None]:
        """Take the server of a UDP port out; the rest as for :meth:`unlistenTCP`."""
        from svcctl.application.datagrams.udp import UDPServer  # noqa: PLC0415 (as above)

        return self._without(UDPServer, port=port, interface=interface)

    def _without(self, kind: type, **where: object) -> Awaitable[None]:
        """Take a server out by its place."""
        from svcctl.application.scripting.ports import close  # noqa: PLC0415 (only where ports are closed)

        return close(self, kind, **where)

    def run(self, save: bool = True, installSignalHandlers: bool = True) -> None:  # noqa: FBT001, FBT002 (the framework's signature)
        """Run the application until SIGINT or SIGTERM, from the program that has made it.

        For programs alone: what is loaded by ``svcctl run`` is run by that, which also tells the init system,
        changes the user and the name of the process, and keeps a log. A second signal cuts the stop short. The log goes to the ``ILogObserver`` of
        the application if it has one, and wherever the program itself has told :mod:`logging`.

        Args:
            save: Save it when it has stopped, as ``NAME-shutdown.tap``; as for :meth:`save`.
            installSignalHandlers: Whether the signals end it; ``reactor.stop()`` does in any case.

        Raises:
            StartError: It could not be started; nothing is saved.
            ServiceFailedError: Something failed later; it has been stopped and saved.
            LifecycleError: A loop runs already, or a ``.tac`` is being loaded.
            PermissionDeniedError: The application is to serve as another user or group than the present ones.
            StateNotSavedError: As for :meth:`save`.
        """
        from svcctl.application.scripting.running import run  # noqa: PLC0415 (only for programs of their own)

        run(self, save=save, signals=installSignalHandlers)


def loadApplication(filename: str, kind: str, passphrase: str | None = None) -> Any:  # noqa: ANN401 (what the file gives; nobody has looked at it)
    """Return the application in a file.

    Args:
        filename: Path of the file.
        kind: ``python`` for a ``.tac`` file, else the style that it was saved in: ``pickle`` or ``source``.
        passphrase: What an encrypted file was encrypted with.

    Raises:
        UsageError: There is no such kind, or a passphrase was given and the file is not encrypted.
        ApplicationNotFoundError: There is no such file, or it cannot be read.
        SavedStateError: As for :func:`svcctl.application.sob.load`.
        KeyError: The ``.tac`` file does not bind ``application``.
    """
    from svcctl.application import sob  # noqa: PLC0415 (only for what is loaded by hand)

    if kind == "python":
        return sob.loadValueFromFile(filename, "application", passphrase)
    return sob.load(filename, kind, passphrase)
