"""What a call is answered with when it cannot be done."""

from __future__ import annotations

from typing import Any

from svcctl.application.live.services import text_of
from svcctl.application.tree.acting import NoSuchServiceError, RefusedError
from svcctl.errors import DependencyError, LifecycleError, describe_cause

OURS = "io.svcctl.Control"
VARLINK = "org.varlink.service"


class CallError(Exception):
    """An error of an interface.

    Args:
        name: Its name, with the interface's.
        parameters: What it carries.
    """

    def __init__(self, name: str, **parameters: Any) -> None:  # noqa: ANN401 (whatever JSON can hold)
        super().__init__(name)
        self.name = name
        self.parameters = parameters


def invalid(parameter: str) -> CallError:
    """Return the error for a parameter that is missing, unknown, or has a wrong value."""
    return CallError(f"{VARLINK}.InvalidParameter", parameter=parameter)


def error_for(error: Exception, path: str) -> CallError:
    """Return the error for what went wrong with a service.

    Args:
        error: What was raised.
        path: The service that it was asked for; errors that name another one keep that.
    """
    if isinstance(error, CallError):
        return error
    hint = getattr(error, "hint", "")
    if isinstance(error, NoSuchServiceError):
        return CallError(f"{OURS}.NotFound", path=error.path, nearest=list(error.nearest))
    if isinstance(error, RefusedError | DependencyError):
        services = list(getattr(error, "services", ()))
        reason = text_of(error)
        return CallError(f"{OURS}.Refused", path=path, reason=reason, services=services, hint=hint)
    if isinstance(error, LifecycleError):
        return CallError(f"{OURS}.NotRunning", path=path, reason=text_of(error), hint=hint)
    where = getattr(error, "path", path)
    reason = "; ".join(text_of(describe_cause(each)) for each in _each(error))
    return CallError(f"{OURS}.Failed", path=where, reason=reason)


def _each(error: Exception) -> list[Exception]:
    if not isinstance(error, ExceptionGroup):
        return [error]
    return [single for inner in error.exceptions for single in _each(inner)]
