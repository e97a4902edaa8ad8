"""What the arguments of services have to be, whichever service takes them."""

from __future__ import annotations

import math
from typing import Any

from svcctl.errors import UsageError


def check_interval(seconds: object, what: str = "interval") -> None:
    """Refuse what is no interval.

    Args:
        seconds: What was given.
        what: What it was given as, for the message.

    Raises:
        UsageError: It is no number of seconds from 0 up.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise UsageError(f"{seconds!r} is no {what}", hint="give a number of seconds from 0 up")


def check_callable(function: object) -> None:
    """Refuse what cannot be called.

    Raises:
        UsageError: It is no function nor anything like it.
    """
    if not callable(function):
        raise UsageError(f"{function!r} cannot be called", hint="give a function")


class Seconds:
    """An attribute of a service that takes numbers of seconds from 0 up, and refuses others where they are set.

    Args:
        default: What it is until it is set.

    Raises:
        UsageError: At an assignment of anything else.

    Example:
        >>> class Patient:
        ...     patience = Seconds(5)
        >>> Patient.patience, Patient().patience
        (5, 5)
    """

    def __init__(self, default: float) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> float:  # noqa: ANN401 (services of any class)
        if instance is None:
            return self.default
        seconds: float = instance.__dict__.get(self.name, self.default)
        return seconds

    def __set__(self, instance: Any, seconds: float) -> None:  # noqa: ANN401 (services of any class)
        check_interval(seconds, self.name)
        instance.__dict__[self.name] = seconds
