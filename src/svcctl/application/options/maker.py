"""What a plug-in is, seen from its author: a maker of services."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class IServiceMaker(Protocol):
    """What an entry point of the group ``svcctl.plugins`` leads to.

    Attributes:
        tapname: Its name; what counts is the name of the entry point.
        description: One line for people.
        options: A class of options: a subclass of :class:`svcctl.application.usage.Options`, or a dataclass.
    """

    tapname: str
    description: str
    options: Any

    def makeService(self, options: Any) -> Any:  # noqa: ANN401 (an instance of the options; services need no common class)
        """Return the service that the options ask for."""


class ServiceMaker:
    """A maker whose code is in a module, which is imported only when it is needed.

    Args:
        name: Words for people.
        module: Dotted name of the module; it has ``Options`` and ``makeService(options)``, or the older
            ``updateApplication(app, config)``.
        description: One line for people.
        tapname: What it is called on command lines.

    Example:
        >>> maker = ServiceMaker("Echo server", "svcctl.plugins.echo", "Returns what it gets.", "echo")
        >>> maker.options().port
        'tcp:8007'
    """

    def __init__(self, name: str, module: str, description: str, tapname: str) -> None:
        self.name = name
        self.module = module
        self.description = description
        self.tapname = tapname

    @property
    def options(self) -> Any:  # noqa: ANN401 (a class of options)
        """The module's ``Options``."""
        return self._of_module("Options")

    @property
    def makeService(self) -> Any:  # noqa: ANN401 (a function of the module)
        """The module's function."""
        return self._of_module("makeService")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (what the module has)
        """Return whatever else the module has."""
        if name.startswith("__") or "module" not in vars(self):
            raise AttributeError(name)
        return self._of_module("Options" if name == "options" else name)

    def _of_module(self, name: str) -> Any:  # noqa: ANN401 (what the module has)
        return getattr(importlib.import_module(self.module), name)
