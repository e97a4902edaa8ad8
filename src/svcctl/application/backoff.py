"""How long to wait before something is tried again: longer after each failure, and never all at the same moment.

Example:
    >>> policy = backoffPolicy(jitter=lambda: 0.0)
    >>> [policy(failures) for failures in (1, 2, 3, 100)]
    [1.5, 2.25, 3.375, 60.0]
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from svcctl.errors import UsageError
from svcctl.value import Value

#: From here on the delay no longer grows; what remains is jitter.
_MOST_FAILURES = 100


class _Backoff(Value):
    """A policy as a value, because services that hold one have to survive pickling."""

    initial_delay: float
    max_delay: float
    factor: float
    jitter: Callable[[], float]

    def __call__(self, failures: int) -> float:
        """Return the seconds to wait after a number of failures in a row."""
        try:
            grown = self.initial_delay * self.factor ** min(_MOST_FAILURES, failures)
        except OverflowError:
            grown = math.inf
        return min(grown, self.max_delay) + self.jitter()

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the default jitter out: with its state, all who load the policy would draw the same numbers."""
        numbers = (self.initial_delay, self.max_delay, self.factor)
        return backoffPolicy, numbers if self.jitter is random.random else (*numbers, self.jitter)


def backoffPolicy(
    initialDelay: float = 1.0,
    maxDelay: float = 60.0,
    factor: float = 1.5,
    jitter: Callable[[], float] = random.random,
) -> Callable[[int], float]:
    """Return a policy: a function from the number of failures in a row, from 1 on, to the seconds to wait.

    The delay is ``min(initialDelay * factor ** failures, maxDelay) + jitter()``; the jitter comes on top of the
    maximum, too. The growth ends at 100 failures.

    Args:
        initialDelay: Seconds, from 0 up.
        maxDelay: Seconds, from 0 up.
        factor: By how much the delay grows with each failure, from 1 up.
        jitter: Returns the seconds to add, drawn anew each time; by default between 0 and 1.

    Raises:
        UsageError: A number is out of its range, or ``jitter`` cannot be called.
    """
    for name, value, least in (
        ("initialDelay", initialDelay, 0),
        ("maxDelay", maxDelay, 0),
        ("factor", factor, 1),
    ):
        _check(name, value, least)
    if not callable(jitter):
        raise UsageError(
            f"jitter is {jitter!r}, which cannot be called", hint="give a function, such as random"
        )
    return _Backoff(initialDelay, maxDelay, factor, jitter)


def _check(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
        raise UsageError(f"{name} is {value!r}", hint=f"give a finite number from {least} up")
