"""The application at the root of a tree of services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from svcctl.application.interfaces import IPersistable, IProcess, IService, IServiceCollection

if TYPE_CHECKING:
    from svcctl.application.supervision import Supervision
    from svcctl.manifest.model import Manifest, Origin


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
