"""One plug-in: its options and its services, loaded when they are asked for, its faults told with its name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from svcctl.application.interfaces import IService
from svcctl.application.options.maker import ServiceMaker
from svcctl.application.options.reading import read_options
from svcctl.application.service import Application, MultiService
from svcctl.errors import ApplicationLoadError, ConfigurationError, SvcctlError
from svcctl.loading.failure import raised

_ASK = "ask its maintainer"


class Plugin:
    """A plug-in that could be loaded; the code of its options and services may still wait to be.

    Args:
        name: What one types.
        distribution: Name and version of what brought it along.
        maker: What its entry point leads to.

    Attributes:
        description: One line for people.

    Raises:
        ConfigurationError: ``maker`` makes no services.
    """

    def __init__(self, name: str, distribution: str, maker: Any) -> None:  # noqa: ANN401 (makers need no common class)
        self.name = name
        self.distribution = distribution
        self.maker = maker
        self.description = _description(maker)
        # Whether the module of a ServiceMaker has what it should have is seen when it is needed.
        if not isinstance(maker, ServiceMaker) and self._has("makeService", "updateApplication") is None:
            raise ConfigurationError(
                f"{self.who} leads to {maker!r}, which has neither makeService() nor updateApplication()",
                hint=_ASK,
            )

    @property
    def who(self) -> str:
        """How errors call it."""
        return f"the plug-in {self.name!r} of {self.distribution}"

    @property
    def options(self) -> Any:  # noqa: ANN401 (a class of options)
        """The class of its options.

        Raises:
            ApplicationLoadError: Its code cannot be loaded.
        """
        kind = self._has("options", "Options")
        if not callable(kind):
            raise ConfigurationError(f"{self.who} has no class of options", hint=_ASK)
        return kind

    def read(self, arguments: Sequence[str]) -> Any:  # noqa: ANN401 (an instance of its options)
        """Return the options that a command line gives.

        Raises:
            UsageError: A word is not what the plug-in takes.
            HelpRequestedError: Help is asked for.
            ApplicationLoadError: Its code raised an error.
        """
        try:
            return read_options(self.options, arguments, f"svcctl run {self.name}")
        except SvcctlError:
            raise
        except Exception as error:  # noqa: BLE001 (its code can raise anything)
            raise raised(self.who, error) from None

    def make(self, options: Any) -> Any:  # noqa: ANN401 (its options, and a service: services need no common class)
        """Return the service that options ask for.

        Raises:
            ApplicationLoadError: Its code raised an error, or returned no service.
            SvcctlError: The plug-in itself has something to say.
        """
        if self._has("makeService") is None:
            application = Application(self.name)
            self.add_to(application, options)
            root: Any = MultiService()
            for child in tuple(application.getComponent(IService)):
                child.disownServiceParent()
                child.setServiceParent(root)
            return root
        made = self._call("makeService", options)
        if not hasattr(made, "startService") or isinstance(made, type):
            kind = "a class" if isinstance(made, type) else f"an object of type {type(made).__qualname__}"
            what = "nothing" if made is None else kind
            raise ApplicationLoadError(
                f"{self.who} returned {what} where a service was expected",
                hint=f"let makeService() return it, or {_ASK}",
            )
        return made

    def whole(self, options: Any) -> Application | None:  # noqa: ANN401 (its options)
        """Return the application of a plug-in that makes all of it by itself; ``None`` for one that makes services.

        Raises:
            ApplicationLoadError: Its code raised an error, or returned no service.
        """
        if self._has("makeApplication") is None:
            return None
        application: Application | None = self._call("makeApplication", self.make(options), options)
        return application

    def add_to(self, application: Application, options: Any) -> None:  # noqa: ANN401 (its options)
        """Add what options ask for to an application.

        Raises:
            ApplicationLoadError: Its code raised an error, or there is no service.
            SvcctlError: The plug-in itself has something to say.
        """
        if self._has("makeService") is not None:
            self.make(options).setServiceParent(application)
            return
        root = application.getComponent(IService)
        before = len(root)
        self._call("updateApplication", application, options)
        if len(root) == before:
            raise ApplicationLoadError(
                f"{self.who} added no service to the application",
                hint=f"use setServiceParent(app), or {_ASK}",
            )

    def needs(self, options: Any) -> Mapping[str, Any]:  # noqa: ANN401 (its options)
        """Return what its application needs beyond its listeners.

        Raises:
            ApplicationLoadError: Its code raised an error.
        """
        found = self._has("needs")
        if found is None or isinstance(found, Mapping):
            return found or {}
        needed: Mapping[str, Any] = self._call("needs", options)
        return needed

    def _has(self, *names: str) -> Any:  # noqa: ANN401 (whatever has one of the names)
        for name in names:
            try:
                return getattr(self.maker, name)
            except AttributeError:
                continue
            except Exception as error:  # noqa: BLE001 (the import of its module can raise anything)
                raise raised(self.who, error) from None
        return None

    def _call(self, name: str, *arguments: Any) -> Any:  # noqa: ANN401 (whatever it takes and returns)
        function = self._has(name)
        if function is None:
            raise ConfigurationError(
                f"{self.who} has neither makeService() nor updateApplication()", hint=_ASK
            )
        try:
            return function(*arguments)
        except (SvcctlError, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 (its code can raise anything)
            raise raised(self.who, error) from None


def _description(maker: Any) -> str:  # noqa: ANN401 (makers need no common class)
    """Return what a maker says of itself: its description, or the first line of its docstring."""
    text = getattr(maker, "description", None) or (inspect.getdoc(maker) or "").partition("\n")[0]
    return " ".join(str(text).split())
