"""What is to be called around the start and the stop of the application, in three phases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from svcctl.application.arguments import check_callable
from svcctl.application.tree.record import is_awaitable
from svcctl.errors import UsageError

PHASES = ("before", "during", "after")
EVENTS = ("startup", "shutdown")

#: A function, its arguments, and its arguments by keyword.
Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Trigger(NamedTuple):
    """One function to be called.

    Attributes:
        phase: ``before``, ``during`` or ``after``.
        event: ``startup`` or ``shutdown``.
        lasting: It was added before there was a tree, so it holds for each run of the tree.
        call: The function and its arguments.
    """

    phase: str
    event: str
    lasting: bool
    call: Call


class Triggers:
    """The functions to be called, in the order in which they were added."""

    def __init__(self) -> None:
        self._waiting: list[Trigger] = []

    def add(self, phase: str, event: str, call: Call, *, lasting: bool) -> Trigger:
        """Add a function; return what :meth:`remove` takes.

        Raises:
            UsageError: There is no such phase or event, or it is no function.
        """
        for what, given, known in (("phase", phase, PHASES), ("event", event, EVENTS)):
            if given not in known:
                raise UsageError(f"{given!r} is no {what} of the reactor", hint=f"it has {', '.join(known)}")
        check_callable(call[0])
        trigger = Trigger(phase, event, lasting, call)
        self._waiting.append(trigger)
        return trigger

    def remove(self, trigger: Trigger) -> None:
        """Remove a function.

        Raises:
            UsageError: It is not there: it was removed before, or its time is over.
        """
        for position, each in enumerate(self._waiting):
            if each is trigger:
                del self._waiting[position]
                return
        raise UsageError(
            f"{trigger!r} is no trigger of the reactor", hint="it was removed before, or it is over"
        )

    def forget(self) -> None:
        """Keep only those that hold for each run of the tree."""
        self._waiting = [each for each in self._waiting if each.lasting]

    async def fire(self, phase: str, event: str) -> None:
        """Call the functions of one phase and wait for all that can be awaited.

        Raises:
            Exception: What a function raised, if it was one; all others have been called.
            ExceptionGroup: What several raised.
        """
        errors: list[Exception] = []
        waited: list[asyncio.Future[Any]] = []
        for trigger in [each for each in self._waiting if (each.phase, each.event) == (phase, event)]:
            function, args, kw = trigger.call
            try:
                result = function(*args, **kw)
            except Exception as error:  # noqa: BLE001 (users' code may raise anything; all others are called, too)
                errors.append(error)
            else:
                if is_awaitable(result):
                    waited.append(asyncio.ensure_future(result))
        ended = await asyncio.gather(*waited, return_exceptions=True)
        errors += [each for each in ended if isinstance(each, Exception)]
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ExceptionGroup(f"triggers {phase} {event} failed", errors)
