"""Functions of a ``.tac`` that are hooks of the whole application. Loaded only where a file has any."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from svcctl.application.interfaces import IService

NAMES = ("check_reload", "reload", "revert_reload")


class Hook:
    """One of them, as an attribute of the root of the tree.

    Args:
        function: The function of the file.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    def __call__(self) -> Any:  # noqa: ANN401 (what hooks may return)
        """Call the function."""
        return self._function()

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Leave nothing of the file in a saved application, which is loaded without it."""
        return (type(None), ())


def adopt(application: Any, names: Mapping[str, object]) -> None:  # noqa: ANN401 (an Application; this room does not import it)
    """Make functions of a file hooks of the application's root: they come before those of all its services.

    What cannot be called without arguments has the name by chance, as ``importlib.reload`` has, and is left alone.

    Args:
        application: The application.
        names: What the file binds.
    """
    root = IService(application)  # type: ignore[misc,call-arg]  # the interface adapts
    for name in NAMES:
        function = names.get(name)
        if callable(function) and _takes_nothing(function):
            setattr(root, name, Hook(function))


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True
