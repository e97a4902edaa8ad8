"""Closing a port by where it is, for those who have nothing else of it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from svcctl.application.interfaces import IServiceCollection
from svcctl.errors import ServiceNotFoundError

if TYPE_CHECKING:
    from svcctl.application.service import Application


def close(application: Application, kind: type, **where: object) -> Awaitable[None]:
    """Take a server out of an application; of several at one place the one that was added last.

    Args:
        application: It is right below its root.
        kind: The server's class.
        where: Fields of its endpoint.

    Returns:
        What :meth:`MultiService.removeService` returns.

    Raises:
        ServiceNotFoundError: There is none.
    """
    root: Any = IServiceCollection(application)  # type: ignore[misc,call-arg]  # the interface adapts
    there: list[Any] = [each for each in root if isinstance(each, kind) and _is_at(each, where)]
    if there:
        closing: Awaitable[None] = there[-1].disownServiceParent()
        return closing
    place = ", ".join(f"{name} {value!r}" for name, value in where.items() if value != "")
    raise ServiceNotFoundError(f"{application.name} has no {kind.__name__} with {place}")


def _is_at(service: Any, where: dict[str, object]) -> bool:  # noqa: ANN401 (servers need no common class)
    return all(getattr(service.endpoint, name, None) == value for name, value in where.items())
